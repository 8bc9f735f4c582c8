import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RaptorflowError } from '../../../src/errors.js'
import { loadSqliteDriver } from '../../../src/storage/sqlite-driver.js'
import { entry } from './fixtures.js'
import { directory, noise, testTier, type TestTier } from './sqlite-fixtures.js'
import { BUSY, CORRUPT, faultyDriver, FULL, IO_ERROR, READ_ONLY } from './sqlite-faulty-driver.js'

const MINUTE = 60_000
const textOf = async ({ tier }: TestTier, key: string) => (await tier.get(key))?.answer.text
const store = async (one: TestTier, key: string, text = key): Promise<void> => {
  one.tier.set(key, entry(one.clock.now(), { text }))
  await one.clock.advance(50)
}
const works = async (one: TestTier): Promise<boolean> => {
  await store(one, 'works')
  return (await textOf(one.beside(), 'works')) === 'works'
}
const quarantined = (path: string): string[] =>
  readdirSync(dirname(path)).filter(
    (name) => name.includes('.corrupt-') && !/-(wal|shm)$/.test(name),
  )

describe('a damaged file', () => {
  it('that is no database is moved aside, told once, and begun anew', async () => {
    const path = join(directory(), 'cache.db')
    writeFileSync(path, 'this is no database '.repeat(1_000))
    const one = testTier({ path })
    expect(await textOf(one, 'key')).toBeUndefined()
    expect(await works(one)).toBe(true)
    expect(one.states).toEqual(['down corrupt', 'ok recovered'])
    const [moved, ...others] = quarantined(path)
    expect(others).toEqual([])
    expect(moved).toBe('cache.db.corrupt-2026-01-01T00-00-00-000Z')
    expect(readFileSync(join(dirname(path), moved!), 'utf8')).toContain('this is no database')
    expect(one.logs.filter((log) => log.includes('replaced'))).toHaveLength(1)
    expect(one.logs.join()).not.toContain('this is no database')
  })

  it('in the middle is found when it is read, and never gives a wrong answer', async () => {
    const one = testTier()
    for (let index = 0; index < 200; index += 1) {
      one.tier.set(`${index}`, entry(one.clock.now(), { text: `${index} ${noise(3_000, index)}` }))
    }
    await one.tier.flush()
    await one.tier.close()
    const file = await loadSqliteDriver()
    const database = file.open(one.path)
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
    database.close()
    const handle = openSync(one.path, 'r+')
    const { size } = statSync(one.path)
    for (let at = 3 * 4_096; at < size; at += 4_096) {
      writeSync(handle, Buffer.from(noise(3_000, at)), 0, 3_000, at + 500)
    }
    closeSync(handle)
    rmSync(`${one.path}-wal`, { force: true })
    rmSync(`${one.path}-shm`, { force: true })
    const two = one.beside()
    for (let index = 0; index < 200; index += 1) {
      const text = await textOf(two, `${index}`)
      if (text !== undefined) expect(text).toBe(`${index} ${noise(3_000, index)}`)
    }
    await two.clock.advance(1_000)
    await two.clock.advance(MINUTE)
    await two.clock.advance(MINUTE)
    expect(await works(two)).toBe(true)
    expect(quarantined(one.path).length).toBeGreaterThan(0)
  })

  it('again within a minute is left alone until the minute is over', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    await store(one, 'key')
    const spoil = async () => {
      let failures = 0
      faults.failure = (sql) =>
        sql.startsWith('SELECT meta.id') && (failures += 1) === 1 ? CORRUPT : undefined
      expect(await textOf(one, 'key')).toBeUndefined()
      faults.failure = () => undefined
      one.clock.setWallClock(one.clock.now() + 1)
    }
    await spoil()
    expect(one.states).toEqual(['down corrupt', 'ok recovered'])
    expect(await works(one)).toBe(true)
    await spoil()
    expect(one.states.slice(2)).toEqual(['down corrupt'])
    expect(one.tier.stats().enabled).toBe(false)
    expect(quarantined(one.path)).toHaveLength(1)
    await one.clock.advance(MINUTE)
    expect(await works(one)).toBe(true)
    expect(one.states.slice(3)).toEqual(['ok recovered'])
  })
})

