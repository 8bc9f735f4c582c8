/** The one connection to a SQLite file that features share. */
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SqliteDatabase, SqliteDriver } from './sqlite-driver.js'
import { sqliteProblem } from './sqlite-problem.js'

/** It is waited for while nothing else runs in this process, so a store does better without. */
const BUSY_TIMEOUT_MS = 250

/** `auto_vacuum` has an effect before the first table only. */
const SET_UP = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
`

export class SqliteConnection {
  readonly path: string
  readonly #driver: SqliteDriver
  #database: SqliteDatabase | undefined
  /** Which file is open: another process may have moved it and begun a new one. */
  #inode: bigint | undefined

  constructor(path: string, driver: SqliteDriver) {
    this.path = path
    this.#driver = driver
  }

  /**
   * Opens the file, which it makes when it is missing, readable for its owner only.
   * @param prepare makes the tables; what it throws closes the file again
   * @throws whatever Node or SQLite says, see `sqliteProblem`
   */
  open<T>(prepare: (database: SqliteDatabase) => T): T {
    this.close()
    mkdirSync(dirname(this.path), { recursive: true })
    closeSync(openSync(this.path, 'a', 0o600))
    const database = this.#driver.open(this.path)
    try {
      this.#inode = inodeOf(this.path)
      this.#database = database
      database.exec(SET_UP)
      return prepare(database)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * All of it or nothing.
   * @param patient whether another process that holds the file is waited for, for up to 250 ms
   * @throws whatever `work` or SQLite throws
   */
  transaction<T>(work: () => T, patient = true): T {
    const database = this.#database
    if (database === undefined) throw new Error('the SQLite file is not open')
    this.#begin(database, patient)
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack(database)
      throw error
    }
  }

  #begin(database: SqliteDatabase, patient: boolean): void {
    if (!patient) database.exec('PRAGMA busy_timeout = 0')
    try {
      database.exec('BEGIN IMMEDIATE')
    } finally {
      if (!patient) database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }

  #rollBack(database: SqliteDatabase): void {
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite has done it by itself, as it does when the disk is full.
    }
  }

  /**
   * Closes the file and moves it aside, unless another process has done so already.
   * @param suffix appended to its name
   * @throws when it cannot be moved
   */
  quarantine(suffix: string): void {
    const inode = this.#inode
    this.close()
    if (inode !== undefined && inode !== inodeOf(this.path)) return
    for (const part of ['', '-wal', '-shm']) {
      try {
        renameSync(`${this.path}${part}`, `${this.path}${suffix}${part}`)
      } catch (error) {
        // Closing removes the other two.
        if (sqliteProblem(error) !== 'unreachable') throw error
      }
    }
  }

  /** Never throws; more than once is the same as once. */
  close(): void {
    const database = this.#database
    this.#database = undefined
    try {
      database?.close()
    } catch {
      // A file that fails is given up all the same.
    }
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}
