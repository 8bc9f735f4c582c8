import { describe, expect, it, vi } from 'vitest'
import type { CacheTier, KeyedEntry, SemanticRecord } from '../../../src/contracts/cache-tier.js'
import { createEntry } from '../../../src/features/cache/entry.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { createCacheStack } from '../../../src/features/cache/stack.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { answer, entry, HOUR, mapTier } from './fixtures.js'

function made(tiers: (clock: FakeClock) => CacheTier[], maxEntries = 100) {
  const clock = new FakeClock()
  const l1 = memoryTier({ clock, maxEntries })
  const stack = createCacheStack({ tiers: [l1, ...tiers(clock)], clock, random: () => 0.5 })
  return { clock, l1, stack }
}

const listing = (
  clock: FakeClock,
  level: 'l2' | 'l3',
  recent: (limit: number) => readonly KeyedEntry[] | Promise<readonly KeyedEntry[]>,
): CacheTier => ({ ...mapTier(clock, level), recent })

const numbered = (count: number, now: number): KeyedEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `key ${index}`,
    entry: entry(now - index, { text: `text ${index}` }),
  }))

describe('preload', () => {
  it('copies what L3 used last into memory, where it is found without a promise', async () => {
    const { stack, l1, clock } = made((clock) => [
      listing(clock, 'l2', () => [{ key: 'of l2', entry: entry(clock.now()) }]),
      listing(clock, 'l3', async (limit) => numbered(10, clock.now()).slice(0, limit)),
    ])
    expect(await stack.preload(4)).toBe(4)
    expect(stack.lookup('key 3')).toMatchObject({ level: 'l1', stale: false })
    expect(l1.get('key 3')?.created_at).toBe(clock.now() - 3)
    expect([l1.get('key 4'), l1.get('of l2')]).toEqual([undefined, undefined])
  })

  it.each([
    ['L3 lists nothing', () => []],
    ['L3 fails', () => Promise.reject(new Error('corrupt'))],
    ['L3 gives no list', () => 'garbage' as never],
  ])('asks L2 when %s', async (_, recent) => {
    const { stack } = made((clock) => [
      listing(clock, 'l2', () => numbered(2, clock.now())),
      listing(clock, 'l3', recent),
    ])
    expect(await stack.preload(10)).toBe(2)
  })

  it('does nothing without a level that lists its entries, without memory, or for none', async () => {
    expect(await made((clock) => [mapTier(clock)]).stack.preload(10)).toBe(0)
    const recent = vi.fn(() => [])
    const { clock, stack } = made((clock) => [listing(clock, 'l3', recent)])
    expect(await stack.preload(0)).toBe(0)
    expect(recent).not.toHaveBeenCalled()
    const tiers = [listing(clock, 'l3', () => numbered(2, clock.now()))]
    const without = createCacheStack({ tiers, clock, random: () => 0.5 })
    expect(await without.preload(10)).toBe(0)
  })

  it('leaves out what is past its time, invalidated, no entry at all, or older than what is there', async () => {
    const { clock, stack, l1 } = made((clock) => [
      listing(clock, 'l3', () => [
        { key: 'stale', entry: entry(clock.now() - HOUR) },
        { key: 'deleted', entry: entry(clock.now()) },
        { key: 'garbage', entry: { v: 1 } as never },
        null as never,
        { key: 7 as never, entry: entry(clock.now()) },
        { key: 'held', entry: entry(clock.now() - 1, { text: 'old' }) },
        { key: 'good', entry: entry(clock.now()) },
      ]),
    ])
    stack.delete(['deleted'])
    l1.set('held', entry(clock.now(), { text: 'new' }))
    await stack.preload(10)
    expect(l1.stats().entries).toBe(2)
    expect(l1.get('held')?.answer.text).toBe('new')
    expect(l1.get('good')).toBeDefined()
  })

  it('asks for no more than memory holds, and keeps the newest longest', async () => {
    const limits: number[] = []
    const { clock, stack, l1 } = made(
      (clock) => [
        listing(clock, 'l3', (limit) => {
          limits.push(limit)
          return numbered(limit + 5, clock.now())
        }),
      ],
      3,
    )
    await stack.preload(1_000)
    expect(limits).toEqual([3])
    l1.set('one more', entry(clock.now()))
    expect(['key 0', 'key 1', 'key 2'].map((key) => l1.get(key) !== undefined)).toEqual([
      true,
      true,
      false,
    ])
  })

  it('lets others have their turn, and ends at close', async () => {
    const { clock, stack, l1 } = made(
      (clock) => [listing(clock, 'l3', () => numbered(500, clock.now()))],
      1_000,
    )
    // Each look at the time costs a millisecond: a slice is a handful of entries.
    let elapsed = 0
    vi.spyOn(clock, 'monotonic').mockImplementation(() => elapsed++)
    let turns = 0
    const turn = (): void => {
      turns += 1
      if (turns === 5) void stack.close()
      else if (turns < 1_000) setImmediate(turn)
    }
    setImmediate(turn)
    const copied = await stack.preload(500)
    expect(turns).toBeGreaterThanOrEqual(5)
    expect(copied).toBeGreaterThan(0)
    expect(copied).toBeLessThan(100)
    expect(l1.stats().entries).toBe(copied)
  })
})

