import { describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../../src/contracts/clock.js'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { MAX_PENDING_WRITES, SafeTier } from '../../../src/features/cache/safe-tier.js'
import { createCacheStack } from '../../../src/features/cache/stack.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { entry, mapTier, settle, type MapTier } from './fixtures.js'

const never = (): Promise<never> => new Promise(() => undefined)

function shielded(over: (inner: MapTier) => Partial<CacheTier> = () => ({})) {
  const clock = new FakeClock()
  const inner = mapTier(clock)
  const kinds: string[] = []
  const tier = new SafeTier({ ...inner, ...over(inner) }, clock, (_, kind) => kinds.push(kind))
  return { clock, inner, kinds, tier }
}

/** Advances to just before `ms`, then over it; tells when the promise settled, and with what. */
async function settlesAt(clock: FakeClock, work: unknown, ms: number): Promise<unknown> {
  const done = vi.fn()
  void Promise.resolve(work).then(done)
  await clock.advance(ms - 1)
  expect(done).not.toHaveBeenCalled()
  await clock.advance(1)
  expect(done).toHaveBeenCalledOnce()
  return done.mock.calls[0]?.[0]
}

describe('a tier that hangs', () => {
  it('in a read is a miss after 250 ms, counted as a timeout', async () => {
    const { clock, kinds, tier } = shielded(() => ({ get: never }))
    expect(await settlesAt(clock, tier.get('key', clock.now()), 250)).toBeUndefined()
    expect(kinds).toEqual(['timeout'])
    expect(tier.errors).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('in a clear is not cleared after 1 s, and what it held is refused from then on', async () => {
    const { clock, kinds, tier } = shielded(() => ({ clear: never }))
    await tier.set('old', entry(clock.now()))
    expect(await settlesAt(clock, tier.clear(), 1_000)).toBe(false)
    expect(kinds).toEqual(['timeout'])
    expect(await tier.get('old', clock.now())).toBeUndefined()
    await tier.set('new', entry(clock.now()))
    expect(await tier.get('new', clock.now())).toBeDefined()
  })

  it('in a flush or a close is left behind after 1 s', async () => {
    const { clock, kinds, tier } = shielded(() => ({ flush: never }))
    await settlesAt(clock, tier.flush(), 1_000)
    await settlesAt(clock, tier.close(), 1_000)
    expect(kinds).toEqual(['timeout', 'timeout'])
    const closing = shielded(() => ({ close: never }))
    await settlesAt(closing.clock, closing.tier.close(), 1_000)
    expect(closing.kinds).toEqual(['timeout'])
  })

  it('in a write does not hold up a flush for longer than 1 s, nor a later one at all', async () => {
    const { clock, kinds, tier } = shielded(() => ({ set: never, delete: never }))
    void tier.set('key', entry(clock.now()))
    tier.delete(['other'])
    await settlesAt(clock, tier.flush(), 1_000)
    expect(kinds).toEqual(['timeout', 'timeout'])
    await tier.flush()
    expect(clock.pending).toBe(0)
  })

  it('still counts its unanswered writes, so that memory stays bounded', async () => {
    const { clock, kinds, tier } = shielded(() => ({ set: never }))
    for (let index = 0; index < MAX_PENDING_WRITES; index += 1) {
      void tier.set(`key ${String(index)}`, entry(clock.now()))
    }
    await clock.advance(1_000)
    expect(kinds).toHaveLength(MAX_PENDING_WRITES)
    expect(tier.set('one more', entry(clock.now()))).toBeUndefined()
    expect(kinds.at(-1)).toBe('overflow')
  })

  it('lets the levels below answer', async () => {
    const clock = new FakeClock()
    const l3 = mapTier(clock, 'l3')
    const tiers = [memoryTier({ clock }), { ...mapTier(clock), get: never }, l3]
    const stack = createCacheStack({ tiers, clock, random: () => 0.5 })
    await l3.set('key', entry(clock.now()))
    const hit = await settlesAt(clock, stack.lookup('key'), 250)
    expect(hit).toMatchObject({ level: 'l3' })
    expect(stack.errors('l2')).toBe(1)
  })

  it('makes its level unsuccessful in a clear of all, and a flush ends', async () => {
    const clock = new FakeClock()
    const hung = { ...mapTier(clock), clear: never, flush: never }
    const tiers = [memoryTier({ clock }), hung]
    const stack = createCacheStack({ tiers, clock, random: () => 0.5 })
    expect(await settlesAt(clock, stack.clear('all'), 1_000)).toEqual({
      l1: { success: true },
      l2: { success: false },
      l3: { success: true },
    })
    await settlesAt(clock, stack.flush(), 1_000)
  })
})

describe('a tier that is late', () => {
  it.each([
    ['answers', (late: Deferred) => late.resolve('garbage')],
    ['rejects', (late: Deferred) => late.reject(new Error('late'))],
  ])('and %s after the deadline changes nothing', async (_, end) => {
    const late = deferred()
    const { promise } = late
    const { clock, kinds, tier, inner } = shielded(() => ({
      get: () => promise,
      set: () => promise,
      clear: () => promise,
      flush: () => promise,
    }))
    const found = tier.get('key', clock.now())
    const written = tier.set('key', entry(0))
    const cleared = tier.clear()
    const flushed = tier.flush()
    await clock.advance(1_000)
    expect([await found, await written, await cleared]).toEqual([undefined, undefined, false])
    await flushed
    expect(kinds).toEqual(['timeout', 'timeout', 'timeout', 'timeout'])
    end(late)
    await settle()
    expect(kinds).toHaveLength(4)
    expect(inner.map.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('with a write that lands behind a clear takes it back, however late', async () => {
    const { promise, resolve } = deferred()
    const { clock, tier, inner } = shielded((map) => ({
      set: async (key, value) => {
        await promise
        await map.set(key, value)
      },
    }))
    void tier.set('key', entry(clock.now()))
    await clock.advance(60_000)
    expect(await tier.clear()).toBe(true)
    resolve(undefined)
    await settle()
    expect(inner.writes).toEqual(['key'])
    expect(inner.map.size).toBe(0)
  })
})

describe('a deadline', () => {
  it('needs no timer for a synchronous tier', async () => {
    const clock = new FakeClock()
    const schedule = vi.spyOn(clock, 'schedule')
    const tier = new SafeTier(memoryTier({ clock }), clock, undefined)
    void tier.set('key', entry(clock.now()))
    expect(tier.get('key', clock.now())).toBeDefined()
    tier.delete(['key'])
    await tier.clear()
    await tier.flush()
    await tier.close()
    expect(schedule).not.toHaveBeenCalled()
  })

  it('needs no timer for promises that have settled already', async () => {
    const { clock, tier, kinds } = shielded(() => ({
      delete: () => Promise.reject(new Error('down')),
      flush: () => Promise.resolve(),
      close: async () => undefined,
    }))
    const schedule = vi.spyOn(clock, 'schedule')
    await tier.set('key', entry(clock.now()))
    expect(await tier.get('key', clock.now())).toBeDefined()
    tier.delete(['key'])
    await settle()
    await tier.clear()
    await tier.flush()
    await tier.close()
    expect(schedule).not.toHaveBeenCalled()
    expect(kinds).toEqual(['delete'])
  })

  it('cancels its timer when the tier answers in time', async () => {
    const { clock, tier, kinds } = shielded((map) => ({
      get: async (key) => {
        await new Promise<void>((resolve) => clock.schedule(249, resolve))
        return map.get(key)
      },
    }))
    await tier.set('key', entry(clock.now()))
    expect(await settlesAt(clock, tier.get('key', clock.now()), 249)).toBeDefined()
    expect(clock.pending).toBe(0)
    expect(kinds).toEqual([])
  })

  it('keeps the process alive only where a caller waits for nothing else', async () => {
    const { clock, tier } = shielded(() => ({
      get: never,
      set: never,
      clear: never,
      flush: never,
      close: never,
    }))
    const watched: Clock = clock
    const schedule = vi.spyOn(watched, 'schedule')
    const keepsAlive = async (call: () => unknown): Promise<boolean> => {
      schedule.mockClear()
      void call()
      await settle()
      return schedule.mock.calls[0]?.[2]?.keepAlive === true
    }
    expect(await keepsAlive(() => tier.clear())).toBe(true)
    expect(await keepsAlive(() => tier.flush())).toBe(true)
    expect(await keepsAlive(() => tier.get('key', 0))).toBe(false)
    expect(await keepsAlive(() => tier.set('key', entry(0)))).toBe(false)
    expect(await keepsAlive(() => tier.close())).toBe(false)
  })
})

interface Deferred {
  readonly promise: Promise<never>
  readonly resolve: (value: unknown) => unknown
  readonly reject: (error: Error) => unknown
}

function deferred(): Deferred {
  let resolve: Deferred['resolve'] = () => undefined
  let reject: Deferred['reject'] = () => undefined
  const promise = new Promise<never>((yes, no) => {
    resolve = yes as (value: unknown) => void
    reject = no
  })
  return { promise, resolve, reject }
}
