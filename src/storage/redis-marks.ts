/** Invalidations kept in Redis, and told to other processes as they happen. */
import type { Clock } from '../contracts/clock.js'
import type { Mark, MarkStore } from '../contracts/coordination.js'
import { CLOCK_SKEW_MS, isAhead } from '../util/clock-skew.js'
import { newId } from '../util/id.js'
import type { RedisCommands } from './redis-commands.js'
import { isOutOfMemory, type RedisConnection } from './redis-connection.js'

/** No entry may live longer in Redis: a mark that is forgotten must not have entries left. */
export const LONGEST_LIFE_MS = 31 * 24 * 3_600_000
const MOST_MARKS = 100_000
/** Marks that wait for Redis to return. */
const MOST_WAITING = 10_000
/** Marks in one command and in one message. */
const AT_ONCE = 500

/**
 * Later marks replace earlier ones. When there are too many, the oldest tenth gives way to one mark
 * for everything, of the age of the youngest among them; that age is returned. Those of single keys are
 * just forgotten: what they concern was deleted or written over as well. GT: Redis 6.2.
 */
const PUT = `
for i = 4, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'GT', ARGV[i], ARGV[i + 1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local most = tonumber(ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - most
if over <= 0 then return '' end
local last = over + math.floor(most / 10)
local at = ''
local oldest = redis.call('ZRANGE', KEYS[1], 0, last, 'WITHSCORES')
for i = 1, #oldest, 2 do
  if string.sub(oldest[i], 1, 2) ~= 'k:' then at = oldest[i + 1] end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, last)
if at ~= '' then redis.call('ZADD', KEYS[1], 'GT', at, '*') end
return at`

/**
 * Gives marks of a clock that was far ahead the present time: ahead of this process's clock as well as of
 * that of Redis, so that one that is behind lowers nothing. Some at a time.
 */
const LOWER = `
local time = redis.call('TIME')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1]))
local ahead = redis.call('ZRANGEBYSCORE', KEYS[1], now + ARGV[2], '+inf', 'LIMIT', 0, 1000)
for _, label in ipairs(ahead) do redis.call('ZADD', KEYS[1], now, label) end`

type Listener = (marks: readonly Mark[]) => void

export interface RedisMarksOptions {
  readonly connection: RedisConnection
  /** Before all names. */
  readonly prefix: string
  readonly clock: Clock
  /** Told of all marks, as a subscriber is, and before the subscribers. */
  readonly onMarks: Listener
  /** @default 100_000 */
  readonly mostMarks?: number | undefined
}

