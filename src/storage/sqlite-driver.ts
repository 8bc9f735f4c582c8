/** SQLite behind one seam: Node's own where it has one, else the package `libsql`. */
import { RaptorflowError } from '../errors.js'
import { lazyPackage } from '../util/load-package.js'

export type SqliteValue = string | number | null | Uint8Array
export type SqliteRow = Readonly<Record<string, SqliteValue | undefined>>

export interface SqliteStatement {
  get(...values: readonly SqliteValue[]): SqliteRow | undefined
  all(...values: readonly SqliteValue[]): readonly SqliteRow[]
  run(...values: readonly SqliteValue[]): void
}

/** Synchronous, as SQLite is. Failures are judged by `sqliteProblem`. */
export interface SqliteDatabase {
  /** One statement or several. */
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

export interface SqliteDriver {
  readonly name: 'node:sqlite' | 'libsql'
  /** @throws whatever SQLite says, see `sqliteProblem` */
  open(path: string): SqliteDatabase
}

/** What is used of `node:sqlite`; its types are not there for Node 20. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase
}

const loadLibsql = lazyPackage('libsql', () => import('libsql'))

/**
 * Loads what is there.
 * @throws RaptorflowError PROVIDER_UNAVAILABLE, reason `package_missing`
 */
export async function loadSqliteDriver(): Promise<SqliteDriver> {
  return nodeDriver() ?? (await libsqlDriver())
}

/** Undefined before Node 22.13, where the module is absent or needs a flag. */
export function nodeDriver(): SqliteDriver | undefined {
  // Not `import('node:sqlite')`: bundlers drop the prefix, without which it does not exist.
  const sqlite = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined
  return sqlite && { name: 'node:sqlite', open: (path) => new sqlite.DatabaseSync(path) }
}

/** @throws RaptorflowError PROVIDER_UNAVAILABLE, reason `package_missing` */
export async function libsqlDriver(): Promise<SqliteDriver> {
  const { default: Database } = await loadLibsql().catch((cause: unknown) => {
    throw new RaptorflowError(
      'PROVIDER_UNAVAILABLE',
      'SQLite needs Node 22.13 or newer, or the package "libsql". Run: npm install libsql',
      { details: { reason: 'package_missing', package: 'libsql' }, retryable: false, cause },
    )
  })
  return {
    name: 'libsql',
    open(path) {
      const database = new Database(path)
      return {
        exec: (sql) => void database.exec(sql),
        prepare: (sql) => listStatement(database.prepare(sql)),
        close: () => void database.close(),
      }
    },
  }
}

interface LibsqlStatement {
  get(values: readonly SqliteValue[]): unknown
  all(values: readonly SqliteValue[]): unknown
  run(values: readonly SqliteValue[]): unknown
}

/** One list, always: it takes a single Buffer for a record of named values. */
function listStatement(statement: LibsqlStatement): SqliteStatement {
  return {
    get: (...values) => statement.get(values) as SqliteRow | undefined,
    all: (...values) => statement.all(values) as SqliteRow[],
    run: (...values) => void statement.run(values),
  }
}
