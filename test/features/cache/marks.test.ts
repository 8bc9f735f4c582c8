import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { CacheEntry } from '../../../src/contracts/cache-tier.js'
import { createEntry } from '../../../src/features/cache/entry.js'
import { Marks, MAX_LABELS } from '../../../src/features/cache/marks.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { answer, HOUR } from './fixtures.js'

function setUp(onSetBack?: () => void) {
  const clock = new FakeClock()
  const marks = new Marks(clock, onSetBack)
  const made = (tags: readonly string[] = [], key = 'key', replaces = false): CacheEntry =>
    createEntry(answer(), {
      ttl_seconds: 3_600,
      graceSeconds: 86_400,
      now: marks.birth(key, tags, replaces),
      random: () => 0.5,
      tags,
    })
  return { clock, marks, made }
}

describe('a mark', () => {
  it.each([
    ['*', true],
    ['l2', true],
    ['l1', false],
    ['k:key', true],
    ['k:other', false],
    ['t:geo', true],
    ['t:GEO', false],
    ['t:', false],
  ])('%s concerns an entry of l2 with that key and tag: %s', (label, concerned) => {
    const { marks, made } = setUp()
    const entry = made(['food', 'geo'])
    expect(marks.refuses('key', entry, 'l2')).toBe(false)
    marks.make([label])
    expect(marks.refuses('key', entry, 'l2')).toBe(concerned)
  })

  it('refuses what was made before it and not what is made after it, within one millisecond', () => {
    const { marks, made } = setUp()
    for (let round = 0; round < 5; round += 1) {
      const before = made(['geo'])
      marks.make(['t:geo'])
      const after = made(['geo'])
      expect(marks.refuses('key', before, 'l1')).toBe(true)
      expect(marks.refuses('key', after, 'l1')).toBe(false)
      expect(after.created_at).toBeGreaterThan(before.created_at)
    }
  })

  it('is not older than the entries made here, though the clock was set back', () => {
    const { clock, marks, made } = setUp()
    const before = made()
    clock.setWallClock(clock.now() - 500)
    const [mark] = marks.make(['*'])
    expect(mark?.at).toBe(before.created_at)
    expect(marks.refuses('key', before, 'l1')).toBe(true)
  })

  it('leaves the time of a clock that was set back by an hour, so that new entries can be served', () => {
    const setBack = vi.fn()
    const { clock, marks, made } = setUp(setBack)
    made()
    marks.make(['*', 't:geo', 'k:key', 'l2'])
    clock.setWallClock(clock.now() - HOUR)
    const [mark] = marks.make(['*'])
    expect(mark?.at).toBeLessThanOrEqual(clock.now() + 1_000)
    const entry = made(['geo'])
    expect(entry.created_at).toBeLessThanOrEqual(clock.now() + 1_001)
    expect(marks.refuses('key', entry, 'l2')).toBe(false)
    expect(setBack).toHaveBeenCalledOnce()
  })

  it('does not move the time of entries it does not concern', () => {
    const { clock, marks, made } = setUp()
    marks.add([{ label: 't:geo', at: clock.now() + 500 }])
    expect(made(['food']).created_at).toBe(clock.now())
    expect(made(['geo']).created_at).toBe(clock.now() + 501)
  })

  it('of an older time than the one known changes nothing', () => {
    const { clock, marks } = setUp()
    marks.make(['t:geo'])
    const { generation } = marks
    expect(marks.add([{ label: 't:geo', at: clock.now() }])).toEqual([])
    expect(marks.add([{ label: 't:geo', at: clock.now() - 1 }])).toEqual([])
    expect(marks.generation).toBe(generation)
    expect(marks.add([{ label: 't:geo', at: clock.now() + 1 }])).toHaveLength(1)
    expect(marks.generation).toBeGreaterThan(generation)
  })

  it('that is none is ignored', () => {
    const { clock, marks, made } = setUp()
    const entry = made()
    const garbage: unknown = [
      null,
      'mark',
      {},
      { label: '*' },
      { label: '*', at: NaN },
      { label: 7, at: clock.now() },
      { label: 'all', at: clock.now() },
      { label: '__proto__', at: clock.now() },
    ]
    expect(marks.add(garbage as never)).toEqual([])
    expect(marks.refuses('key', entry, 'l1')).toBe(false)
    expect(marks.generation).toBe(0)
  })

  it('of a clock that is far ahead is in force now, not until then', () => {
    const { clock, marks, made } = setUp()
    marks.add([{ label: '*', at: clock.now() + 1e12 }])
    expect(made().created_at).toBe(clock.now() + 1)
  })
})

