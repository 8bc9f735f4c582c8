import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { CacheEntry, CacheTier } from '../../../src/contracts/cache-tier.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { createCacheStack } from '../../../src/features/cache/stack.js'
import type { CacheHit, CacheStackOptions } from '../../../src/features/cache/stack.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { answer, DAY, entry, HOUR, mapTier, settle } from './fixtures.js'

const text = async (found: CacheHit | undefined | Promise<CacheHit | undefined>) =>
  (await found)?.entry.answer.text

function stackOf(
  build: (clock: FakeClock) => CacheTier[] = (clock) => [memoryTier({ clock })],
  options: Partial<CacheStackOptions> = {},
) {
  const clock = new FakeClock()
  const tiers = build(clock)
  const onTierError = vi.fn()
  const stack = createCacheStack({ tiers, clock, random: () => 0.5, onTierError, ...options })
  const store = (key: string, over = {}, stored: object = {}) => {
    void stack.store(key, answer(over), { generation: stack.generation, ...stored })
  }
  return { clock, stack, store, tiers, onTierError }
}

function twoTiers(options: Partial<CacheStackOptions> = {}) {
  const clock = new FakeClock()
  const l1 = memoryTier({ clock })
  const l2 = mapTier(clock)
  const made = stackOf(() => [l1, l2], { clock, ...options })
  return { ...made, clock, l1, l2 }
}

describe('the cache stack over synchronous tiers', () => {
  it('answers a hit without a promise, by reference', () => {
    const { stack, store, clock } = stackOf()
    store('key')
    const hit = stack.lookup('key')
    expect(hit).not.toBeInstanceOf(Promise)
    expect(hit).toMatchObject({ level: 'l1', stale: false })
    expect((hit as CacheHit).entry.answer).toEqual(answer())
    expect((stack.lookup('key') as CacheHit).entry).toBe((hit as CacheHit).entry)
    expect((hit as CacheHit).entry.created_at).toBe(clock.now())
  })

  it('answers a miss without a promise', () => {
    expect(stackOf().stack.lookup('key')).toBeUndefined()
    expect(stackOf(() => []).stack.lookup('key')).toBeUndefined()
  })

  it('copies a hit of a lower tier up, without a promise, with its own times', () => {
    const clock = new FakeClock()
    const [l1, l2] = [memoryTier({ clock }), memoryTier({ clock })]
    const { stack } = stackOf(() => [l1, { ...l2, level: 'l2' }], { clock })
    const stored = entry(clock.now() - HOUR / 2)
    l2.set('key', stored)
    expect(stack.lookup('key')).toMatchObject({ level: 'l2' })
    expect(stack.lookup('key')).toMatchObject({ level: 'l1' })
    expect(l1.get('key')).toBe(stored)
  })

  it('is fresh for the time to live, stale for the grace, then gone', async () => {
    const { stack, store, clock } = stackOf()
    store('key')
    await clock.advance(HOUR - 1)
    expect(stack.lookup('key')).toMatchObject({ stale: false })
    await clock.advance(1)
    expect(stack.lookup('key')).toBeUndefined()
    expect(stack.lookupStale('key')).toMatchObject({ stale: true, level: 'l1' })
    await clock.advance(DAY - 1)
    expect(stack.lookupStale('key')).toMatchObject({ stale: true })
    await clock.advance(1)
    expect(stack.lookupStale('key')).toBeUndefined()
  })

  it('says that an answer is fresh when one appeared before a stale one was asked for', () => {
    const { stack, store } = stackOf()
    store('key')
    expect(stack.lookupStale('key')).toMatchObject({ stale: false })
  })

  it('takes the time to live of the request before its own, with jitter on both', () => {
    const times = (random: number, ttl_seconds?: number) => {
      const { stack, store, clock } = stackOf(undefined, {
        random: () => random,
        ttlSeconds: 1_000,
        graceSeconds: 10,
      })
      store('key', {}, { ttl_seconds })
      const hit = stack.lookup('key') as CacheHit
      return [hit.entry.fresh_until - clock.now(), hit.entry.stale_until - hit.entry.fresh_until]
    }
    expect(times(0)).toEqual([900_000, 10_000])
    expect(times(0, 100)).toEqual([90_000, 10_000])
    expect(times(0.5, 100)).toEqual([100_000, 10_000])
  })

  it('keeps the tags', () => {
    const { stack, store } = stackOf()
    store('key', {}, { tags: ['geo', 'france'] })
    expect((stack.lookup('key') as CacheHit).entry.tags).toEqual(['geo', 'france'])
  })

  it('drops an answer that is not cacheable', () => {
    const { stack, store } = stackOf()
    store('cut', { finish_reason: 'length' })
    store('empty', { text: ' ' })
    expect(stack.tier('l1')?.entries).toBe(0)
  })

  it('misses an entry from the future, and deletes it when no clock error explains it', () => {
    const { stack, store, clock, onTierError } = stackOf()
    const start = clock.now()
    store('key')
    clock.setWallClock(start - 5 * 60_000)
    expect(stack.lookup('key')).toBeUndefined()
    expect(stack.lookupStale('key')).toBeUndefined()
    clock.setWallClock(start)
    expect(stack.lookup('key')).toBeDefined()
    clock.setWallClock(start - 5 * 60_000 - 1)
    expect(stack.lookup('key')).toBeUndefined()
    clock.setWallClock(start)
    expect(stack.lookup('key')).toBeUndefined()
    expect(onTierError).toHaveBeenCalledExactlyOnceWith('l1', 'malformed')
  })

  it('never serves an entry outside its times, wherever the clock jumps', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            jump: fc.integer({ min: -2 * DAY, max: 2 * DAY }),
            write: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        (steps) => {
          const { stack, store, clock } = stackOf()
          for (const { jump, write } of steps) {
            clock.setWallClock(clock.now() + jump)
            if (write) store('key')
            const hit = stack.lookupStale('key') as CacheHit | undefined
            if (write) expect(hit?.stale).toBe(false)
            if (!hit) continue
            expect(hit.entry.created_at).toBeLessThanOrEqual(clock.now() + 1_000)
            expect(hit.entry.stale_until).toBeGreaterThan(clock.now())
            expect(hit.stale).toBe(hit.entry.fresh_until <= clock.now())
          }
        },
      ),
    )
  })

  it('deletes the named keys only', () => {
    const { stack, store } = stackOf()
    store('a')
    store('b')
    stack.delete(['a', 'unknown'])
    expect(stack.lookup('a')).toBeUndefined()
    expect(stack.lookup('b')).toBeDefined()
  })
})

