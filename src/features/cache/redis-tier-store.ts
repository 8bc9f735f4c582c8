/** Entries in Redis: values that die by their time to live, and an index of them. */
import type {
  CacheEntry,
  CacheTier,
  KeyedEntry,
  TierContext,
  TierStats,
} from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import type { LeaseStore, Mark } from '../../contracts/coordination.js'
import { RedisRefusal, type RedisAccess } from '../../storage/redis-connection.js'
import type { RedisConnection } from '../../storage/redis-connection.js'
import { redisLeases } from '../../storage/redis-leases.js'
import { LONGEST_LIFE_MS, RedisMarks } from '../../storage/redis-marks.js'
import { markTime, SET_BACK_MS } from '../../util/clock-skew.js'
import { withDeadline } from '../../util/deadline.js'
import type { EntryCodec } from './entry-codec.js'
import { redisTierIndex, type EntryCount, type RedisTierIndex } from './redis-tier-index.js'

export interface RedisTierParts {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly namespace: string
  readonly codec: EntryCodec
  readonly onOpen: (context: TierContext) => void
}

/** Bytes of entries that wait to be written. */
const MOST_WAITING_BYTES = 64 * 2 ** 20
/** Values fetched with one MGET: a few milliseconds to decode. */
const FETCHED_AT_ONCE = 100
const DELETED_AT_ONCE = 500
const COUNT_EVERY_MS = 1_000
/** A namespace nobody asks about still has to forget what expired. */
const PRUNE_EVERY_MS = 60_000
/** A thousand that expired are forgotten with each: more than a process can add in a minute. */
const COUNTS_AT_ONCE = 100
const CLOSE_MS = 300

const NOTHING: EntryCount = { entries: 0, bytes: 0, more: false }

export class RedisTier implements CacheTier {
  readonly level = 'l2'
  readonly guarded = true
  readonly marks: RedisMarks
  readonly leases: LeaseStore
  readonly #parts: RedisTierParts
  readonly #index: RedisTierIndex
  /** Nothing created up to then is served. */
  #clearedAt = -Infinity
  #count = NOTHING
  #countedAt = -Infinity
  #counting: Promise<void> | undefined
  #waitingBytes = 0
  readonly #writes = new Set<Promise<unknown>>()

  constructor(parts: RedisTierParts) {
    const { connection, clock, namespace } = parts
    this.#parts = parts
    // In a cluster, what a script uses together lies in the slot of the braces.
    const prefix = `{${namespace}}`
    this.#index = redisTierIndex(prefix, namespace)
    this.marks = new RedisMarks({
      connection,
      prefix,
      clock,
      onMarks: (marks) => {
        for (const mark of marks) this.#heed(mark)
      },
    })
    this.leases = redisLeases({ connection, prefix })
  }

  open(context: TierContext): void {
    this.#parts.onOpen(context)
    this.#parts.connection.open()
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const name = this.#index.valueKey(key)
    try {
      const bytes = await this.#parts.connection.read(({ values }) => values.get(name))
      return bytes === undefined ? undefined : this.#accept(key, bytes)
    } catch (error) {
      if (!isWrongType(error)) throw error
      this.#drop([key])
      return undefined
    }
  }

