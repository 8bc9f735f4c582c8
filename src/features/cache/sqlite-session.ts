/** The file while it is well, and what is done about it when it is not. */
import { RaptorflowError } from '../../errors.js'
import { warnOnce } from '../../util/warn-once.js'
import type { TierContext, TierState } from '../../contracts/cache-tier.js'
import { SqliteConnection } from '../../storage/sqlite-connection.js'
import type { SqliteDatabase, SqliteDriver } from '../../storage/sqlite-driver.js'
import { sqliteProblem, type SqliteProblem } from '../../storage/sqlite-problem.js'
import { systemClock } from '../../util/clock.js'
import { silentLogger } from '../../util/logger.js'
import { markTable, type MarkTable } from './sqlite-mark-table.js'
import { createTables, ForeignFileError, hasTables } from './sqlite-schema.js'
import { entryTable, type EntryTable } from './sqlite-table.js'

/** Why the file is not to be read or written. */
export type SqliteTrouble = SqliteProblem | ForeignFileError['reason'] | 'driver_missing' | 'closed'

export interface SqliteTables {
  readonly entries: EntryTable
  readonly marks: MarkTable
}

export type SessionContext = Pick<TierContext, 'clock' | 'logger' | 'onState'>

/** A file that failed is left alone that long. */
const RETRY_MS = 60_000
/** After the first time another process held it for longer than the busy timeout; then doubled. */
const LOCKED_MS = 1_000
const LOCKED_TELL = 3

export class SqliteSession {
  readonly #path: string
  readonly #loadDriver: () => Promise<SqliteDriver>
  context: SessionContext = { clock: systemClock, logger: silentLogger, onState: () => undefined }
  /** Called each time the file has been opened, before anything reads from it. */
  onOpen: (() => void) | undefined
  #opening: Promise<void> | undefined
  #connection: SqliteConnection | undefined
  #tables: SqliteTables | undefined
  /** Set while it is down or off. */
  #trouble: SqliteTrouble | undefined
  #final = false
  /** Set while it can be read and not be written. */
  #writeTrouble: SqliteTrouble | undefined
  /** Monotonic milliseconds. */
  #retryAt = 0
  #quarantinedAt = -Infinity
  #locked = 0
  #told: SqliteTrouble | undefined

  constructor(path: string, loadDriver: () => Promise<SqliteDriver>) {
    this.#path = path
    this.#loadDriver = loadDriver
  }

  /** False once it is down, off or closed. */
  get enabled(): boolean {
    return this.#trouble === undefined
  }

  /** Why it is not read, or else not written. */
  get trouble(): SqliteTrouble | undefined {
    return this.#trouble ?? this.#writeTrouble
  }

  /** Never to come back. */
  get gone(): boolean {
    return this.#final
  }

