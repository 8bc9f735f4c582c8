/** The one Redis connection that features share: connects by itself, and never lets anybody wait for it. */
import type { TierState } from '../contracts/cache-tier.js'
import type { Clock, Random, Timer } from '../contracts/clock.js'
import { RaptorflowError } from '../errors.js'
import { createGuard, GuardError, type Guard } from '../util/guard.js'
import type { RedisCommands, RedisSource, RedisValues } from './redis-commands.js'
import { lossReason, RedisSession } from './redis-session.js'

export interface RedisConnectionOptions {
  readonly source: RedisSource
  readonly clock: Clock
  readonly random: Random
  /** Told of changes; `reason` is one word. Must not throw. */
  readonly onState: (state: TierState, reason: string) => void
  /** Told once when the package is not installed. */
  readonly onMissing: (error: RaptorflowError) => void
}

/** What an operation may use. */
export interface RedisAccess {
  readonly commands: RedisCommands
  readonly values: RedisValues
}

type Operation<T> = (access: RedisAccess) => Promise<T>

/**
 * Runs after each connect and before any read is answered; when it rejects, the connection is given up.
 * @param inTime rejects when its argument takes too long
 */
export type RedisSync = (
  access: RedisAccess,
  inTime: <T>(work: PromiseLike<T>) => Promise<T>,
) => Promise<void>

/** Why an operation was not tried: too many wait, or Redis has no memory left for writes. */
export class RedisRefusal extends Error {
  override readonly name = 'RedisRefusal'
}

/** Longest wait of a read and of a write. */
const READ_MS = 100
const WRITE_MS = 250
/** Operations under way; further ones are refused, since memory must stay bounded. */
const MOST_PENDING = 1_000
/** Redis refused a write for want of memory: no writes for that long. */
const FULL_MS = 30_000

const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2_000
const JITTER_MS = 100
/** A connection that lasted that long was a good one: the next attempt comes at once. */
const GOOD_MS = 5_000

const FULL = Symbol('out of memory')