describe('the entries of one scope', () => {
  const record = (over: Partial<SemanticRecord> = {}): SemanticRecord => ({
    scope: 'tenant',
    embedder: 'e',
    text: 'hello',
    vector: Float32Array.of(1, 0),
    ...over,
  })
  const meant = (now: number, text: string, semantic: unknown = record(), tags: string[] = []) =>
    createEntry(answer({ text }), {
      ttl_seconds: 3_600,
      graceSeconds: 86_400,
      now,
      random: () => 0.5,
      tags,
      semantic: semantic as SemanticRecord,
    })
  const scoped = (
    clock: FakeClock,
    level: 'l2' | 'l3',
    entries: readonly KeyedEntry[] | Promise<readonly KeyedEntry[]>,
  ) => {
    const inScope = vi.fn(() => entries)
    return { ...mapTier(clock, level), inScope }
  }

  it('are those of both levels, newest first, each key once, no more than asked for', async () => {
    const { clock, stack } = made((clock) => {
      const at = (age: number, text: string) => meant(clock.now() - age, text)
      return [
        scoped(clock, 'l2', [
          { key: 'a', entry: at(1, 'a of l2') },
          { key: 'b', entry: at(5, 'b of l2') },
        ]),
        scoped(
          clock,
          'l3',
          Promise.resolve([
            { key: 'c', entry: at(2, 'c of l3') },
            { key: 'a', entry: at(3, 'a of l3') },
            { key: 'b', entry: at(4, 'b of l3') },
          ]),
        ),
      ]
    })
    const texts = async (limit: number) =>
      (await stack.inScope('tenant', clock.now() - HOUR, limit)).entries.map(
        ({ key, entry }) => `${key}: ${entry.answer.text}`,
      )
    expect(await texts(10)).toEqual(['a: a of l2', 'c: c of l3', 'b: b of l3'])
    expect(await texts(2)).toEqual(['a: a of l2', 'c: c of l3'])
  })

  it('are valid, of that scope and after that time, whatever a level gives', async () => {
    const { clock, stack } = made((clock) => {
      const now = clock.now()
      return [
        scoped(clock, 'l2', [
          { key: 'good', entry: meant(now, 'good') },
          { key: 'too old', entry: meant(now - 10, 'too old') },
          { key: 'foreign', entry: meant(now, 'foreign', record({ scope: 'other tenant' })) },
          { key: 'none', entry: meant(now, 'none', null) },
          { key: 'gone', entry: meant(now - 30 * HOUR, 'gone') },
          { key: 'tagged', entry: meant(now, 'tagged', record(), ['geo']) },
          { key: 'garbage', entry: {} as never },
        ]),
        scoped(clock, 'l3', 'garbage' as never),
      ]
    })
    await stack.invalidateTags(['geo'])
    const found = await stack.inScope('tenant', clock.now() - 10, 10)
    expect(found.entries.map(({ key }) => key)).toEqual(['good'])
  })

  it('are none where no level can tell, and those of the other one where one fails', async () => {
    expect(await made((clock) => [mapTier(clock)]).stack.inScope('tenant', 0, 10)).toEqual({
      entries: [],
      complete: true,
    })
    const { stack } = made((clock) => [
      scoped(clock, 'l2', Promise.reject(new Error('down'))),
      scoped(clock, 'l3', [{ key: 'a', entry: meant(clock.now(), 'a') }]),
    ])
    expect(await stack.inScope('tenant', 0, 10)).toMatchObject({
      entries: [{ key: 'a' }],
      complete: false,
    })
    expect(stack.errors('l2')).toBe(1)
  })

  it('are asked for in the words of the caller', async () => {
    const clock = new FakeClock()
    const tier = scoped(clock, 'l2', [])
    const stack = createCacheStack({ tiers: [tier], clock, random: () => 0.5 })
    await stack.inScope('tenant', 5, 7)
    expect(tier.inScope).toHaveBeenCalledExactlyOnceWith('tenant', 5, 7)
  })
})
