/** One life of the connection: a client for commands and one for messages, from connect to the first loss. */
import type { Clock, Timer } from '../contracts/clock.js'
import { TIMED_OUT, withDeadline } from '../util/deadline.js'
import type {
  RedisCommands,
  RedisHandle,
  RedisSource,
  RedisSubscriber,
  RedisValues,
} from './redis-commands.js'

/** Channel to listener. */
export type RedisChannels = ReadonlyMap<string, (message: string) => void>

export interface RedisSessionOptions {
  readonly source: RedisSource
  readonly clock: Clock
  readonly channels: RedisChannels
  /** Called at most once, after `start`, unless ended before. */
  readonly onLost: (reason: string) => void
  /** Called with every sign of life. */
  readonly onBeat: () => void
}

/** Each step of connecting. Longer than a TCP connect may take, so that a frozen Redis is noticed. */
const STEP_MS = 2_000
/** A frozen Redis is found after at most three seconds; its connections look well. */
const BEAT_MS = 1_000
const BEAT_DEADLINE_MS = 2_000
/** After a busy spell of this process, timers run before replies that have long arrived are read. */
const SECOND_LOOK_MS = 50

const ignore = (): void => undefined

/** Loses both clients when it loses one: messages missed mean that entries cannot be trusted. */
export class RedisSession {
  readonly #options: RedisSessionOptions
  #main: RedisHandle | undefined
  #subscriber: RedisSubscriber | undefined
  #commands: RedisCommands | undefined
  #values: RedisValues | undefined
  #unwatch: () => void = ignore
  #started = false
  #over = false
  #beat: Timer | undefined

  constructor(options: RedisSessionOptions) {
    this.#options = options
  }

  get over(): boolean {
    return this.#over || !(this.#main?.isReady ?? this.#main?.isOpen ?? true)
  }

  /** Connected and subscribed. */
  get started(): boolean {
    return this.#started
  }

  get commands(): RedisCommands {
    if (this.#commands === undefined) throw new Error('Not connected')
    return this.#commands
  }

  get values(): RedisValues {
    if (this.#values === undefined) throw new Error('Not connected')
    return this.#values
  }

  /** Rejects with the client's error, or after two seconds a step; call `end` then. */
  async start(): Promise<void> {
    const { source, channels } = this.#options
    const main = await source.main()
    this.#main = main
    this.#unwatch = source.watch(main, this.#lose)
    if (!main.isOpen && source.mayConnect) await this.#connect(main)
    if (!main.isOpen || main.isReady === false) throw new Error('The client is not ready')
    const subscriber = await this.inTime(source.subscriber(main))
    this.#subscriber = subscriber
    for (const event of ['error', 'end']) subscriber.on(event, this.#lose)
    await this.#connect(subscriber)
    for (const [channel, listener] of channels) {
      await this.inTime(subscriber.subscribe(channel, listener))
    }
    this.#commands = source.commands(main)
    this.#values = await source.values(main)
    await this.inTime(this.#commands.ping())
    if (this.#over) throw new Error('Lost while connecting')
    this.#started = true
    this.#scheduleBeat(main, subscriber)
  }

  /** What it comes to, or a rejection after the two seconds of a step. */
  async inTime<T>(work: PromiseLike<T>): Promise<T> {
    const result = await withDeadline(this.#options.clock, STEP_MS, work)
    if (result === TIMED_OUT) throw new Error('Redis took too long')
    return result
  }

  /** Cuts both connections at once; what waits for a reply is rejected. */
  end(): void {
    this.#over = true
    this.#beat?.cancel()
    const { source } = this.#options
    if (this.#subscriber !== undefined) destroy(this.#subscriber)
    this.#unwatch()
    if (source.owned && this.#main !== undefined) destroy(this.#main)
  }

  async #connect(handle: RedisHandle): Promise<void> {
    const connecting = handle.connect()
    connecting.then(() => {
      // node-redis cannot be told to stop between the socket's creation and its connection.
      if (this.#over && (handle !== this.#main || this.#options.source.owned)) destroy(handle)
    }, ignore)
    await this.inTime(connecting)
  }

  readonly #lose = (cause?: unknown): void => {
    this.#end(lossReason(cause))
  }

  #end(reason: string): void {
    if (this.#over || !this.#started) return
    this.end()
    this.#options.onLost(reason)
  }

  #scheduleBeat(main: RedisHandle, subscriber: RedisSubscriber): void {
    this.#beat = this.#options.clock.schedule(BEAT_MS, () => {
      void this.#ping(main, subscriber)
    })
  }

  async #ping(main: RedisHandle, subscriber: RedisSubscriber): Promise<void> {
    const { clock, onBeat } = this.#options
    try {
      const both = Promise.all([this.commands.ping(), subscriber.ping()])
      let heard: unknown = await withDeadline(clock, BEAT_DEADLINE_MS, both)
      if (heard === TIMED_OUT) heard = await withDeadline(clock, SECOND_LOOK_MS, both)
      if (heard === TIMED_OUT) {
        this.#end('timeout')
      } else if (!this.#over) {
        onBeat()
        this.#scheduleBeat(main, subscriber)
      }
    } catch (error) {
      this.#end(lossReason(error))
    }
  }
}

/** One word, without any text of the server's. */
export function lossReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  return /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/.test(message) ? 'auth' : 'connection'
}

/** Never throws; the listeners stay, since errors may still come. */
function destroy(handle: RedisHandle): void {
  try {
    Promise.resolve(handle.destroy()).catch(ignore)
  } catch {
    // It was not open.
  }
}