export class RedisConnection {
  readonly #options: RedisConnectionOptions
  readonly #guard: Guard
  readonly #channels = new Map<string, (message: string) => void>()
  readonly #syncs: RedisSync[] = []
  readonly #beats: (() => void)[] = []
  #session: RedisSession | undefined
  #opened = false
  #closed = false
  #ready = false
  #syncing = 0
  #retries = 0
  #readyAt = 0
  #retry: Timer | undefined
  #pending = 0
  #fullUntil = -Infinity
  #reported: TierState = 'ok'
  /** True until the first attempt to connect has succeeded or failed. */
  #beginning = true
  #endFirst = (): void => undefined
  readonly #first = new Promise<void>((resolve) => {
    this.#endFirst = () => {
      this.#beginning = false
      resolve()
    }
  })

  constructor(options: RedisConnectionOptions) {
    this.#options = options
    this.#guard = createGuard({
      clock: options.clock,
      onChange: (_, reason) => {
        this.#report(reason)
      },
      probe: () => this.#access().commands.ping(),
    })
  }

  /** Reads are answered. */
  get ready(): boolean {
    return this.#ready && this.#session?.over === false && this.#guard.state === 'ok'
  }

  /** Writes are taken as well. */
  get writable(): boolean {
    return this.ready && this.#options.clock.monotonic() >= this.#fullUntil
  }

  /** Operations that Redis has not answered yet. */
  get pending(): number {
    return this.#pending
  }

  /** Begins to connect in the background. */
  open(): void {
    if (this.#opened || this.#closed) return
    this.#opened = true
    void this.#connect()
  }

  /** Rejects within 100 ms; at once when Redis is away or ill. */
  read<T>(operation: Operation<T>): Promise<T> {
    return this.#run(READ_MS, operation)
  }

  /**
   * Rejects within 250 ms; at once when Redis is away, ill, or has no memory left. Only the first
   * attempt to connect is waited for: what a program that has just begun writes is not lost.
   */
  async write<T>(operation: Operation<T>): Promise<T> {
    this.open()
    if (this.#beginning) await this.#begun()
    if (this.#options.clock.monotonic() < this.#fullUntil) throw new RedisRefusal('Redis is full')
    // No failure for the guard: reads go on.
    const result = await this.#run(WRITE_MS, (access) =>
      operation(access).catch((error: unknown) => {
        if (isOutOfMemory(error)) return FULL
        throw error
      }),
    )
    if (result !== FULL) return result as T
    this.#fullUntil = this.#options.clock.monotonic() + FULL_MS
    throw new RedisRefusal('Redis is full')
  }

  /** To be called before `open`. */
  listen(channel: string, listener: (message: string) => void): void {
    this.#channels.set(channel, listener)
  }

  /** To be called before `open`. */
  onSync(sync: RedisSync): void {
    this.#syncs.push(sync)
  }

  /** Calls about once a second while connected. */
  onBeat(listener: () => void): void {
    this.#beats.push(listener)
  }

  /** Runs the syncs again before any further read is answered. */
  resync(): void {
    const session = this.#session
    if (session === undefined || !session.started || this.#closed) return
    void this.#synchronise(session).catch((error: unknown) => {
      this.#lost(session, lossReason(error))
    })
  }

  /** Cuts the connection at once; nothing waits for Redis. */
  close(): void {
    this.#closed = true
    this.#ready = false
    this.#endFirst()
    this.#retry?.cancel()
    this.#guard.close()
    this.#session?.end()
  }

  async #begun(): Promise<void> {
    if (this.#pending >= MOST_PENDING) throw new RedisRefusal('Too many operations wait for Redis')
    await this.#count(this.#first)
  }

  #run<T>(ms: number, operation: Operation<T>): Promise<T> {
    this.open()
    const session = this.#session
    if (!this.#ready || session === undefined || session.over) {
      return Promise.reject(new GuardError('down'))
    }
    if (this.#pending >= MOST_PENDING) {
      return Promise.reject(new RedisRefusal('Too many operations wait for Redis'))
    }
    return this.#guard.run(ms, () => this.#count(operation(session)))
  }

  #count<T>(work: Promise<T>): Promise<T> {
    this.#pending += 1
    const done = (): void => {
      this.#pending -= 1
    }
    work.then(done, done)
    return work
  }

  #access(): RedisAccess {
    if (this.#session === undefined) throw new GuardError('down')
    return this.#session
  }

  async #connect(): Promise<void> {
    const { source, clock } = this.#options
    const session: RedisSession = new RedisSession({
      source,
      clock,
      channels: this.#channels,
      onLost: (reason) => {
        this.#lost(session, reason)
      },
      onBeat: () => {
        for (const beat of this.#beats) beat()
      },
    })
    this.#session = session
    try {
      await session.start()
      await this.#synchronise(session)
    } catch (error) {
      if (RaptorflowError.isInstance(error)) this.#giveUp(error)
      else this.#lost(session, lossReason(error))
    }
  }

  async #synchronise(session: RedisSession): Promise<void> {
    const turn = ++this.#syncing
    this.#ready = false
    for (const sync of this.#syncs) await sync(session, (work) => session.inTime(work))
    if (turn !== this.#syncing || this.#closed) return
    if (session.over) throw new Error('Lost while connecting')
    this.#ready = true
    this.#readyAt = this.#options.clock.monotonic()
    this.#endFirst()
    this.#guard.retry()
    this.#report('recovered')
  }

  #lost(session: RedisSession, reason: string): void {
    session.end()
    this.#endFirst()
    if (this.#session !== session || this.#closed) return
    this.#session = undefined
    const { clock, random } = this.#options
    if (this.#ready && clock.monotonic() - this.#readyAt > GOOD_MS) this.#retries = 0
    this.#ready = false
    this.#syncing += 1
    this.#report(reason)
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#retries, LAST_RETRY_MS)
    this.#retries += 1
    this.#retry = clock.schedule(wait + random() * JITTER_MS, () => {
      void this.#connect()
    })
  }

  /** The package will not appear while the process runs. */
  #giveUp(error: RaptorflowError): void {
    this.close()
    this.#reported = 'off'
    this.#options.onState('off', 'package_missing')
    this.#options.onMissing(error)
  }

  #report(reason: string): void {
    const state = this.#ready ? this.#guard.state : 'down'
    if (state === this.#reported || this.#closed) return
    this.#reported = state
    this.#options.onState(state, reason)
  }
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('OOM ')
}
