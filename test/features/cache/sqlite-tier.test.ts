import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CacheEntry } from '../../../src/contracts/cache-tier.js'
import { RaptorflowError } from '../../../src/errors.js'
import { adoptEntry } from '../../../src/features/cache/entry.js'
import { sqlite, type SqliteTierOptions } from '../../../src/features/cache/sqlite-tier.js'
import { loadSqliteDriver } from '../../../src/storage/sqlite-driver.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { DAY, entry, HOUR, settle } from './fixtures.js'
import { contextOf, directory, noise, testTier, type TestTier } from './sqlite-fixtures.js'

describe.each([
  ['plain', {}],
  ['encrypted', { encryptionKey: Buffer.alloc(32) }],
])('the SQLite tier as a cache tier, %s', (_, options) => {
  it.each(cacheTierCases)('$title', async ({ run }) => {
    const clock = new FakeClock()
    await run(() => {
      const tier = sqlite({ path: join(directory(), 'cache.db'), ...options })
      tier.open?.(contextOf(clock).context)
      return tier
    }, clock)
  })
})

const textOf = async ({ tier }: TestTier, key: string) => (await tier.get(key))?.answer.text
const named = (now: number, text: string): CacheEntry => entry(now, { text })

async function openTier(over?: Partial<SqliteTierOptions>): Promise<TestTier> {
  const made = testTier(over)
  await made.tier.get('opened')
  return made
}

describe('a SQLite tier', () => {
  it('needs no open(), and no directory', async () => {
    const path = join(directory(), 'some', 'where', 'cache.db')
    const tier = sqlite({ path })
    await tier.set('key', entry(Date.now()))
    expect((await tier.get('key'))?.answer.text).toContain('Paris')
    await tier.close?.()
    const again = sqlite({ path })
    expect((await again.get('key'))?.answer.text).toContain('Paris')
    expect(again.stats()).toMatchObject({ entries: 1, compression: true, storage_path: path })
    await again.close?.()
  })

  it('answers without a promise once it is open', async () => {
    const { tier, clock } = await openTier()
    expect(tier.get('key')).toBeUndefined()
    tier.set('key', entry(clock.now()))
    await tier.flush()
    expect(tier.get('key')).toStrictEqual(entry(clock.now()))
    expect(tier.get('key')).toSatisfy((found: unknown) => Object.isFrozen(found))
  })

  it('serves what is still to be written, and writes it within 50 ms', async () => {
    const one = await openTier()
    const other = one.beside()
    one.tier.set('key', entry(one.clock.now()))
    one.tier.set('gone', entry(one.clock.now()))
    one.tier.delete(['gone'])
    expect(await textOf(one, 'key')).toContain('Paris')
    expect(await textOf(one, 'gone')).toBeUndefined()
    expect(await textOf(other, 'key')).toBeUndefined()
    await one.clock.advance(49)
    expect(await textOf(other, 'key')).toBeUndefined()
    await one.clock.advance(1)
    expect(await textOf(other, 'key')).toContain('Paris')
    expect(await textOf(other, 'gone')).toBeUndefined()
    expect(other.tier.stats().entries).toBe(1)
  })

  it('writes at once when 64 entries wait', async () => {
    const one = await openTier()
    const other = one.beside()
    for (let index = 0; index < 64; index += 1) {
      one.tier.set(`${index}`, named(one.clock.now(), `answer ${index}`))
    }
    await one.clock.advance(0)
    expect(await textOf(other, '63')).toBe('answer 63')
  })

  it('takes 1,000 entries in one go, drops more of them, and writes all it took on close', async () => {
    const one = await openTier()
    for (let index = 0; index < 1_500; index += 1) {
      one.tier.set(`${index}`, named(one.clock.now(), `answer ${index}`))
    }
    await one.tier.close()
    const other = one.beside()
    expect(await textOf(other, '999')).toBe('answer 999')
    expect(other.tier.stats().entries).toBe(1_000)
  })

  it('keeps no more than 16 MB in memory', async () => {
    const one = await openTier()
    for (let index = 0; index < 20; index += 1) {
      one.tier.set(`${index}`, named(one.clock.now(), `${index}`.padEnd(1_000_000, 'x')))
    }
    await one.tier.flush()
    expect(one.tier.stats().entries).toBe(16)
  })

  it('does not bring back an older answer for one that found no room', async () => {
    const one = await openTier()
    one.tier.set('key', named(one.clock.now(), 'old'))
    for (let index = 0; index < 1_200; index += 1) one.tier.set(`${index}`, entry(one.clock.now()))
    one.tier.set('key', named(one.clock.now(), 'new'))
    expect(await textOf(one, 'key')).toBeUndefined()
    await one.tier.flush()
    expect(await textOf(one, 'key')).toBeUndefined()
  })

  it('keeps nothing longer than the greatest age, whatever its grace', async () => {
    const one = await openTier({ maxAgeDays: 0.5 })
    one.tier.set('key', entry(one.clock.now()))
    await one.clock.advance(DAY / 2 - 1)
    expect(await textOf(one, 'key')).toContain('Paris')
    await one.clock.advance(1)
    expect(await textOf(one, 'key')).toBeUndefined()
  })

  it('removes what has expired with the next write', async () => {
    const one = await openTier()
    for (let index = 0; index < 10; index += 1) one.tier.set(`${index}`, entry(one.clock.now()))
    await one.clock.advance(50)
    expect(one.tier.stats().entries).toBe(10)
    await one.clock.advance(30 * HOUR)
    one.tier.set('new', entry(one.clock.now()))
    await one.clock.advance(50)
    expect(one.tier.stats().entries).toBe(1)
  })

  it('deletes what it cannot read', async () => {
    const one = await openTier()
    one.tier.set('key', entry(one.clock.now()))
    await one.tier.flush()
    const other = one.beside({ encryptionKey: Buffer.alloc(32) })
    expect(await textOf(other, 'key')).toBeUndefined()
    await other.tier.flush()
    expect(one.tier.stats().entries).toBe(0)
  })

  it('leaves no timer behind when it is closed', async () => {
    const one = await openTier()
    one.tier.marks.subscribe(() => undefined)
    one.tier.set('key', entry(one.clock.now()))
    await one.tier.close()
    expect(one.clock.pending).toBe(0)
    expect(await one.tier.get('key')).toBeUndefined()
    expect(one.tier.stats().enabled).toBe(false)
    await expect(one.tier.clear()).rejects.toBeInstanceOf(RaptorflowError)
  })

  it('does not open a file only to close it', async () => {
    const path = join(directory(), 'cache.db')
    const tier = sqlite({ path })
    await tier.flush?.()
    await tier.close?.()
    expect(
      await loadSqliteDriver().then((driver) =>
        driver.open(path).prepare('PRAGMA page_count').get(),
      ),
    ).toMatchObject({ page_count: 0 })
  })
})