describe('the cache stack over an asynchronous tier', () => {
  it('answers an L1 hit without a promise and a deeper one with', async () => {
    const { stack, store, l1 } = twoTiers()
    store('key')
    expect(stack.lookup('key')).not.toBeInstanceOf(Promise)
    l1.clear()
    const deeper = stack.lookup('key')
    expect(deeper).toBeInstanceOf(Promise)
    expect(await deeper).toMatchObject({ level: 'l2', stale: false })
    expect(stack.lookup('key')).toMatchObject({ level: 'l1' })
  })

  it('gives what came up a frozen form and the remaining time', async () => {
    const { stack, store, l1, clock } = twoTiers()
    store('key')
    const end = clock.now() + HOUR
    l1.clear()
    await clock.advance(HOUR / 2)
    const hit = await stack.lookup('key')
    expect(Object.isFrozen(hit?.entry.answer)).toBe(true)
    expect(l1.get('key')?.fresh_until).toBe(end)
    await clock.advance(HOUR / 2)
    expect(await stack.lookup('key')).toBeUndefined()
    expect(await stack.lookupStale('key')).toMatchObject({ level: 'l1', stale: true })
  })

  it('does not copy a stale answer up', async () => {
    const { stack, store, l1, clock } = twoTiers()
    store('key')
    l1.clear()
    await clock.advance(HOUR)
    expect(await stack.lookupStale('key')).toMatchObject({ level: 'l2', stale: true })
    expect(l1.stats().entries).toBe(0)
  })

  it('finds the fresh answer below a stale one and replaces that', async () => {
    const { stack, store, l1, l2, clock } = twoTiers()
    store('key', { text: 'old' })
    await clock.advance(HOUR)
    await l2.set('key', entry(clock.now(), { text: 'new' }))
    expect(await text(stack.lookup('key'))).toBe('new')
    expect(l1.get('key')?.answer.text).toBe('new')
  })

  it('searches every tier in turn', async () => {
    const { stack, tiers, clock } = stackOf((time) => [
      memoryTier({ clock: time }),
      mapTier(time, 'l2'),
      mapTier(time, 'l3'),
    ])
    expect(await stack.lookup('key')).toBeUndefined()
    await tiers[2]?.set('key', entry(clock.now()))
    expect(await stack.lookup('key')).toMatchObject({ level: 'l3' })
    await stack.flush()
    expect([tiers[0]?.stats().entries, tiers[1]?.stats().entries]).toEqual([1, 1])
  })

  it('does not let a slow read overwrite what was stored meanwhile', async () => {
    const { stack, store, l1, l2, clock } = twoTiers()
    await l2.set('key', entry(clock.now() - 1, { text: 'old' }))
    const slow = stack.lookup('key')
    store('key', { text: 'new' })
    await slow
    await stack.flush()
    expect(l1.get('key')?.answer.text).toBe('new')
  })

  it('does not bring a deleted answer back up', async () => {
    const { stack, l1, l2, clock } = twoTiers()
    await l2.set('key', entry(clock.now()))
    const slow = stack.lookup('key')
    stack.delete(['key'])
    await slow
    await stack.flush()
    expect(l1.get('key')).toBeUndefined()
    expect(l2.map.size).toBe(0)
  })

  it('flushes the writes under way and closes every tier once', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const done: string[] = []
    const { stack, store } = stackOf((clock) => [
      {
        ...mapTier(clock),
        set: async () => {
          await gate
          done.push('set')
        },
        flush: async () => void done.push('flush'),
        close: async () => void done.push('close'),
      },
    ])
    store('key')
    const flushed = stack.flush().then(() => done.push('flushed'))
    await settle()
    expect(done).toEqual([])
    release()
    await flushed
    expect(done).toEqual(['set', 'flush', 'flushed'])
    await Promise.all([stack.close(), stack.close()])
    expect(done).toEqual(['set', 'flush', 'flushed', 'flush', 'close'])
  })
})