export class RedisMarks implements MarkStore {
  readonly #connection: RedisConnection
  readonly #key: string
  readonly #channel: string
  readonly #clock: Clock
  readonly #mostMarks: number
  readonly #source = newId('src')
  readonly #listeners = new Set<Listener>()
  /** Not in Redis yet. */
  #waiting = new Map<string, number>()
  #sending: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(options: RedisMarksOptions) {
    const { connection, prefix, clock, onMarks, mostMarks = MOST_MARKS } = options
    this.#connection = connection
    this.#key = `${prefix}:marks`
    this.#channel = `${prefix}:inv`
    this.#clock = clock
    this.#mostMarks = mostMarks
    this.#listeners.add(onMarks)
    connection.listen(this.#channel, (message) => {
      this.#receive(message)
    })
    connection.onSync(async ({ commands }, inTime) => {
      await this.#sendWaiting(commands, inTime)
      await this.#readAll(commands, inTime)
    })
    connection.onBeat(() => {
      if (this.#waiting.size > 0) this.#sendSoon().catch(() => undefined)
    })
  }

  async put(marks: readonly Mark[]): Promise<void> {
    for (const mark of marks) this.#keep(mark.label, mark.at)
    await this.#sendSoon()
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    this.#connection.open()
    this.#connection.resync()
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves when what was put is sent, or was refused. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending.catch(() => undefined)
  }

  #keep(label: string, at: number): void {
    if (this.#waiting.size >= MOST_WAITING && !this.#waiting.has(label)) {
      const latest = Math.max(at, ...this.#waiting.values())
      this.#waiting = new Map([['*', latest]])
      return
    }
    this.#waiting.set(label, Math.max(at, this.#waiting.get(label) ?? -Infinity))
  }

  /** One batch at a time: what is put meanwhile goes with the next, a round trip later. */
  #sendSoon(): Promise<void> {
    if (this.#sending === undefined) return this.#send()
    this.#next ??= this.#sending
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#send()
      })
    return this.#next
  }

  #send(): Promise<void> {
    const sending = this.#connection
      .write(({ commands }) => this.#sendAll(commands))
      .finally(() => {
        if (this.#sending === sending) this.#sending = undefined
      })
    this.#sending = sending
    return sending
  }

  async #sendAll(commands: RedisCommands): Promise<void> {
    const batch = [...this.#waiting].map(([label, at]): Mark => ({ label, at }))
    this.#waiting = new Map()
    for (let from = 0; from < batch.length; from += AT_ONCE) {
      try {
        await this.#sendBatch(commands, batch.slice(from, from + AT_ONCE))
      } catch (error) {
        for (const { label, at } of batch.slice(from)) this.#keep(label, at)
        throw error
      }
    }
  }

  async #sendBatch(commands: RedisCommands, marks: readonly Mark[]): Promise<void> {
    const oldest = this.#clock.now() - LONGEST_LIFE_MS
    const limits = [oldest, this.#mostMarks, LONGEST_LIFE_MS].map(String)
    const pairs = marks.flatMap(({ label, at }) => [String(at), label])
    // Told in any case: Redis takes messages also when it is full.
    const [put, told] = await Promise.allSettled([
      commands.eval(PUT, { keys: [this.#key], arguments: [...limits, ...pairs] }),
      this.#tell(commands, marks),
    ])
    if (put.status === 'rejected') throw put.reason
    if (told.status === 'rejected') throw told.reason
    if (typeof put.value !== 'string' || put.value === '') return
    const everything: Mark[] = [{ label: '*', at: Number(put.value) }]
    this.#deliver(everything)
    await this.#tell(commands, everything)
  }

  #tell(commands: RedisCommands, marks: readonly Mark[]): Promise<unknown> {
    const pairs = marks.map(({ label, at }) => [label, at])
    return commands.publish(this.#channel, JSON.stringify({ source: this.#source, marks: pairs }))
  }

  async #sendWaiting(commands: RedisCommands, inTime: InTime): Promise<void> {
    if (this.#waiting.size === 0) return
    await inTime(this.#sendAll(commands)).catch((error: unknown) => {
      // Reads go on when Redis is full; the marks are tried again with each beat.
      if (!isOutOfMemory(error)) throw error
    })
  }

  /** All of them, not those since the loss: another process may have sent old ones late. */
  async #readAll(commands: RedisCommands, inTime: InTime): Promise<void> {
    const marks: Mark[] = []
    let cursor = '0'
    do {
      const page = await inTime(commands.zScan(this.#key, cursor, { COUNT: 1_000 }))
      for (const { value, score } of page.members) marks.push({ label: value, at: score })
      cursor = page.cursor
    } while (cursor !== '0' && marks.length < 2 * MOST_MARKS)
    if (this.#areAhead(marks)) await this.#lower(commands, inTime)
    this.#deliver(marks)
  }

  #areAhead(marks: readonly Mark[]): boolean {
    const now = this.#clock.now()
    return marks.some(({ at }) => isAhead(at, now))
  }

  /** Or each process that starts would refuse what was made until then. */
  async #lower(commands: RedisCommands, inTime: InTime): Promise<void> {
    const call = { keys: [this.#key], arguments: [this.#clock.now(), CLOCK_SKEW_MS].map(String) }
    await inTime(commands.eval(LOWER, call)).catch((error: unknown) => {
      if (!isOutOfMemory(error)) throw error
    })
  }

  #receive(message: string): void {
    const marks = parseMessage(message, this.#source)
    if (marks === undefined) return
    if (this.#areAhead(marks)) {
      this.#connection
        .write(({ commands }) => this.#lower(commands, (work) => Promise.resolve(work)))
        .catch(() => undefined)
    }
    this.#deliver(marks)
  }

  #deliver(marks: readonly Mark[]): void {
    for (const listener of this.#listeners) listener(marks)
  }
}

type InTime = <T>(work: PromiseLike<T>) => Promise<T>

/** Undefined for one's own message and for what is none. */
function parseMessage(message: string, ownSource: string): Mark[] | undefined {
  try {
    const { source, marks } = JSON.parse(message) as { source: unknown; marks: unknown }
    if (source === ownSource || !Array.isArray(marks)) return undefined
    return marks.map((pair) => {
      const [label, at] = pair as [unknown, unknown]
      if (typeof label !== 'string' || typeof at !== 'number') throw new TypeError('No mark')
      return { label, at }
    })
  } catch {
    return undefined
  }
}
