/** The marks in the file: bounded, and numbered so that a reader asks for the new ones only. */
import type { Mark } from '../../contracts/coordination.js'
import { CLOCK_SKEW_MS } from '../../util/clock-skew.js'
import type { SqliteDatabase } from '../../storage/sqlite-driver.js'

const MOST_MARKS = 100_000
/** What stays of them when there are more. */
const KEPT_MARKS = 90_000
/** A day longer than an entry is kept by default. */
const MOST_AGE_MS = 31 * 86_400_000

export interface NumberedMark extends Mark {
  readonly seq: number
}

export interface MarkTable {
  put(mark: Mark): void
  after(seq: number): readonly NumberedMark[]
  /** Replaces the oldest by one mark `*` of the same age, where there are too many or too old ones. */
  trim(now: number): void
  /** Gives marks of a clock that was far ahead the time `markTime` gives them. */
  lower(now: number): void
  /** Another value each time another connection has written. */
  version(): unknown
}

export function markTable(database: SqliteDatabase): MarkTable {
  const replaced = database.prepare('DELETE FROM marks WHERE label = ? AND at <= ?')
  // A later mark of that label makes this one needless.
  const put = database.prepare('INSERT OR IGNORE INTO marks (label, at) VALUES (?, ?)')
  const after = database.prepare('SELECT seq, label, at FROM marks WHERE seq > ? ORDER BY seq')
  const surplus = database.prepare(
    `SELECT at FROM marks ORDER BY at DESC LIMIT 1 OFFSET ${KEPT_MARKS}`,
  )
  const count = database.prepare('SELECT count(*) AS marks FROM marks')
  const oldest = database.prepare(
    "SELECT max(at) AS at FROM marks WHERE at <= ? AND label <> '*' AND label NOT LIKE 'k:%'",
  )
  const forget = database.prepare("DELETE FROM marks WHERE at <= ? AND label <> '*'")
  const version = database.prepare('PRAGMA data_version')
  const lower = database.prepare('UPDATE marks SET at = ? WHERE at >= ?')

  const table: MarkTable = {
    put({ label, at }) {
      replaced.run(label, at)
      put.run(label, at)
    },
    after: (seq) =>
      after.all(seq).map((row) => ({
        seq: Number(row['seq']),
        label: String(row['label']),
        at: Number(row['at']),
      })),
    trim(now) {
      const tooMany = Number(count.get()?.['marks']) > MOST_MARKS
      const surplusAt = tooMany ? Number(surplus.get()?.['at']) : -Infinity
      const upTo = Math.max(now - MOST_AGE_MS, surplusAt)
      const at = oldest.get(upTo)?.['at']
      forget.run(upTo)
      // Those of single keys are just forgotten: what they concern was deleted or written over as well.
      if (typeof at === 'number') table.put({ label: '*', at })
    },
    lower: (now) => {
      lower.run(now, now + CLOCK_SKEW_MS)
    },
    version: () => version.get()?.['data_version'],
  }
  return table
}