describe('an answer past its time, with revalidation', () => {
  const revalidating = { staleWhileRevalidateSeconds: 60 }

  it('is given for that long, marked as stale, without a promise', async () => {
    const { stack, store, clock } = stackOf(undefined, revalidating)
    store('key')
    await clock.advance(HOUR - 1)
    expect(stack.lookup('key')).toMatchObject({ stale: false })
    await clock.advance(1)
    expect(stack.lookup('key')).toMatchObject({ stale: true, level: 'l1' })
    await clock.advance(59_999)
    expect(stack.lookup('key')).toMatchObject({ stale: true })
    await clock.advance(1)
    expect(stack.lookup('key')).toBeUndefined()
    expect(stack.lookupStale('key')).toMatchObject({ stale: true })
  })

  it('is not given beyond its grace', async () => {
    const { stack, store, clock } = stackOf(undefined, { ...revalidating, graceSeconds: 10 })
    store('key')
    await clock.advance(HOUR + 9_999)
    expect(stack.lookup('key')).toMatchObject({ stale: true })
    await clock.advance(1)
    expect(stack.lookup('key')).toBeUndefined()
  })

  it('is not given when a level below has a fresh one, and the newest when none has', async () => {
    const { stack, store, l1, l2, clock } = twoTiers(revalidating)
    store('key', { text: 'old' })
    await clock.advance(HOUR + 1_000)
    await l2.set('key', entry(clock.now() - HOUR, { text: 'newer' }))
    expect(await stack.lookup('key')).toMatchObject({ stale: true, level: 'l2' })
    expect(await text(stack.lookup('key'))).toBe('newer')
    expect(l1.get('key')?.answer.text).toBe('old')
    await l2.set('key', entry(clock.now(), { text: 'new' }))
    expect(await stack.lookup('key')).toMatchObject({ stale: false, level: 'l2' })
    expect(stack.lookup('key')).toMatchObject({ stale: false, level: 'l1' })
  })

  it('is given when the level below fails or hangs', async () => {
    const clock = new FakeClock()
    const never = (): Promise<never> => new Promise(() => undefined)
    const tiers = [memoryTier({ clock }), { ...mapTier(clock), get: never }]
    const { stack, store } = stackOf(() => tiers, { clock, ...revalidating })
    store('key')
    await clock.advance(HOUR)
    const found = stack.lookup('key')
    await clock.advance(100)
    expect(await found).toMatchObject({ stale: true, level: 'l1' })
  })

  it('does not keep a substitute away', async () => {
    const { stack, store, clock } = stackOf(undefined, revalidating)
    store('key')
    await clock.advance(HOUR)
    store('key', { text: 'substitute', substitution: 'any' })
    expect(await text(stack.lookup('key'))).toBe('substitute')
  })
})