describe('eviction', () => {
  it('keeps to the number of entries, and removes those used longest ago', async () => {
    const one = await openTier({ maxEntries: 10 })
    for (let index = 0; index < 10; index += 1) {
      one.tier.set(`${index}`, entry(one.clock.now()))
      await one.clock.advance(50)
    }
    await one.clock.advance(61_000)
    await one.tier.get('0')
    for (const key of ['a', 'b', 'c']) one.tier.set(key, entry(one.clock.now()))
    await one.clock.advance(50)
    expect(one.tier.stats().entries).toBe(10)
    expect(await textOf(one, '0')).toContain('Paris')
    for (const key of ['1', '2', '3']) expect(await textOf(one, key)).toBeUndefined()
    expect(await textOf(one, '4')).toContain('Paris')
  })

  it('notes a use at most once a minute, and writes it within five seconds', async () => {
    const one = await openTier()
    const driver = await loadSqliteDriver()
    const file = driver.open(one.path)
    const usedAt = () => Number(file.prepare('SELECT used_at FROM meta').get()?.['used_at'])
    const start = one.clock.now()
    one.tier.set('key', entry(start))
    await one.clock.advance(50)
    await one.tier.get('key')
    await one.clock.advance(10_000)
    expect(usedAt()).toBe(start + 50)
    await one.clock.advance(60_000)
    const used = one.clock.now()
    await one.tier.get('key')
    await one.clock.advance(4_999)
    expect(usedAt()).toBe(start + 50)
    await one.clock.advance(1)
    expect(usedAt()).toBe(used)
    file.close()
  })

  it('keeps to the number of bytes', async () => {
    const maxBytes = 2 ** 20
    const one = await openTier({ maxBytes })
    for (let index = 0; index < 400; index += 1) {
      const text = Array.from({ length: 1_000 }, (_, at) => ((at + 1) * (index + 7)) % 9_973).join(
        ' ',
      )
      one.tier.set(`${index}`, named(one.clock.now(), text))
      if (index % 20 === 0) await one.clock.advance(50)
    }
    await one.tier.flush()
    const { bytes, entries } = one.tier.stats()
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    expect(bytes).toBeGreaterThan(maxBytes * 0.9)
    expect(entries).toBeGreaterThan(100)
    expect(await textOf(one, '0')).toBeUndefined()
    expect(await textOf(one, '399')).toBeDefined()
  })

  it('does not let one entry push out all others', async () => {
    const one = await openTier({ maxBytes: 2 ** 20 })
    one.tier.set('small', entry(one.clock.now()))
    one.tier.set('huge', named(one.clock.now(), noise(400_000, 1)))
    await one.tier.flush()
    expect(await textOf(one, 'small')).toBeDefined()
    expect(one.tier.stats().bytes).toBeLessThan(2 ** 17)
  })

  it('goes on in small steps after a lower bound was set', async () => {
    const one = await openTier()
    for (let index = 0; index < 900; index += 1) one.tier.set(`${index}`, entry(one.clock.now()))
    await one.tier.close()
    const two = one.beside({ maxEntries: 100 })
    two.tier.set('new', entry(two.clock.now()))
    await settle()
    await two.clock.advance(50)
    expect(two.tier.stats().entries).toBe(801)
    await two.clock.advance(150)
    expect(two.tier.stats().entries).toBe(501)
    await two.clock.advance(1_000)
    expect(two.tier.stats().entries).toBe(100)
    expect(await textOf(two, 'new')).toBeDefined()
  })
})

