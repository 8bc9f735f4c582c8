/** A real driver that fails when a test says so. */
import {
  loadSqliteDriver,
  type SqliteDatabase,
  type SqliteDriver,
} from '../../../src/storage/sqlite-driver.js'

export interface FaultyDriver {
  readonly load: () => Promise<SqliteDriver>
  /** The result code each statement fails with for which it is not undefined. */
  failure: (sql: string) => number | undefined
  /** Run on each connection when it opens. */
  atOpen: string
  opened: number
}

export const FULL = 13
export const IO_ERROR = 10
export const READ_ONLY = 8
export const CORRUPT = 11
export const BUSY = 5

export function faultyDriver(): FaultyDriver {
  const faults: FaultyDriver = {
    failure: () => undefined,
    atOpen: '',
    opened: 0,
    load: async () => {
      const driver = await loadSqliteDriver()
      return { name: driver.name, open: (path) => wrap(driver.open(path)) }
    },
  }
  const check = (sql: string): void => {
    const code = faults.failure(sql)
    if (code === undefined) return
    throw Object.assign(new Error('injected'), { code: 'ERR_SQLITE_ERROR', errcode: code })
  }
  const wrap = (database: SqliteDatabase): SqliteDatabase => {
    faults.opened += 1
    if (faults.atOpen !== '') database.exec(faults.atOpen)
    return {
      exec: (sql) => {
        check(sql)
        database.exec(sql)
      },
      prepare: (sql) => {
        check(sql)
        const statement = database.prepare(sql)
        return {
          get: (...values) => {
            check(sql)
            return statement.get(...values)
          },
          all: (...values) => {
            check(sql)
            return statement.all(...values)
          },
          run: (...values) => {
            check(sql)
            statement.run(...values)
          },
        }
      },
      close: () => {
        database.close()
      },
    }
  }
  return faults
}