describe('what store gives', () => {
  const stored = (over: object, build?: (clock: FakeClock) => CacheTier[]) => {
    const { stack } = stackOf(build)
    return stack.store('key', answer(over), { generation: stack.generation })
  }

  it('is no promise when nothing is pending', () => {
    expect(stored({})).toBe(true)
    expect(stored({ substitution: 'any' })).toBe(true)
    expect(stored({ finish_reason: 'length' }, (clock) => [mapTier(clock)])).toBe(false)
  })

  it('says when it was dropped, also by an invalidation during the writes', async () => {
    let open = (): void => undefined
    const { stack } = stackOf((clock) => [
      {
        ...mapTier(clock),
        set: () =>
          new Promise<void>((resolve) => {
            open = resolve
          }),
      },
    ])
    const store = (generation = stack.generation) =>
      stack.store('key', answer(), { generation, tags: ['geo'] })
    const kept = store()
    open()
    expect(await kept).toBe(true)
    const { generation } = stack
    const dropped = store()
    void stack.invalidateTags(['geo'])
    open()
    expect(await dropped).toBe(false)
    expect(store(generation)).toBe(false)
  })

  it('comes without a mark for an answer asked for anew where nobody keeps marks', () => {
    const { stack } = stackOf()
    const { generation } = stack
    expect(stack.store('key', answer(), { generation, replaces: true })).toBe(true)
    expect(stack.generation).toBe(generation)
  })

  it.each(['none', 'any'] as const)(
    'resolves when every tier has written, substitution %s',
    async (substitution) => {
      const gates: (() => void)[] = []
      const gated = (clock: FakeClock, level: 'l2' | 'l3'): CacheTier => ({
        ...mapTier(clock, level),
        set: () => new Promise((resolve) => gates.push(resolve)),
      })
      const done = vi.fn()
      const kept = stored({ substitution }, (clock) => [gated(clock, 'l2'), gated(clock, 'l3')])
      void Promise.resolve(kept).then(done)
      await settle()
      gates[0]?.()
      await settle()
      expect(done).not.toHaveBeenCalled()
      gates[1]?.()
      await settle()
      expect(done).toHaveBeenCalledOnce()
    },
  )

  it('resolves when a tier has given up', async () => {
    const { stack, clock } = stackOf((time) => [
      { ...mapTier(time), set: () => new Promise(() => undefined) },
      { ...mapTier(time, 'l3'), set: () => Promise.reject(new Error('full')) },
    ])
    const done = vi.fn()
    void Promise.resolve(stack.store('key', answer(), { generation: 0, replaces: true })).then(done)
    await clock.advance(249)
    expect(done).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(done).toHaveBeenCalledOnce()
    expect(stack.tier('l2')).toMatchObject({ timeouts: 1 })
    expect(stack.tier('l3')).toMatchObject({ errors: 1, enabled: true })
  })
})

describe('the state of a level', () => {
  it('is told at every change, and logged when it becomes ill or well', async () => {
    const lines: string[] = []
    const log = (fields: object, message: string) => {
      lines.push(`${message} ${JSON.stringify(fields)}`)
    }
    const logger = { debug: log, info: log, warn: log, error: log }
    let up = false
    const onTierState = vi.fn()
    const { stack, clock } = stackOf(
      (time) => [
        {
          ...mapTier(time),
          get: async () => {
            if (!up) throw new Error('secret')
            return undefined
          },
        },
      ],
      { logger, onTierState },
    )
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 10; count += 1) await stack.lookup('key')
      await clock.advance(2_000)
    }
    up = true
    await clock.advance(4_000)
    await stack.lookup('key')
    const states = onTierState.mock.calls.map((call) => call.join(' '))
    expect(states).toEqual([
      'l2 down error',
      'l2 probing retry',
      'l2 down error',
      'l2 probing retry',
      'l2 down error',
      'l2 probing retry',
      'l2 ok recovered',
    ])
    expect(lines).toEqual([
      'a cache level failed: it counts as a miss {"level":"l2","state":"down","reason":"error"}',
      'a cache level is well again {"level":"l2","reason":"recovered"}',
    ])
  })
})