describe('clear', () => {
  it('is seen by others at once, and what it removed is swept in the background', async () => {
    const one = await openTier()
    const other = one.beside()
    for (let index = 0; index < 500; index += 1) one.tier.set(`${index}`, entry(one.clock.now()))
    await one.tier.flush()
    expect(await textOf(other, '7')).toBeDefined()
    one.tier.set('queued', entry(one.clock.now()))
    await one.tier.clear()
    for (const key of ['7', 'queued']) {
      expect(await textOf(one, key)).toBeUndefined()
      expect(await textOf(other, key)).toBeUndefined()
    }
    one.tier.set('7', named(one.clock.now(), 'later'))
    await one.tier.flush()
    expect(other.tier.stats()).toMatchObject({ entries: 1 })
    await one.clock.advance(1_000)
    expect(await textOf(other, '7')).toBe('later')
    expect(other.tier.stats()).toMatchObject({ entries: 1 })
    const file = (await loadSqliteDriver()).open(one.path)
    for (const table of ['meta', 'blob']) {
      expect(file.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toMatchObject({ n: 1 })
    }
    file.close()
  })

  it('gives the space back to the file system', async () => {
    const one = await openTier()
    for (let index = 0; index < 14; index += 1) {
      one.tier.set(`${index}`, named(one.clock.now(), noise(1_000_000, index)))
      await one.tier.flush()
    }
    const file = (await loadSqliteDriver()).open(one.path)
    const pages = () => Number(file.prepare('PRAGMA page_count').get()?.['page_count'])
    const before = pages()
    expect(before).toBeGreaterThan(1_500)
    await one.tier.clear()
    await one.clock.advance(10_000)
    expect(pages()).toBeLessThan(before * 0.7)
    file.close()
  })
})

describe('recent', () => {
  it('gives the entries used last first, with what is still to be written', async () => {
    const one = await openTier()
    for (let index = 0; index < 250; index += 1) {
      one.tier.set(`${index}`, named(one.clock.now(), `answer ${index}`))
      if (index % 50 === 49) await one.clock.advance(50)
    }
    await one.clock.advance(61_000)
    await one.tier.get('3')
    await one.clock.advance(5_000)
    one.tier.set('queued', named(one.clock.now(), 'queued'))
    one.tier.delete(['249'])
    const found = await one.tier.recent(150)
    const keys = found.map(({ key }) => key)
    expect(keys).toHaveLength(150)
    expect(keys).not.toContain('249')
    expect(keys.slice(0, 2)).toEqual(['queued', '3'])
    expect(new Set(keys.slice(2, 51))).toEqual(
      new Set(Array.from({ length: 49 }, (_, at) => `${200 + at}`)),
    )
    expect(found[1]?.entry.answer.text).toBe('answer 3')
  })
})

describe('inScope', () => {
  const meant = (now: number, scope: string): CacheEntry =>
    adoptEntry({
      ...entry(now),
      semantic: { scope, embedder: 'e', text: 't', vector: Float32Array.of(0.6, 0.8) },
    })!

  it('gives the entries of one scope after a time, newest first, with their vectors', async () => {
    const one = await openTier()
    const start = one.clock.now()
    for (let index = 0; index < 6; index += 1) {
      one.tier.set(`${index}`, meant(one.clock.now(), index % 2 === 0 ? 'even' : 'odd'))
      one.tier.set(`plain ${index}`, entry(one.clock.now()))
      await one.clock.advance(100)
    }
    one.tier.set('queued', meant(one.clock.now(), 'even'))
    const keys = async (since: number, limit = 10) =>
      (await one.tier.inScope('even', since, limit)).map(({ key }) => key)
    expect(await keys(0)).toEqual(['queued', '4', '2', '0'])
    expect(await keys(start + 200)).toEqual(['queued', '4'])
    expect(await keys(0, 2)).toEqual(['queued', '4'])
    expect(await one.tier.inScope('none', 0, 10)).toEqual([])
    const [, stored] = await one.tier.inScope('even', 0, 2)
    expect(stored?.entry.semantic).toStrictEqual({
      scope: 'even',
      embedder: 'e',
      text: 't',
      vector: Float32Array.of(0.6, 0.8),
    })
  })
})

describe('the options', () => {
  it.each([
    ['an unknown one', { maxByte: 1 }, 'Did you mean `maxBytes`'],
    ['no path', { path: '' }, '`path`'],
    ['memory instead of a file', { path: ':memory:' }, '`path`'],
    ['an address', { path: 'https://example.org' }, '`path`'],
    ['too few bytes', { maxBytes: 1_000 }, '`maxBytes`'],
    ['half an entry', { maxEntries: 0.5 }, '`maxEntries`'],
    ['no age', { maxAgeDays: 0 }, '`maxAgeDays`'],
    ['a bad key', { encryptionKey: 'short' }, '`encryptionKey`'],
  ])('are refused with a name: %s', (_, over, message) => {
    expect(() => sqlite({ path: 'cache.db', ...over })).toThrow(message)
  })
})
