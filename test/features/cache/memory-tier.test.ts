import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheEntry, CacheTier } from '../../../src/contracts/cache-tier.js'
import type { Mark } from '../../../src/contracts/coordination.js'
import { RaptorflowError } from '../../../src/errors.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { answer, DAY, entry, HOUR, mapTier, sharedStore } from './fixtures.js'

/** Every optional member, over a Map of clones. */
function listingTier(clock: FakeClock): CacheTier {
  const shared = sharedStore(clock)
  const map = new Map<string, CacheEntry>()
  const newest = () => [...map].reverse().map(([key, held]) => ({ key, entry: held }))
  return {
    ...shared.connect(),
    get: async (key) => {
      const found = map.get(key)
      return found && clock.now() < found.stale_until ? structuredClone(found) : undefined
    },
    set: async (key, value) => {
      map.delete(key)
      map.set(key, structuredClone(value))
    },
    delete: async (keys) => {
      for (const key of keys) map.delete(key)
    },
    clear: async () => {
      map.clear()
    },
    stats: () => ({
      enabled: true,
      entries: map.size,
      bytes: map.size,
      max_entries: 1_000,
      max_bytes: 1_000,
    }),
    recent: async (limit) => newest().slice(0, limit),
    inScope: async (scope, since, limit) =>
      newest()
        .filter(({ entry: { semantic, created_at } }) => {
          return semantic?.scope === scope && created_at > since
        })
        .slice(0, limit),
  }
}

describe.each([
  ['memoryTier', (clock: FakeClock) => memoryTier({ clock })],
  ['an asynchronous tier over a Map', (clock: FakeClock) => mapTier(clock)],
  ['a tier that lists entries and keeps marks', listingTier],
])('%s as a cache tier', (_, make) => {
  it.each(cacheTierCases)('$title', async ({ run }) => {
    const clock = new FakeClock()
    await run(() => make(clock), clock)
  })
})

async function failures(make: (clock: FakeClock) => CacheTier): Promise<string[]> {
  const titles: string[] = []
  for (const { title, run } of cacheTierCases) {
    const clock = new FakeClock()
    await run(() => make(clock), clock).catch(() => titles.push(title))
  }
  return titles
}

describe('the cache tier cases', () => {
  it('catch a tier that forgets nothing, one that mixes up keys and one that never deletes', async () => {
    expect(await failures(() => mapTier(new FakeClock(0)))).toContain(
      'forgets an entry that is past its grace',
    )
    expect(
      await failures((clock) => {
        const tier = mapTier(clock)
        return { ...tier, set: (_, value) => tier.set('key', value), get: () => tier.get('key') }
      }),
    ).toContain('tells keys apart by every character')
    expect(await failures((clock) => ({ ...mapTier(clock), delete: () => undefined }))).toEqual([
      'deletes the keys it is told to and no others',
    ])
  })
})

describe('the cases for optional members', () => {
  const broken = (over: (tier: CacheTier) => Partial<CacheTier>) =>
    failures((clock) => {
      const tier = listingTier(clock)
      return { ...tier, ...over(tier) }
    })

  it('catch lists in the wrong order, lists that ignore the scope, and vectors that are lost', async () => {
    expect(
      await broken((tier) => ({
        recent: async (limit) => [...(await tier.recent!(1_000))].reverse().slice(0, limit),
      })),
    ).toEqual(['lists the entries written last, newest first, as many as asked'])
    expect(
      await broken((tier) => ({ inScope: async (_, __, limit) => tier.recent!(limit) })),
    ).toEqual(['lists the entries of one scope only, newest first'])
    expect(
      await broken((tier) => ({
        get: async (key) => {
          const { semantic: _, ...rest } = (await tier.get(key)) ?? {}
          return 'v' in rest ? rest : undefined
        },
      })),
    ).toEqual(['gives back what a match by meaning needs, to the last bit'])
  })

  it('catch marks that are not kept, kept by the wrong age, or cleared', async () => {
    const kept = (put: (marks: readonly Mark[], into: Map<string, Mark>) => void) =>
      broken((tier) => {
        const into = new Map<string, Mark>()
        return {
          clear: async () => {
            into.clear()
            await tier.clear()
          },
          marks: {
            put: async (marks) => {
              put(marks, into)
            },
            subscribe: (listener) => {
              listener([...into.values()])
              return () => undefined
            },
          },
        }
      })
    expect(await kept(() => undefined)).toHaveLength(3)
    const last = await kept((marks, into) => {
      for (const mark of marks) into.set(mark.label, mark)
    })
    expect(last).toEqual(['keeps the newest mark of a label', 'keeps its marks through a clear'])
  })
})