describe('the place of a mark among calls', () => {
  it('is that of the newest clear or mark of one of the tags', () => {
    const { marks } = setUp()
    expect(marks.versionOf(undefined)).toBe(0)
    marks.make(['t:geo'])
    const first = marks.generation
    marks.make(['t:food', 't:drink'])
    const second = marks.generation
    marks.make(['k:key'])
    expect(marks.generation).toBeGreaterThan(second)
    expect(marks.versionOf(undefined)).toBe(0)
    expect(marks.versionOf(['geo', 'unknown'])).toBe(first)
    expect(marks.versionOf(['geo', 'food'])).toBe(second)
    for (const label of ['l1', 'l2', 'l3', '*']) {
      marks.make([label])
      expect(marks.versionOf(undefined)).toBe(marks.generation)
      expect(marks.versionOf(['geo'])).toBe(marks.generation)
    }
  })

  it('is before every call when it is older than this process', () => {
    const { clock, marks, made } = setUp()
    const old = clock.now() - HOUR
    expect(marks.add([{ label: '*', at: old }])).toHaveLength(1)
    expect(marks.generation).toBe(0)
    const stored = createEntry(answer(), {
      ttl_seconds: 9e5,
      graceSeconds: 1,
      now: old,
      random: () => 0.5,
    })
    expect(marks.refuses('key', stored, 'l2')).toBe(true)
    expect(marks.refuses('key', made(), 'l2')).toBe(false)
  })

  it('is before the calls that run now when it comes an hour late', async () => {
    const { clock, marks } = setUp()
    await clock.advance(3 * HOUR)
    marks.add([{ label: 't:geo', at: clock.now() - 2 * HOUR }])
    expect(marks.versionOf(['geo'])).toBe(0)
    marks.add([{ label: 't:geo', at: clock.now() - 60_000 }])
    expect(marks.versionOf(['geo'])).toBe(1)
  })

  it('leaves what is in memory alone when it cleared memory before the process began', () => {
    const { clock, marks, made } = setUp()
    expect(marks.add([{ label: 'l1', at: clock.now() - HOUR }])).toEqual([])
    expect(marks.add([{ label: 'l1', at: clock.now() }])).toHaveLength(1)
    expect(marks.refuses('key', made(), 'l1')).toBe(false)
  })
})

describe('an entry that replaces another', () => {
  it('is younger than every entry made before', () => {
    const { clock, marks, made } = setUp()
    const old = made()
    const replacing = made([], 'key', true)
    expect(replacing.created_at).toBe(old.created_at + 1)
    marks.make(['k:key'], replacing.created_at - 1)
    expect(marks.refuses('key', old, 'l1')).toBe(true)
    expect(marks.refuses('key', replacing, 'l1')).toBe(false)
    clock.setWallClock(clock.now() - HOUR)
    expect(made([], 'other', true).created_at).toBe(clock.now())
  })
})

describe('more labels than are remembered', () => {
  it('of keys make the oldest ones forgotten, and nothing else refused', () => {
    const { clock, marks, made } = setUp()
    const entries = ['first', 'other', 'last'].map((key) => made([], key))
    marks.make(['k:first'])
    marks.make(['t:geo'])
    for (let index = 0; index < MAX_LABELS - 1; index += 1) {
      clock.setWallClock(clock.now() + 1)
      marks.make([`k:${index}`])
    }
    expect(marks.refuses('first', entries[0] as CacheEntry, 'l1')).toBe(true)
    marks.make(['k:last'])
    expect(marks.refuses('first', entries[0] as CacheEntry, 'l1')).toBe(false)
    expect(marks.refuses('other', entries[1] as CacheEntry, 'l1')).toBe(false)
    expect(marks.refuses('last', entries[2] as CacheEntry, 'l1')).toBe(true)
  })

  it('make the oldest ones a mark for everything of their time', async () => {
    const { clock, marks, made } = setUp()
    const first = made(['geo'])
    const untagged = made()
    marks.make(['t:geo'])
    await clock.advance(10)
    const later = made(['geo'])
    for (let index = 0; index < MAX_LABELS - 1; index += 1) {
      await Promise.resolve()
      clock.setWallClock(clock.now() + 1)
      marks.make([`t:${index}`])
    }
    const version = marks.versionOf(['geo'])
    expect(marks.refuses('key', untagged, 'l1')).toBe(false)
    marks.make(['t:one more'])
    expect(marks.refuses('key', first, 'l1')).toBe(true)
    expect(marks.refuses('key', untagged, 'l1')).toBe(true)
    expect(marks.refuses('key', made(['geo']), 'l1')).toBe(false)
    // Forgotten together with it: a tenth of the others, so that this is not done for each.
    expect(marks.refuses('key', later, 'l1')).toBe(true)
    expect(marks.versionOf(['geo'])).toBeGreaterThanOrEqual(version)
    expect(marks.versionOf(['never marked'])).toBeLessThan(marks.generation)
  })

  it('never lets through what a remembered mark refuses', () => {
    const step = fc.record({
      label: fc.constantFrom('t:a', 't:b', 'k:key', 'l1', 'l2', '*', 'filler'),
      wait: fc.integer({ min: 0, max: 2 }),
      foreign: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { clock, marks, made } = setUp()
        const entries: { entry: CacheEntry; refused: boolean }[] = []
        for (const [index, { label, wait, foreign }] of steps.entries()) {
          clock.setWallClock(clock.now() + wait)
          entries.push({ entry: made(['a']), refused: false })
          if (label === 'filler') {
            const at = clock.now()
            const filler = Array.from({ length: 4_000 }, (_, n) => `t:${index} ${n}`)
            if (foreign) marks.add(filler.map((name) => ({ label: name, at })))
            else marks.make(filler)
          } else if (foreign) {
            marks.add([{ label, at: clock.now() + 1 }])
          } else {
            marks.make([label])
          }
          if (!['t:a', 'k:key', 'l1', '*'].includes(label)) continue
          for (const held of entries) {
            held.refused ||= !foreign || held.entry.created_at <= clock.now() + 1
          }
        }
        for (const { entry, refused } of entries) {
          if (refused) expect(marks.refuses('key', entry, 'l1')).toBe(true)
        }
        expect(marks.refuses('key', made(['a']), 'l1')).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
})