describe('a substituted answer', () => {
  const substitute = { text: 'substitute', substitution: 'any' as const }

  it('is stored where nothing is, and overwritten by an exact one', () => {
    const { stack, store } = stackOf()
    store('key', substitute)
    expect(stack.lookup('key')).toMatchObject({ entry: { answer: substitute } })
    store('key', { text: 'exact' })
    expect(stack.lookup('key')).toMatchObject({ entry: { answer: { text: 'exact' } } })
  })

  it('never overwrites a fresh exact one', () => {
    const { stack, store } = stackOf()
    store('key', { text: 'exact' })
    store('key', substitute)
    expect(stack.lookup('key')).toMatchObject({ entry: { answer: { text: 'exact' } } })
  })

  it('overwrites a stale exact one and an older substitute', async () => {
    const { stack, store, clock } = stackOf()
    store('key', { text: 'exact' })
    await clock.advance(HOUR)
    store('key', substitute)
    expect(await text(stack.lookup('key'))).toBe('substitute')
    store('key', { ...substitute, text: 'newer' })
    expect(await text(stack.lookup('key'))).toBe('newer')
  })

  it('does not hide a fresh exact one of a lower tier', async () => {
    const { stack, store, l1, l2, clock } = twoTiers()
    await l2.set('key', entry(clock.now(), { text: 'exact' }))
    store('key', substitute)
    await stack.flush()
    expect(l1.get('key')?.answer.text).toBe('exact')
    expect(await text(stack.lookup('key'))).toBe('exact')
    expect(l2.map.get('key')).toContain('exact')
  })

  it('loses to an exact one that is stored while the tiers are asked', async () => {
    const { stack, store, l1, l2 } = twoTiers()
    store('key', substitute)
    store('key', { text: 'exact' })
    await stack.flush()
    expect(l1.get('key')?.answer.text).toBe('exact')
    expect(l2.map.get('key')).toContain('exact')
  })

  it('does not replace an exact one when copied up', async () => {
    const { stack, store, l1, l2, clock } = twoTiers()
    await l2.set('key', entry(clock.now(), substitute))
    const slow = stack.lookup('key')
    await clock.advance(0)
    l1.set('key', entry(clock.now() - 1, { text: 'exact' }))
    await slow
    store('other')
    await stack.flush()
    expect(l1.get('key')?.answer.text).toBe('exact')
  })

  it('is dropped when a clear comes while the tiers are asked', async () => {
    const { stack, store, l1, l2 } = twoTiers()
    store('key', substitute)
    await stack.clear('l1')
    await stack.flush()
    expect([l1.stats().entries, l2.map.size]).toEqual([0, 0])
  })
})

describe('clear', () => {
  it('empties one level or all, and counts an absent one as cleared', async () => {
    const { stack, store, l1, l2 } = twoTiers()
    store('key')
    expect(await stack.clear('l1')).toEqual({ l1: { success: true } })
    expect([l1.stats().entries, l2.map.size]).toEqual([0, 1])
    expect(await stack.clear('l3')).toEqual({ l3: { success: true } })
    expect(await stack.clear('all')).toEqual({
      l1: { success: true },
      l2: { success: true },
      l3: { success: true },
    })
    expect(l2.map.size).toBe(0)
  })

  it('moves the generation, so that answers of older calls are not stored', async () => {
    const { stack } = stackOf()
    const { generation } = stack
    await stack.clear('l1')
    expect(stack.generation).not.toBe(generation)
    void stack.store('key', answer(), { generation })
    expect(stack.lookup('key')).toBeUndefined()
    void stack.store('key', answer(), { generation: stack.generation })
    expect(stack.lookup('key')).toBeDefined()
  })

  it('moves the generation at once, before a slow tier is done', () => {
    const { stack } = stackOf((clock) => [
      { ...mapTier(clock), clear: () => new Promise<void>(() => undefined) },
    ])
    const { generation } = stack
    void stack.clear('all')
    expect(stack.generation).not.toBe(generation)
  })

  it('makes a lookup that began before it a miss', async () => {
    const { stack, l1, l2, clock } = twoTiers()
    await l2.set('key', entry(clock.now()))
    const slow = stack.lookup('key')
    const cleared = stack.clear('all')
    expect(await slow).toBeUndefined()
    await cleared
    expect(l1.stats().entries).toBe(0)
  })

  it('takes back a write that it overtook', async () => {
    let land = (): void => undefined
    const clock = new FakeClock()
    const l2 = mapTier(clock)
    const late: CacheTier = {
      ...l2,
      set: (key, value) =>
        new Promise<void>((resolve) => {
          land = () => {
            l2.map.set(key, JSON.stringify(value))
            resolve()
          }
        }),
    }
    const { stack, store } = stackOf(() => [late], { clock })
    store('key')
    await stack.clear('all')
    land()
    await stack.flush()
    await settle()
    expect(l2.map.size).toBe(0)
  })

  it('says which level failed, and serves nothing that was there before', async () => {
    const clock = new FakeClock()
    const l2 = mapTier(clock)
    const stuck: CacheTier = { ...l2, clear: () => Promise.reject(new Error('down')) }
    const { stack, store } = stackOf(() => [memoryTier({ clock }), stuck], { clock })
    store('key')
    await stack.flush()
    expect(await stack.clear('all')).toEqual({
      l1: { success: true },
      l2: { success: false },
      l3: { success: true },
    })
    expect(l2.map.size).toBe(1)
    expect(await stack.lookup('key')).toBeUndefined()
    await stack.flush()
    expect(l2.map.size).toBe(0)

    await clock.advance(1)
    store('key')
    await stack.flush()
    expect(await stack.lookup('key')).toBeDefined()
    expect(stack.errors('l2')).toBe(1)
  })
})