  /** False while what is to be written would only pile up. */
  get accepts(): boolean {
    if (this.#trouble !== undefined) return false
    return this.#writeTrouble === undefined || this.#writeTrouble === 'locked' || this.#isDue()
  }

  /** Opens the file when it is time to; a promise, which never rejects, the first time only. */
  ready(): Promise<void> | undefined {
    if (this.#tables !== undefined || this.#final) return undefined
    if (this.#trouble === undefined) return (this.#opening ??= this.#load())
    if (this.#isDue()) this.#open()
    return undefined
  }

  /** Undefined also when it failed. */
  read<T>(work: (tables: SqliteTables) => T): T | undefined {
    if (this.#tables === undefined) return undefined
    try {
      return work(this.#tables)
    } catch (error) {
      this.#judge(error, 'read')
      return undefined
    }
  }

  /**
   * All of it or nothing; what kept it from being done, if anything did.
   * @param urgent also while it waits for another process, which then costs no time
   */
  write(work: (tables: SqliteTables) => void, urgent = false): SqliteTrouble | undefined {
    const tables = this.#tables
    const connection = this.#connection
    if (tables === undefined || connection === undefined) return this.#trouble ?? 'closed'
    const waiting = this.#writeTrouble
    const early = waiting !== undefined && !this.#isDue()
    if (early && !(urgent && waiting === 'locked')) return waiting
    try {
      connection.transaction(() => {
        work(tables)
      }, !early)
    } catch (error) {
      if (early && sqliteProblem(error) === 'locked') return 'locked'
      return this.#judge(error, 'write')
    }
    this.#recovered()
    return undefined
  }

  /** For good. */
  close(): void {
    this.#stop('closed')
    this.#final = true
  }

  async #load(): Promise<void> {
    try {
      const driver = await this.#loadDriver()
      this.#connection = new SqliteConnection(this.#path, driver)
    } catch (error) {
      const message = error instanceof Error ? error.message : undefined
      this.#off('driver_missing', message)
      if (RaptorflowError.isInstance(error)) warnOnce(error.message)
      return
    }
    if (!this.#final) this.#open()
  }

  #open(): void {
    const connection = this.#connection
    if (connection === undefined) return
    try {
      this.#tables = connection.open((database) => openTables(database, connection))
    } catch (error) {
      this.#judge(error, 'open')
      return
    }
    this.#trouble = undefined
    this.onOpen?.()
    if (this.enabled) this.#recovered()
  }

  #judge(error: unknown, during: 'open' | 'read' | 'write'): SqliteTrouble {
    if (error instanceof ForeignFileError) {
      this.#off(error.reason)
      return error.reason
    }
    const problem = sqliteProblem(error)
    if (problem === 'corrupt') this.#quarantine()
    else if (during === 'read' && problem === 'locked') return problem
    else if (during === 'write' && WRITES_ONLY.includes(problem)) this.#stopWrites(problem)
    else this.#down(problem)
    return problem
  }

  #quarantine(): void {
    const { clock, logger } = this.context
    const now = clock.monotonic()
    const again = now < this.#quarantinedAt + RETRY_MS
    this.#down('corrupt')
    // A disk that spoils one file after the other is better left alone.
    if (again) return
    this.#quarantinedAt = now
    const suffix = `.corrupt-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}`
    try {
      this.#connection?.quarantine(suffix)
    } catch (error) {
      logger.warn({ problem: sqliteProblem(error) }, 'A damaged SQLite cache could not be moved')
      return
    }
    logger.warn({ moved_to: this.#path + suffix }, 'A damaged SQLite cache was replaced')
    this.#open()
  }

  #stopWrites(problem: SqliteProblem): void {
    this.#writeTrouble = problem
    this.#retryLater(problem)
    if (problem !== 'locked' || this.#locked >= LOCKED_TELL) this.#tell('down', problem)
  }

  #down(trouble: SqliteTrouble): void {
    this.#stop(trouble)
    this.#retryLater(trouble)
    this.#tell('down', trouble)
  }

  /** Another process is done soon; a disk that is full stays so for a while. */
  #retryLater(trouble: SqliteTrouble): void {
    this.#locked = trouble === 'locked' ? this.#locked + 1 : 0
    const wait = this.#locked === 0 ? RETRY_MS : LOCKED_MS * 2 ** (this.#locked - 1)
    this.#retryAt = this.context.clock.monotonic() + Math.min(wait, RETRY_MS)
  }

  #off(trouble: SqliteTrouble, message?: string): void {
    this.#stop(trouble)
    this.#final = true
    this.#tell('off', trouble, message)
  }

  #stop(trouble: SqliteTrouble): void {
    this.#trouble = trouble
    this.#tables = undefined
    this.#writeTrouble = undefined
    this.#connection?.close()
  }

  #recovered(): void {
    this.#writeTrouble = undefined
    this.#locked = 0
    if (this.#told === undefined) return
    this.#told = undefined
    this.context.logger.info({}, 'The SQLite cache works again')
    this.context.onState('ok', 'recovered')
  }

  /** Once for each trouble, however often it is met. */
  #tell(
    state: TierState,
    trouble: SqliteTrouble,
    message = 'The SQLite cache does not work',
  ): void {
    if (this.#told === trouble) return
    this.#told = trouble
    this.context.logger.warn({ reason: trouble }, message)
    this.context.onState(state, trouble)
  }

  #isDue(): boolean {
    return this.context.clock.monotonic() >= this.#retryAt
  }
}

const WRITES_ONLY: readonly SqliteProblem[] = ['locked', 'disk_full', 'read_only']

function openTables(database: SqliteDatabase, connection: SqliteConnection): SqliteTables {
  if (!hasTables(database)) {
    connection.transaction(() => {
      // Another process may have been quicker.
      if (!hasTables(database)) createTables(database)
    })
  }
  return { entries: entryTable(database), marks: markTable(database) }
}
