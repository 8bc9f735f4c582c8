import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { RaptorflowError } from '../../src/errors.js'
import { SqliteConnection } from '../../src/storage/sqlite-connection.js'
import { libsqlDriver, loadSqliteDriver, nodeDriver } from '../../src/storage/sqlite-driver.js'
import { sqliteProblem } from '../../src/storage/sqlite-problem.js'

const drivers = [nodeDriver(), await libsqlDriver()].filter((driver) => driver !== undefined)

let directory = ''
let files = 0
const newPath = (): string => join(directory, `${(files += 1)}.db`)
const problemOf = (run: () => unknown): string => {
  try {
    run()
    return 'none'
  } catch (error) {
    return sqliteProblem(error)
  }
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'raptorflow-driver-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

describe.each(drivers.map((driver) => [driver.name, driver] as const))('%s', (_, driver) => {
  it('gives back numbers, texts, bytes and nothing as they were', () => {
    const database = driver.open(newPath())
    database.exec('CREATE TABLE t (a, b, c, d); CREATE TABLE single (value BLOB)')
    const bytes = Buffer.from([0, 1, 255])
    database
      .prepare('INSERT INTO t VALUES (?, ?, ?, ?)')
      .run(1_764_000_000_123, 'é\u{1f995}', bytes, null)
    const row = database.prepare('SELECT * FROM t WHERE a = ?').get(1_764_000_000_123)
    expect(row).toMatchObject({ a: 1_764_000_000_123, b: 'é\u{1f995}', d: null })
    expect(Buffer.from(row?.['c'] as Uint8Array)).toEqual(bytes)
    database.prepare('INSERT INTO single VALUES (?)').run(bytes)
    expect(database.prepare('SELECT length(value) AS n FROM single').get()?.['n']).toBe(3)
    expect(database.prepare('SELECT a FROM t WHERE a = 1').get()).toBeUndefined()
    expect(database.prepare('SELECT a, d FROM t').all()).toEqual([
      { a: 1_764_000_000_123, d: null },
    ])
    database.close()
  })

  it('sees what another connection wrote after an earlier read', () => {
    const path = newPath()
    const [one, other] = [driver.open(path), driver.open(path)]
    one.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)')
    const read = one.prepare('SELECT max(a) AS a FROM t')
    expect(read.get()?.['a']).toBe(2)
    other.exec('INSERT INTO t VALUES (3)')
    expect(read.get()?.['a']).toBe(3)
    one.close()
    other.close()
  })

  it('names what went wrong', () => {
    const locked = newPath()
    const [one, other] = [driver.open(locked), driver.open(locked)]
    one.exec('CREATE TABLE t (a); BEGIN IMMEDIATE')
    expect(
      problemOf(() => {
        other.exec('BEGIN IMMEDIATE')
      }),
    ).toBe('locked')
    one.exec('COMMIT; PRAGMA max_page_count = 4')
    const insert = one.prepare('INSERT INTO t VALUES (?)')
    expect(
      problemOf(() => {
        insert.run('x'.repeat(50_000))
      }),
    ).toBe('disk_full')
    expect(problemOf(() => one.prepare('SELECT * FROM nowhere'))).toBe('failed')
    one.exec('PRAGMA query_only = 1')
    expect(
      problemOf(() => {
        insert.run('x')
      }),
    ).toBe('read_only')
    const garbage = newPath()
    writeFileSync(garbage, Buffer.alloc(8_192, 'garbage'))
    const damaged = driver.open(garbage)
    expect(problemOf(() => damaged.prepare('PRAGMA schema_version').get())).toBe('corrupt')
    expect(problemOf(() => driver.open(join(garbage, 'below-a-file.db')))).toBe('unreachable')
    for (const database of [one, other, damaged]) database.close()
  })

  it('opens a connection with a write-ahead log, for its owner only, in a new directory', () => {
    const path = join(directory, driver.name.replace(':', '-'), 'deep', 'a.db')
    const connection = new SqliteConnection(path, driver)
    const value = (sql: string) =>
      connection.open((database) => Object.values(database.prepare(sql).get() ?? {})[0])
    expect(value('PRAGMA journal_mode')).toBe('wal')
    expect(value('PRAGMA synchronous')).toBe(1)
    expect(value('PRAGMA auto_vacuum')).toBe(2)
    expect(value('PRAGMA busy_timeout')).toBe(250)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    connection.close()
    connection.close()
  })

  it('undoes a transaction that throws', () => {
    const connection = new SqliteConnection(newPath(), driver)
    const count = connection.open((database) => {
      database.exec('CREATE TABLE t (a)')
      return database.prepare('SELECT count(*) AS n FROM t')
    })
    const failing = () =>
      connection.transaction(() => {
        count.get()
        throw new Error('mine')
      })
    expect(failing).toThrow('mine')
    expect(connection.transaction(() => count.get()?.['n'])).toBe(0)
    connection.close()
    expect(failing).toThrow('not open')
  })

  it('moves a file aside once, whichever of two connections is first', () => {
    const path = newPath()
    const [one, other] = [new SqliteConnection(path, driver), new SqliteConnection(path, driver)]
    one.open((database) => {
      database.exec('CREATE TABLE t (a)')
    })
    other.open(() => undefined)
    one.quarantine('.corrupt-1')
    expect(
      one.open(
        (database) => database.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.['n'],
      ),
    ).toBe(0)
    other.quarantine('.corrupt-2')
    expect(statSync(`${path}.corrupt-1`).isFile()).toBe(true)
    expect(statSync(`${path}.corrupt-2`, { throwIfNoEntry: false })).toBeUndefined()
    expect(statSync(path).isFile()).toBe(true)
    one.close()
  })
})

describe('sqliteProblem', () => {
  it('knows the failures of the file system', () => {
    const code = (name: string) => sqliteProblem(Object.assign(new Error('x'), { code: name }))
    expect(['EACCES', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EIO', 'EWHATEVER'].map(code)).toEqual([
      'read_only',
      'read_only',
      'disk_full',
      'unreachable',
      'io_error',
      'failed',
    ])
    expect(sqliteProblem('text')).toBe('failed')
  })

  it('knows extended codes of both drivers', () => {
    const of = (fields: object) => sqliteProblem(Object.assign(new Error('x'), fields))
    expect(of({ code: 'ERR_SQLITE_ERROR', errcode: 778 })).toBe('io_error')
    expect(of({ code: 'SQLITE_CORRUPT_INDEX', rawCode: 779 })).toBe('corrupt')
    expect(of({ code: 'SQLITE_BUSY_SNAPSHOT', rawCode: 517 })).toBe('locked')
  })
})

describe('loadSqliteDriver', () => {
  const present = process.getBuiltinModule('node:sqlite') !== undefined

  it('prefers the one of Node', async () => {
    expect((await loadSqliteDriver()).name).toBe(present ? 'node:sqlite' : 'libsql')
  })

  it('says what to install when there is none', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    vi.resetModules()
    vi.doMock('libsql', () => {
      throw new Error('no such package')
    })
    const fresh = await import('../../src/storage/sqlite-driver.js')
    const error = await fresh.loadSqliteDriver().catch((thrown: unknown) => thrown)
    vi.doUnmock('libsql')
    expect(RaptorflowError.isInstance(error) && error.details.reason).toBe('package_missing')
    expect((error as Error).message).toBe(
      'SQLite needs Node 22.13 or newer, or the package "libsql". Run: npm install libsql',
    )
  })
})