  async set(key: string, entry: CacheEntry): Promise<void> {
    const { clock, codec } = this.#parts
    const life = Math.min(entry.stale_until - clock.now(), LONGEST_LIFE_MS)
    if (life <= 0) return this.delete([key])
    if (this.#isCleared(entry)) return
    if (this.#waitingBytes > MOST_WAITING_BYTES) throw new RedisRefusal('Too many bytes wait')
    const bytes = codec.encode(key, entry)
    this.#waitingBytes += bytes.length
    try {
      await this.#write(({ commands, values }) => [
        values.set(this.#index.valueKey(key), bytes, Math.ceil(life)),
        ...this.#index.add(commands, key, entry, life),
      ])
    } finally {
      this.#waitingBytes -= bytes.length
    }
    if (clock.monotonic() - this.#countedAt > PRUNE_EVERY_MS) this.#recount()
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
      const some = keys.slice(from, from + DELETED_AT_ONCE)
      await this.#write(({ commands }) => this.#index.remove(commands, some))
    }
  }

  /** One mark, however many entries there are. Kept, and made later, when Redis is away. */
  async clear(): Promise<void> {
    const at = this.#parts.clock.now()
    const mark = { label: 'l2', at }
    this.#heed(mark)
    await this.marks.put([mark])
    await this.#write(({ commands }) => this.#index.drop(commands))
    this.#count = NOTHING
    // What is created in the same millisecond would count as older than the mark.
    for (let turn = 0; turn < 1_000 && this.#parts.clock.now() <= at; turn++) await nextTurn()
  }

  stats(): TierStats {
    if (this.#parts.clock.monotonic() - this.#countedAt > COUNT_EVERY_MS) this.#recount()
    return {
      enabled: true,
      entries: this.#count.entries,
      bytes: this.#count.bytes,
      // Redis' own `maxmemory` is the bound.
      max_entries: Number.MAX_SAFE_INTEGER,
      max_bytes: Number.MAX_SAFE_INTEGER,
      compression: true,
    }
  }

  async recent(limit: number): Promise<readonly KeyedEntry[]> {
    const { connection } = this.#parts
    const keys = await connection.read(({ commands }) => this.#index.newest(commands, limit))
    return this.#fetch(keys, undefined)
  }

  async inScope(scope: string, since: number, limit: number): Promise<readonly KeyedEntry[]> {
    const keys = await this.#parts.connection.read(({ commands }) =>
      this.#index.inScope(commands, scope, since, limit),
    )
    const found = await this.#fetch(keys, scope)
    return found.filter(({ entry }) => entry.semantic?.scope === scope)
  }

  async flush(): Promise<void> {
    while (this.#writes.size > 0) await Promise.allSettled(this.#writes)
    await this.marks.flush()
    await this.#counting
    this.#recount()
    await this.#counting
  }

  /** Waits for the writes under way, and not for a Redis that hangs. */
  async close(): Promise<void> {
    const writes = [...this.#writes, this.marks.flush()]
    await withDeadline(this.#parts.clock, CLOSE_MS, Promise.allSettled(writes))
    this.#parts.connection.close()
  }

  #heed({ label, at }: Mark): void {
    if (label !== 'l2' && label !== '*') return
    this.#clearedAt = Math.max(this.#clearedAt, markTime(at, this.#parts.clock.now()))
  }

  #isCleared({ created_at }: CacheEntry): boolean {
    const now = this.#parts.clock.now()
    // The clock was set back: what is made now is after it all the same.
    if (this.#clearedAt > now + SET_BACK_MS) this.#clearedAt = markTime(this.#clearedAt, now)
    return created_at <= this.#clearedAt
  }

  #accept(key: string, bytes: unknown): CacheEntry | undefined {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('Redis gave back something else')
    const entry = this.#parts.codec.decode(key, bytes)
    if (entry === undefined) {
      this.#drop([key])
      return undefined
    }
    if (this.#isCleared(entry)) return undefined
    return this.#parts.clock.now() < entry.stale_until ? entry : undefined
  }

  async #fetch(keys: readonly string[], scope: string | undefined): Promise<KeyedEntry[]> {
    const { connection } = this.#parts
    const found: KeyedEntry[] = []
    const gone: string[] = []
    for (let from = 0; from < keys.length; from += FETCHED_AT_ONCE) {
      const some = keys.slice(from, from + FETCHED_AT_ONCE)
      const names = some.map((key) => this.#index.valueKey(key))
      const values = await connection.read((access) => access.values.getMany(names))
      some.forEach((key, index) => {
        const bytes = values[index]
        const entry = bytes === undefined ? undefined : this.#accept(key, bytes)
        if (entry === undefined) gone.push(key)
        else found.push({ key, entry })
      })
    }
    if (gone.length > 0) {
      this.#write(({ commands }) => this.#index.forget(commands, scope, gone)).catch(ignore)
    }
    return found
  }

  /** In the background. */
  #drop(keys: readonly string[]): void {
    this.delete(keys).catch(ignore)
  }

  /** All of it goes out in one packet. */
  async #write(commands: (access: RedisAccess) => readonly Promise<unknown>[]): Promise<void> {
    const writing = this.#parts.connection.write((access) => Promise.all(commands(access)))
    this.#writes.add(writing)
    const done = (): void => void this.#writes.delete(writing)
    writing.then(done, done)
    await writing
  }

  /** In the background, and not again before it has ended. */
  #recount(): void {
    if (this.#counting !== undefined) return
    const { connection, clock } = this.#parts
    this.#countedAt = clock.monotonic()
    const count = (): Promise<EntryCount> =>
      connection.read(({ commands }) => this.#index.count(commands, clock.now()))
    const countAll = async (): Promise<void> => {
      for (let turn = 0; turn < COUNTS_AT_ONCE; turn += 1) {
        const found = await count()
        this.#count = found
        if (!found.more) return
      }
    }
    this.#counting = countAll()
      .catch(ignore)
      .then(() => {
        this.#counting = undefined
      })
  }
}

const ignore = (): void => undefined
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Something of another kind lies under the name: worth no more than a damaged entry. */
function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE')
}