describe('a full disk', () => {
  async function fillsUp(one: TestTier, count = 200): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await store(one, `${index}`, `${index} ${noise(20_000, index)}`)
    }
  }

  it('stops the writes, told once, while what is there is still served', async () => {
    const faults = faultyDriver()
    faults.atOpen = 'PRAGMA max_page_count = 300'
    const one = testTier({}, faults.load)
    await store(one, 'first')
    await fillsUp(one)
    expect(one.states).toEqual(['down disk_full'])
    expect(one.logs).toHaveLength(1)
    expect(await textOf(one, 'first')).toBe('first')
    expect(await textOf(one, '3')).toContain('3 ')
    expect(one.tier.stats().enabled).toBe(true)
    await expect(one.tier.clear()).rejects.toMatchObject({ details: { reason: 'disk_full' } })
  })

  it('does not bring back what was deleted meanwhile', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    for (const key of ['a', 'b', 'c']) await store(one, key)
    faults.failure = (sql) =>
      sql.startsWith('INSERT') || sql.startsWith('DELETE') ? FULL : undefined
    await store(one, 'x')
    expect(one.states).toEqual(['down disk_full'])
    one.tier.delete(['a'])
    await store(one, 'b', 'newer')
    expect(await textOf(one, 'a')).toBeUndefined()
    expect(await textOf(one, 'c')).toBe('c')
    await one.clock.advance(MINUTE)
    await store(one, 'y')
    expect(one.states).toEqual(['down disk_full'])
    faults.failure = () => undefined
    await one.clock.advance(MINUTE)
    expect(await works(one)).toBe(true)
    expect(one.states).toEqual(['down disk_full', 'ok recovered'])
    expect(await textOf(one.beside(), 'a')).toBeUndefined()
  })

  it('empties the file when more was deleted than can be remembered', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    for (const key of ['a', 'b']) await store(one, key)
    faults.failure = (sql) => (sql.startsWith('BEGIN') ? FULL : undefined)
    one.tier.delete(['a'])
    await one.clock.advance(50)
    one.tier.delete(Array.from({ length: 10_001 }, (_, index) => `${index}`))
    for (const key of ['a', 'b']) expect(await textOf(one, key)).toBeUndefined()
    faults.failure = () => undefined
    await one.clock.advance(MINUTE)
    expect(await works(one)).toBe(true)
    await one.tier.flush()
    for (const key of ['a', 'b']) expect(await textOf(one, key)).toBeUndefined()
  })

  it('of a small file system is survived, and used again when there is room', async (test) => {
    const mounted = directory()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted], { stdio: 'ignore' })
    } catch {
      test.skip('mounting needs root')
    }
    onTestFinished(() => {
      execFileSync('umount', ['-l', mounted])
    })
    writeFileSync(join(mounted, 'filler'), Buffer.alloc(1_300_000))
    const one = testTier({ path: join(mounted, 'cache.db') })
    await store(one, 'first')
    await fillsUp(one, 60)
    expect(one.states).toHaveLength(1)
    expect(one.states[0]).toMatch(/^down (disk_full|io_error)$/)
    rmSync(join(mounted, 'filler'))
    await one.clock.advance(MINUTE)
    expect(await works(one)).toBe(true)
    expect(await textOf(one, 'first')).toBe('first')
  })
})

