/** The entries in the file: read, written, evicted. Nothing here takes longer than a few milliseconds. */
import type { SqliteDatabase, SqliteRow } from '../../storage/sqlite-driver.js'

export interface StoredRow {
  readonly id: number
  /** Epoch milliseconds. */
  readonly usedAt: number
  readonly value: Uint8Array
}

export interface NewRow {
  readonly key: string
  readonly value: Uint8Array
  readonly created_at: number
  /** Served until then: already no later than the greatest age allows. */
  readonly stale_until: number
  readonly scope: string | undefined
}

export interface Totals {
  readonly entries: number
  readonly bytes: number
}

export interface Bounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** Beside the value: its row in `meta`, five index entries, and the rest of the last page. */
const ROW_BYTES = 512
/** Rows removed at once, more than are written at once: 2.5 ms, and as much again when both kinds go. */
const STEP_ROWS = 100
const STEP_BYTES = 8 * 2 ** 20
/** Pages given back to the file system at once, when a quarter of the file is empty. */
const STEP_PAGES = 200
const IDLE_PAGES = 1_000

export interface EntryTable {
  get(key: string): StoredRow | undefined
  put(row: NewRow, now: number): void
  remove(key: string): void
  touch(id: number, now: number): void
  totals(): Totals
  clear(): void
  /** Keys, those used last first. */
  recent(limit: number): readonly string[]
  /** Keys, those created last first. */
  inScope(scope: string, since: number, limit: number): readonly string[]
  /** Removes some of what is over the bounds, expired or cleared. True while there is more. */
  sweep(bounds: Bounds, now: number): boolean
  /** Makes the file smaller by some of its empty pages. True while there is more. Outside a transaction. */
  shrink(): boolean
}

export function entryTable(database: SqliteDatabase): EntryTable {
  const sql = statements(database)
  const totals = (): Totals => {
    const row = sql.totals.get()
    return { entries: number(row?.['entries']), bytes: number(row?.['bytes']) }
  }
  const removeRows = (ids: readonly number[]): void => {
    for (const id of ids) sql.removeId.run(id)
  }
  return {
    get(key) {
      const row = sql.get.get(key)
      const value = row?.['value']
      if (!(value instanceof Uint8Array)) return undefined
      return { id: number(row?.['id']), usedAt: number(row?.['used_at']), value }
    },
    put(row, now) {
      const { key, value, created_at, stale_until, scope = null } = row
      const size = value.length + key.length + ROW_BYTES
      const id = sql.put.get(key, created_at, stale_until, now, size, scope)?.['id']
      sql.putValue.run(number(id), value)
    },
    remove: (key) => {
      sql.remove.run(key)
    },
    touch: (id, now) => {
      sql.touch.run(now, id)
    },
    totals,
    clear: () => {
      sql.clear.run()
    },
    recent: (limit) => texts(sql.recent.all(limit), 'key'),
    inScope: (scope, since, limit) => texts(sql.inScope.all(scope, since, limit), 'key'),
    sweep(bounds, now) {
      const gone = numbers(sql.gone.all(now), 'id')
      removeRows(gone)
      if (isOver(totals(), bounds)) removeRows(surplus(sql.oldest.all(), totals(), bounds))
      return gone.length === STEP_ROWS || isOver(totals(), bounds)
    },
    shrink() {
      const free = number(sql.freePages.get()?.['freelist_count'])
      const all = number(sql.pages.get()?.['page_count'])
      if (free < IDLE_PAGES || free * 4 < all) return false
      database.exec(`PRAGMA incremental_vacuum(${STEP_PAGES})`)
      return true
    },
  }
}

/** The least recently used rows that must go, as many as one step may take. */
function surplus(oldest: readonly SqliteRow[], totals: Totals, bounds: Bounds): number[] {
  let { entries, bytes } = totals
  let removed = 0
  const ids: number[] = []
  for (const row of oldest) {
    if (!isOver({ entries, bytes }, bounds) || removed > STEP_BYTES) break
    const size = number(row['size'])
    entries -= 1
    bytes -= size
    removed += size
    ids.push(number(row['id']))
  }
  return ids
}

const isOver = (totals: Totals, bounds: Bounds): boolean =>
  totals.entries > bounds.maxEntries || totals.bytes > bounds.maxBytes

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
const numbers = (rows: readonly SqliteRow[], name: string): number[] =>
  rows.map((row) => number(row[name]))
const texts = (rows: readonly SqliteRow[], name: string): string[] =>
  rows.map((row) => String(row[name]))

const NOW_EPOCH = '(SELECT epoch FROM state)'

function statements(database: SqliteDatabase) {
  const prepare = (sql: string) => database.prepare(sql)
  return {
    get: prepare(`SELECT meta.id, used_at, value FROM meta JOIN blob ON blob.id = meta.id
      WHERE key = ? AND epoch = ${NOW_EPOCH}`),
    put: prepare(`INSERT INTO meta (key, epoch, created_at, stale_until, used_at, size, scope)
      VALUES (?, ${NOW_EPOCH}, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET
        epoch = excluded.epoch, created_at = excluded.created_at,
        stale_until = excluded.stale_until, used_at = excluded.used_at,
        size = excluded.size, scope = excluded.scope
      RETURNING id`),
    putValue: prepare('INSERT OR REPLACE INTO blob (id, value) VALUES (?, ?)'),
    remove: prepare('DELETE FROM meta WHERE key = ?'),
    removeId: prepare('DELETE FROM meta WHERE id = ?'),
    touch: prepare('UPDATE meta SET used_at = ? WHERE id = ?'),
    totals: prepare('SELECT entries, bytes FROM state'),
    clear: prepare('UPDATE state SET epoch = epoch + 1, entries = 0, bytes = 0'),
    recent: prepare(`SELECT key FROM meta WHERE epoch = ${NOW_EPOCH}
      ORDER BY used_at DESC LIMIT ?`),
    inScope: prepare(`SELECT key FROM meta
      WHERE scope = ? AND created_at > ? AND epoch = ${NOW_EPOCH}
      ORDER BY created_at DESC LIMIT ?`),
    gone: prepare(`SELECT id FROM meta WHERE epoch < ${NOW_EPOCH}
      UNION ALL SELECT id FROM meta WHERE stale_until <= ? LIMIT ${STEP_ROWS}`),
    oldest: prepare(`SELECT id, size FROM meta WHERE epoch = ${NOW_EPOCH}
      ORDER BY used_at LIMIT ${STEP_ROWS}`),
    freePages: prepare('PRAGMA freelist_count'),
    pages: prepare('PRAGMA page_count'),
  }
}