describe('memoryTier', () => {
  it('keeps entries by reference and answers without a promise', () => {
    const clock = new FakeClock()
    const tier = memoryTier({ clock })
    const kept = entry(clock.now())
    tier.set('key', kept)
    expect(tier.get('key')).toBe(kept)
  })

  it('frees an entry once it is past its grace, by the given clock', async () => {
    const clock = new FakeClock()
    const tier = memoryTier({ clock })
    tier.set('key', entry(clock.now()))
    await clock.advance(HOUR + DAY - 1)
    expect(tier.get('key')).toBeDefined()
    await clock.advance(1)
    expect(tier.get('key')).toBeUndefined()
    expect(tier.stats()).toMatchObject({ entries: 0, bytes: 0 })
    expect(clock.pending).toBe(0)
  })

  it('drops the least recently used entry first', () => {
    const clock = new FakeClock()
    const tier = memoryTier({ clock, maxEntries: 2 })
    tier.set('a', entry(clock.now()))
    tier.set('b', entry(clock.now()))
    tier.get('a')
    tier.set('c', entry(clock.now()))
    expect([tier.get('a'), tier.get('b'), tier.get('c')].map(Boolean)).toEqual([true, false, true])
  })

  it('does not keep an entry over an eighth of its bytes, nor what it would have replaced', () => {
    const clock = new FakeClock()
    const tier = memoryTier({ clock, maxBytes: 16_384 })
    tier.set('key', entry(clock.now()))
    tier.set('other', entry(clock.now()))
    tier.set('key', entry(clock.now(), { text: 'x'.repeat(2_048) }))
    expect(tier.get('key')).toBeUndefined()
    expect(tier.get('other')).toBeDefined()
  })

  it('never exceeds its entries or its bytes, and its counts are those of what it holds', () => {
    const clock = new FakeClock()
    const write = fc.record({
      key: fc.integer({ min: 0, max: 30 }),
      length: fc.integer({ min: 0, max: 3_000 }),
      remove: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1_024, max: 40_000 }),
        fc.array(write, { maxLength: 200 }),
        (maxEntries, maxBytes, writes) => {
          const tier = memoryTier({ clock, maxEntries, maxBytes })
          for (const { key, length, remove } of writes) {
            if (remove) tier.delete([String(key)])
            else tier.set(String(key), entry(clock.now(), { text: 'x'.repeat(length) }))
            const stats = tier.stats()
            expect(stats.entries).toBeLessThanOrEqual(maxEntries)
            expect(stats.bytes).toBeLessThanOrEqual(maxBytes)
          }
          let bytes = 0
          for (let key = 0; key <= 30; key++) bytes += tier.get(String(key))?.size ?? 0
          expect(tier.stats().bytes).toBe(bytes)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('holds 64 MiB and 5,000 entries by default', () => {
    const tier = memoryTier({ clock: new FakeClock() })
    expect(tier.stats()).toEqual({
      enabled: true,
      entries: 0,
      bytes: 0,
      max_entries: 5_000,
      max_bytes: 67_108_864,
    })
  })

  it.each([
    ['maxEntries', 0, 'Expected the option `cache.l1.maxEntries` to be an integer from 1'],
    ['maxEntries', 1.5, '`1.5`'],
    ['maxEntries', 1e9, 'to 10,000,000'],
    ['maxEntries', '5000', 'got string'],
    ['maxBytes', 1_023, 'Expected the option `cache.l1.maxBytes` to be an integer of at least'],
    ['maxBytes', Infinity, '`Infinity`'],
  ])('refuses %s: %s as a configuration error', (name, value, message) => {
    let thrown: unknown
    try {
      memoryTier({ clock: new FakeClock(), [name]: value })
    } catch (error) {
      thrown = error
    }
    expect(RaptorflowError.isInstance(thrown) && thrown).toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(message) as string,
      details: { reason: 'configuration', field: `cache.l1.${name}` },
    })
  })

  it('keeps an answer that is shared with its readers from being changed', () => {
    const clock = new FakeClock()
    const tier = memoryTier({ clock })
    tier.set('key', entry(clock.now()))
    const found = tier.get('key')!
    expect(() => Object.assign(found.answer, { text: 'changed' })).toThrow(TypeError)
    expect(found.answer).toEqual(answer())
  })
})