describe('a place that cannot be written to', () => {
  it('below a file turns the tier off, told once, and tried again after a minute', async () => {
    const file = join(directory(), 'file')
    writeFileSync(file, '')
    const one = testTier({ path: join(file, 'cache.db') })
    for (const key of ['a', 'b', 'c']) await store(one, key)
    expect(await textOf(one, 'a')).toBeUndefined()
    expect(one.states).toEqual(['down unreachable'])
    expect(one.logs).toHaveLength(1)
    expect(one.tier.stats()).toMatchObject({ enabled: false, entries: 0, bytes: 0 })
    rmSync(file)
    await one.clock.advance(MINUTE)
    expect(await works(one)).toBe(true)
    expect(one.states).toEqual(['down unreachable', 'ok recovered'])
  })

  it('a read-only directory turns the tier off, told once', async (test) => {
    const path = join(directory(), 'cache.db')
    const root = process.getuid?.() === 0
    try {
      // Modes do not bind root.
      if (root) execFileSync('chattr', ['+i', dirname(path)], { stdio: 'ignore' })
      else chmodSync(dirname(path), 0o500)
    } catch {
      test.skip('neither modes nor attributes bind')
    }
    onTestFinished(() => {
      if (root) execFileSync('chattr', ['-i', dirname(path)])
      else chmodSync(dirname(path), 0o700)
    })
    const one = testTier({ path })
    for (const key of ['a', 'b', 'c']) await store(one, key)
    await one.clock.advance(5 * MINUTE)
    expect(await textOf(one, 'a')).toBeUndefined()
    expect(one.states).toEqual(['down read_only'])
    expect(one.logs).toHaveLength(1)
  })

  it('a file that turned read-only is still read', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    await store(one, 'key')
    faults.failure = (sql) => (sql.startsWith('BEGIN') ? READ_ONLY : undefined)
    await store(one, 'other')
    expect(await textOf(one, 'key')).toBe('key')
    expect(one.states).toEqual(['down read_only'])
  })
})

describe('a disk that fails', () => {
  it('turns the tier off for a minute', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    await store(one, 'key')
    faults.failure = () => IO_ERROR
    expect(await textOf(one, 'key')).toBeUndefined()
    const { opened } = faults
    for (let index = 0; index < 50; index += 1) expect(await textOf(one, 'key')).toBeUndefined()
    expect(faults.opened).toBe(opened)
    expect(one.states).toEqual(['down io_error'])
    faults.failure = () => undefined
    await one.clock.advance(MINUTE)
    expect(await textOf(one, 'key')).toBe('key')
    expect(one.states).toEqual(['down io_error', 'ok recovered'])
  })
})

describe('a file that another process holds', () => {
  it('is read meanwhile, and written when it is free', async () => {
    const one = testTier()
    await store(one, 'key')
    const other = (await loadSqliteDriver()).open(one.path)
    other.exec('BEGIN IMMEDIATE')
    await store(one, 'waiting')
    expect(await textOf(one, 'key')).toBe('key')
    expect(await textOf(one, 'waiting')).toBe('waiting')
    expect(one.states).toEqual([])
    other.exec('COMMIT')
    await one.clock.advance(1_000)
    expect(await textOf(one.beside(), 'waiting')).toBe('waiting')
    other.close()
  })

  it('while it is opened is tried again after a second', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    faults.failure = (sql) => (sql.startsWith('BEGIN') ? BUSY : undefined)
    await store(one, 'key')
    expect(one.states).toEqual(['down locked'])
    faults.failure = () => undefined
    await one.clock.advance(1_000)
    expect(await works(one)).toBe(true)
    expect(one.states).toEqual(['down locked', 'ok recovered'])
  })

  it('for long is told once, and asked less and less often', async () => {
    const faults = faultyDriver()
    const one = testTier({}, faults.load)
    await store(one, 'key')
    let tries = 0
    faults.failure = (sql) => {
      if (!sql.startsWith('BEGIN')) return undefined
      tries += 1
      return BUSY
    }
    await store(one, 'waiting')
    await one.clock.advance(10 * MINUTE)
    expect(tries).toBeLessThan(20)
    expect(one.states).toEqual(['down locked'])
    faults.failure = () => undefined
    await one.clock.advance(MINUTE + 1_000)
    expect(await textOf(one.beside(), 'waiting')).toBe('waiting')
    expect(one.states).toEqual(['down locked', 'ok recovered'])
  })
})

