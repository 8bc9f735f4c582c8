/** L3: a SQLite file, for answers that outlive the process. The entry `raptorflow/cache/sqlite`. */
import { resolve } from 'node:path'
import type {
  CacheEntry,
  CacheTier,
  KeyedEntry,
  MaybePromise,
  TierContext,
  TierStats,
} from '../../contracts/cache-tier.js'
import { loadSqliteDriver, type SqliteDriver } from '../../storage/sqlite-driver.js'
import { invalidOption } from '../../util/invalid-option.js'
import { positive, refuseUnknown, text } from '../../util/option-checks.js'
import type { EncryptionKey } from './encryption.js'
import { createEntryCodec, type EntryCodec } from './entry-codec.js'
import { sqliteError, SqliteMarks } from './sqlite-marks.js'
import { SqliteSession } from './sqlite-session.js'
import type { Bounds, EntryTable } from './sqlite-table.js'
import { SqliteWriter } from './sqlite-writer.js'

export type { EncryptionKey } from './encryption.js'

export interface SqliteTierOptions {
  /**
   * The file, made when it is missing, with its directories, readable for its owner only. Several
   * processes of one machine may use it at once; it must not lie on a network drive.
   */
  readonly path: string
  /** Most bytes kept, an integer from 1 MiB; an entry over an eighth of it is not kept. @default 1_000_000_000 */
  readonly maxBytes?: number | undefined
  /** Most entries kept, an integer from 1. @default 250_000 */
  readonly maxEntries?: number | undefined
  /** Days after which an entry goes, however long its grace; > 0. @default 30 */
  readonly maxAgeDays?: number | undefined
  /**
   * Encrypts what is stored with AES-256-GCM: 32 bytes, or 64 hex digits, or base64. Of several keys
   * the first encrypts and all decrypt. Entries of another key, and plain ones, are not read.
   * @default none
   */
  readonly encryptionKey?: EncryptionKey | readonly EncryptionKey[] | undefined
}

const OPTIONS = ['path', 'maxBytes', 'maxEntries', 'maxAgeDays', 'encryptionKey']
const LEAST_BYTES = 2 ** 20
const DAY_MS = 86_400_000
/** An entry in use moves away from eviction at most that often. */
const TOUCH_MS = 60_000
/** Entries read at once by `recent` and `inScope`: about 5 ms. */
const PAGE = 100

/**
 * The cache in a SQLite file: `node:sqlite` where Node has it (22.13), else the package `libsql`. What
 * goes wrong with the file is a miss, told once; a damaged file is moved aside and begun anew.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function sqlite(options: SqliteTierOptions): CacheTier {
  refuseUnknown('sqlite()', options, OPTIONS)
  return sqliteTier(options, loadSqliteDriver)
}

/** @param loadDriver lets a test put faults in between */
export function sqliteTier(
  options: SqliteTierOptions,
  loadDriver: () => Promise<SqliteDriver>,
): CacheTier {
  return new SqliteTier(options, loadDriver)
}

class SqliteTier implements CacheTier {
  readonly level = 'l3'
  readonly guarded = true
  readonly marks: SqliteMarks
  readonly #path: string
  readonly #bounds: Bounds
  readonly #maxAgeMs: number
  readonly #codec: EntryCodec
  readonly #session: SqliteSession
  readonly #writer: SqliteWriter

  constructor(options: SqliteTierOptions, loadDriver: () => Promise<SqliteDriver>) {
    const { maxBytes = 1e9, maxEntries = 250_000, maxAgeDays = 30, encryptionKey } = options
    this.#path = filePath(options.path)
    this.#bounds = {
      maxBytes: integer('maxBytes', maxBytes, LEAST_BYTES),
      maxEntries: integer('maxEntries', maxEntries, 1),
    }
    this.#maxAgeMs = positive('maxAgeDays', maxAgeDays) * DAY_MS
    this.#codec = createEntryCodec({ encryptionKey })
    this.#session = new SqliteSession(this.#path, loadDriver)
    this.marks = new SqliteMarks(this.#session)
    this.#session.onOpen = () => {
      this.marks.opened()
    }
    this.#writer = new SqliteWriter({
      session: this.#session,
      codec: this.#codec,
      bounds: this.#bounds,
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
    const totals = this.#session.read(({ entries }) => entries.totals())
    return {
      enabled: this.#session.enabled,
      entries: totals?.entries ?? 0,
      bytes: totals?.bytes ?? 0,
      max_entries: this.#bounds.maxEntries,
      max_bytes: this.#bounds.maxBytes,
      compression: true,
      storage_path: this.#path,
    }
  }

  async recent(limit: number): Promise<readonly KeyedEntry[]> {
    await this.#session.ready()
    const queued = this.#queued(() => true).reverse()
    return this.#collect(queued, limit, (entries) => entries.recent(limit))
  }

  async inScope(scope: string, since: number, limit: number): Promise<readonly KeyedEntry[]> {
    await this.#session.ready()
    const queued = this.#queued(
      ({ semantic, created_at }) => semantic?.scope === scope && created_at > since,
    )
    queued.sort((one, other) => other.entry.created_at - one.entry.created_at)
    return this.#collect(queued, limit, (entries) => entries.inScope(scope, since, limit))
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
    const entry = this.#codec.decode(key, row.value)
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
    find: (entries: EntryTable) => readonly string[],
  ): Promise<readonly KeyedEntry[]> {
    const found = queued.slice(0, limit)
    const keys = this.#session.read(({ entries }) => find(entries)) ?? []
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
    return Math.min(entry.stale_until, entry.created_at + this.#maxAgeMs)
  }

  #isKept(entry: CacheEntry): boolean {
    return this.#session.context.clock.now() < this.#keptUntil(entry)
  }
}

function filePath(path: unknown): string {
  const given = text('path', path)
  if (given.startsWith(':') || /^\w+:\/\//.test(given) || given.includes('\0')) {
    throw invalidOption('path', 'the path of a file', path)
  }
  return resolve(given)
}

function integer(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalidOption(name, `an integer of at least ${least.toLocaleString('en')}`, value)
}