describe('a failing tier', () => {
  const boom = () => {
    throw new Error('secret prompt text')
  }
  const reject = () => Promise.reject(new Error('secret prompt text'))
  const broken = (level: 'l1' | 'l2', fail: () => never | Promise<never>): CacheTier => ({
    level,
    get: fail,
    set: fail,
    delete: fail,
    clear: fail,
    stats: boom,
    flush: fail,
    close: fail,
  })

  it.each([
    ['throws', boom],
    ['rejects', reject],
  ])('that %s is a miss and a count, never an error', async (_, fail) => {
    const clock = new FakeClock()
    const l3 = mapTier(clock, 'l3')
    const { stack, store, onTierError } = stackOf(() => [broken('l1', fail), l3], { clock })
    store('key')
    store('other', { substitution: 'any' })
    await stack.flush()
    expect(await stack.lookup('key')).toMatchObject({ level: 'l3' })
    expect(await stack.lookup('other')).toMatchObject({ level: 'l3' })
    stack.delete(['key'])
    expect(await stack.clear('all')).toMatchObject({ l1: { success: false } })
    expect(stack.tier('l1')).toBeUndefined()
    await stack.close()
    const kinds = new Set(onTierError.mock.calls.map(([level, kind]) => `${level} ${kind}`))
    const always = ['l1 close', 'l1 flush', 'l1 get', 'l1 set', 'l1 stats']
    // After three failures one that is asynchronous is not asked any more.
    const more = fail === boom ? ['l1 clear', 'l1 delete'] : []
    expect([...kinds].sort()).toEqual([...more, ...always].sort())
    expect(stack.errors('l1')).toBe(onTierError.mock.calls.length)
    expect(stack.errors('l3')).toBe(0)
    expect(JSON.stringify(onTierError.mock.calls)).not.toContain('secret')
  })

  it('survives a listener that throws', async () => {
    const { stack } = stackOf(() => [broken('l1', boom)], { onTierError: boom })
    expect(stack.lookup('key')).toBeUndefined()
    expect(stack.errors('l1')).toBe(1)
  })

  it.each([
    ['null', null],
    ['a number', 42],
    ['an array', []],
    ['an unknown version', { ...entry(0), v: 2 }],
    ['an answer that was cut off', { ...entry(0), answer: answer({ finish_reason: 'length' }) }],
    ['an object whose fields throw', Object.defineProperty({}, 'v', { get: boom })],
  ])('that gives back %s is a miss', async (_, garbage) => {
    for (const get of [() => garbage, () => Promise.resolve(garbage)]) {
      const deleted: string[] = []
      const { stack } = stackOf((clock) => [
        {
          ...mapTier(clock),
          get: get as () => CacheEntry,
          delete: (keys) => void deleted.push(...keys),
        },
      ])
      expect(await stack.lookup('key')).toBeUndefined()
      expect(await stack.lookupStale('key')).toBeUndefined()
      expect(deleted).toEqual(garbage === null ? [] : ['key', 'key'])
    }
  })

  it('that never answers keeps at most a thousand writes waiting', () => {
    const never = () => new Promise<never>(() => undefined)
    let writes = 0
    const { stack, store, onTierError } = stackOf((clock) => [
      {
        ...mapTier(clock),
        get: never,
        set: () => {
          writes += 1
          return never()
        },
      },
    ])
    for (let index = 0; index < 1_200; index++) store(`key ${String(index)}`)
    expect(writes).toBe(1_000)
    expect(stack.errors('l2')).toBe(200)
    expect(onTierError).toHaveBeenLastCalledWith('l2', 'overflow')
  })
})