describe('a file of others', () => {
  it('of a newer version is not touched', async () => {
    const one = testTier()
    await store(one, 'key')
    await one.tier.close()
    const file = (await loadSqliteDriver()).open(one.path)
    file.exec('PRAGMA user_version = 2')
    file.close()
    const two = one.beside()
    await store(two, 'other')
    await two.clock.advance(5 * MINUTE)
    expect(await textOf(two, 'key')).toBeUndefined()
    expect(two.states).toEqual(['off newer_schema'])
    expect(two.logs).toHaveLength(1)
    expect(quarantined(one.path)).toEqual([])
  })

  it('with tables of another program is not touched', async () => {
    const path = join(directory(), 'app.db')
    const file = (await loadSqliteDriver()).open(path)
    file.exec('CREATE TABLE users (name); INSERT INTO users VALUES (1)')
    const one = testTier({ path })
    await store(one, 'key')
    expect(one.states).toEqual(['off foreign_file'])
    expect(file.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'users' }])
    file.close()
  })
})

describe('without a driver', () => {
  it('the tier is off, told once with what to install', async () => {
    const one = testTier({}, () => Promise.reject(new Error('Run: npm install libsql')))
    await store(one, 'key')
    expect(await textOf(one, 'key')).toBeUndefined()
    expect(one.states).toEqual(['off driver_missing'])
    expect(one.logs).toHaveLength(1)
    expect(one.logs[0]).toContain('npm install libsql')
    expect(one.tier.stats().enabled).toBe(false)
    await expect(one.tier.clear()).rejects.toBeInstanceOf(RaptorflowError)
    await one.tier.close().catch(() => undefined)
  })
})

describe('any sequence of failures', () => {
  it('makes misses only, and the tier works again when they end', async () => {
    const codes = fc.constantFrom(undefined, undefined, FULL, IO_ERROR, READ_ONLY, CORRUPT, BUSY, 1)
    const step = fc.record({
      action: fc.constantFrom(
        'get',
        'set',
        'delete',
        'recent',
        'stats',
        'wait',
        'minute',
        'clear',
        'flush',
      ),
      key: fc.constantFrom('a', 'b', 'c'),
      code: codes,
      which: fc.constantFrom('BEGIN', 'COMMIT', 'SELECT', 'INSERT', 'PRAGMA', ''),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const faults = faultyDriver()
        const path = join(directory(), 'cache.db')
        mkdirSync(dirname(path), { recursive: true })
        const one = testTier({ path }, faults.load)
        let writes = 0
        const newest = new Map<string, number>()
        for (const { action, key, code, which } of steps) {
          faults.failure = (sql) => (sql.trimStart().startsWith(which) ? code : undefined)
          if (action === 'get') {
            const text = await textOf(one, key)
            if (text !== undefined) expect(text).toMatch(new RegExp(`^${key} \\d+$`))
          } else if (action === 'set') {
            newest.set(key, (writes += 1))
            one.tier.set(key, entry(one.clock.now(), { text: `${key} ${writes}` }))
          } else if (action === 'delete') {
            one.tier.delete([key])
            expect(await textOf(one, key)).toBeUndefined()
          } else if (action === 'recent') await one.tier.recent(10)
          else if (action === 'stats') one.tier.stats()
          else if (action === 'wait') await one.clock.advance(50)
          else if (action === 'minute') await one.clock.advance(MINUTE)
          else {
            const failed = await one.tier[action]().then(
              () => undefined,
              (error: unknown) => error,
            )
            if (failed !== undefined) expect(failed).toBeInstanceOf(RaptorflowError)
            else if (action === 'clear') expect(await textOf(one, key)).toBeUndefined()
          }
        }
        faults.failure = () => undefined
        await one.clock.advance(2 * MINUTE)
        await one.tier.get('a')
        expect(await works(one)).toBe(true)
        await one.tier.close()
        expect(one.clock.pending).toBe(0)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
