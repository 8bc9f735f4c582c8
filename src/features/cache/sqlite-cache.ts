/** The SQLite tier put together: reads at once, writes behind. */
import type {
  CacheEntry,
  CacheTier,
  KeyedEntry,
  MaybePromise,
  TierContext,
  TierStats,
} from '../../contracts/cache-tier.js'
import type { SqliteDriver } from '../../storage/sqlite-driver.js'
import type { EntryCodec } from './entry-codec.js'
import { sqliteError, SqliteMarks } from './sqlite-marks.js'
import { SqliteSession } from './sqlite-session.js'
import type { Bounds } from './sqlite-table.js'
import { SqliteWriter } from './sqlite-writer.js'

export interface SqliteCacheOptions {
  readonly path: string
  readonly bounds: Bounds
  readonly maxAgeMs: number
  readonly codec: EntryCodec
  readonly loadDriver: () => Promise<SqliteDriver>
}

/** An entry in use moves away from eviction at most that often. */
const TOUCH_MS = 60_000
/** Entries read at once by `recent` and `inScope`: about 5 ms. */
const PAGE = 100

export class SqliteCache implements CacheTier {
  readonly level = 'l3'
  readonly guarded = true
  readonly marks: SqliteMarks
  readonly #options: SqliteCacheOptions
  readonly #session: SqliteSession
  readonly #writer: SqliteWriter

  constructor(options: SqliteCacheOptions) {
    const { path, bounds, codec, loadDriver } = options
    this.#options = options
    this.#session = new SqliteSession(path, loadDriver)
    this.marks = new SqliteMarks(this.#session)
    this.#session.onOpen = () => {
      this.marks.opened()
    }
    this.#writer = new SqliteWriter({
      session: this.#session,
      codec,
      bounds,
      keptUntil: (entry) => this.#keptUntil(entry),
    })
  }

  open(context: TierContext): void {
    this.#session.context = context
    void this.#session.ready()
  }

  get(key: string): MaybePromise<CacheEntry | undefined> {
    const opening = this.#session.ready()
    return opening === undefined ? this.#use(key) : opening.then(() => this.#use(key))
  }

  set(key: string, entry: CacheEntry): void {
    void this.#session.ready()
    if (this.#isKept(entry)) this.#writer.put(key, entry)
    else this.#writer.remove([key])
  }

  delete(keys: readonly string[]): void {
    void this.#session.ready()
    this.#writer.remove(keys)
  }

  async clear(): Promise<void> {
    await this.#session.ready()
    // At once: what is set while others wait for this belongs to the time after it.
    this.#writer.clear()
    const trouble = this.#session.write(({ entries }) => {
      entries.clear()
    }, true)
    if (trouble !== undefined) throw sqliteError('The cache could not be cleared', trouble)
  }

  stats(): TierStats {
    const { bounds, path } = this.#options
    const totals = this.#session.read(({ entries }) => entries.totals())
    return {
      enabled: this.#session.enabled,
      entries: totals?.entries ?? 0,
      bytes: totals?.bytes ?? 0,
      max_entries: bounds.maxEntries,
      max_bytes: bounds.maxBytes,
      compression: true,
      storage_path: path,
    }
  }

  async recent(limit: number): Promise<readonly KeyedEntry[]> {
    await this.#session.ready()
    const queued = this.#queued(() => true).reverse()
    const keys = this.#session.read(({ entries }) => entries.recent(limit))
    return this.#collect(queued, limit, keys ?? [])
  }

  async inScope(scope: string, since: number, limit: number): Promise<readonly KeyedEntry[]> {
    await this.#session.ready()
    const queued = this.#queued(
      ({ semantic, created_at }) => semantic?.scope === scope && created_at > since,
    )
    queued.sort((one, other) => other.entry.created_at - one.entry.created_at)
    const keys = this.#session.read(({ entries }) => entries.inScope(scope, since, limit))
    if (keys !== undefined && !this.marks.blocked) return this.#collect(queued, limit, keys)
    // Who asks has to know that there may be more; of a file that never comes back, there is not.
    if (this.#session.gone) return []
    throw sqliteError('Not every entry could be read', this.#session.trouble ?? 'failed')
  }

  async flush(): Promise<void> {
    const trouble = await this.#writer.flush()
    if (trouble !== undefined) throw sqliteError('Not everything could be written', trouble)
  }

  async close(): Promise<void> {
    try {
      await this.#writer.flush()
    } finally {
      this.#writer.stop()
      this.marks.stop()
      this.#session.close()
    }
  }

  #use(key: string): CacheEntry | undefined {
    return this.#get(key, (id, usedAt) => {
      const now = this.#session.context.clock.now()
      if (now - usedAt > TOUCH_MS) this.#writer.touch(id, now)
    })
  }

  #get(key: string, found?: (id: number, usedAt: number) => void): CacheEntry | undefined {
    if (this.marks.blocked || this.#writer.queue.overrun) return undefined
    const queued = this.#writer.queue.get(key)
    if (queued === null) return undefined
    if (queued !== undefined) return this.#isKept(queued) ? queued : undefined
    const row = this.#session.read(({ entries }) => entries.get(key))
    if (row === undefined) return undefined
    const entry = this.#options.codec.decode(key, row.value)
    if (entry === undefined) {
      this.#writer.remove([key])
      return undefined
    }
    if (!this.#isKept(entry)) return undefined
    found?.(row.id, row.usedAt)
    return entry
  }

  /** What is queued, then what is in the file, some at a time so that others get their turn. */
  async #collect(
    queued: readonly KeyedEntry[],
    limit: number,
    keys: readonly string[],
  ): Promise<readonly KeyedEntry[]> {
    const found = queued.slice(0, limit)
    const known = new Set(found.map(({ key }) => key))
    for (const [index, key] of keys.entries()) {
      if (found.length >= limit) break
      const entry = known.has(key) ? undefined : this.#get(key)
      if (entry !== undefined) found.push({ key, entry })
      if (index % PAGE === PAGE - 1) await new Promise((next) => setImmediate(next))
    }
    return found
  }

  #queued(wanted: (entry: CacheEntry) => boolean): KeyedEntry[] {
    if (this.marks.blocked) return []
    return this.#writer.queue
      .entries()
      .filter(([, entry]) => this.#isKept(entry) && wanted(entry))
      .map(([key, entry]) => ({ key, entry }))
  }

  #keptUntil(entry: CacheEntry): number {
    return Math.min(entry.stale_until, entry.created_at + this.#options.maxAgeMs)
  }

  #isKept(entry: CacheEntry): boolean {
    return this.#session.context.clock.now() < this.#keptUntil(entry)
  }
}
