import { describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../../src/contracts/clock.js'
import type { CacheTier, TierContext } from '../../../src/contracts/cache-tier.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { Marks } from '../../../src/features/cache/marks.js'
import { MAX_PENDING_WRITES, SafeTier } from '../../../src/features/cache/safe-tier.js'
import { createCacheStack } from '../../../src/features/cache/stack.js'
import { GuardError } from '../../../src/util/guard.js'
import { silentLogger } from '../../../src/util/logger.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { entry, mapTier, settle, type MapTier } from './fixtures.js'

const never = (): Promise<never> => new Promise(() => undefined)

function shielded(over: (inner: MapTier) => Partial<CacheTier> = () => ({})) {
  const clock = new FakeClock()
  const inner = mapTier(clock)
  const kinds: string[] = []
  const states: string[] = []
  const marks = new Marks(clock)
  const tier = new SafeTier(
    { ...inner, ...over(inner) },
    {
      clock,
      marks,
      onError: (_, kind) => kinds.push(kind),
      onState: (_, state, reason) => states.push(`${state} ${reason}`),
    },
  )
  return { clock, inner, kinds, states, marks, tier }
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
  it('in a read is a miss after 100 ms, counted as a timeout', async () => {
    const { clock, kinds, tier } = shielded(() => ({ get: never }))
    expect(await settlesAt(clock, tier.get('key', clock.now()), 100)).toBeUndefined()
    expect(kinds).toEqual(['timeout'])
    expect(tier.health).toMatchObject({ timeouts: 1, errors: 0, hits: 0, misses: 0 })
    expect(clock.pending).toBe(0)
  })

  it('though it guards itself is left behind after 250 ms in a read, 1 s in a write', async () => {
    const { clock, kinds, tier } = shielded(() => ({ guarded: true, get: never, set: never }))
    for (let round = 0; round < 4; round += 1) {
      await settlesAt(clock, tier.get('key', clock.now()), 250)
      await settlesAt(clock, tier.set('key', entry(clock.now())), 1_000)
    }
    expect(kinds).toEqual(Array(8).fill('timeout'))
    expect(tier.health).toMatchObject({ state: 'ok', skipped: 0 })
  })

  it('in a clear is not cleared after 1 s', async () => {
    const { clock, kinds, tier } = shielded(() => ({ clear: never }))
    expect(await settlesAt(clock, tier.clear(), 1_000)).toBe(false)
    expect(kinds).toEqual(['timeout'])
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

  it('in a write does not hold up a flush for longer than 250 ms, nor a later one at all', async () => {
    const { clock, kinds, tier } = shielded(() => ({ set: never, delete: never }))
    void tier.set('key', entry(clock.now()))
    tier.delete(['other'])
    await settlesAt(clock, tier.flush(), 250)
    expect(kinds).toEqual(['timeout', 'timeout'])
    await tier.flush()
    expect(clock.pending).toBe(0)
  })

  it('still counts its unanswered writes, so that memory stays bounded', async () => {
    const { clock, kinds, tier } = shielded(() => ({ set: never }))
    for (let index = 0; index < MAX_PENDING_WRITES; index += 1) {
      void tier.set(`key ${String(index)}`, entry(clock.now()))
    }
    await clock.advance(250)
    expect(kinds).toEqual(['timeout', 'timeout', 'timeout'])
    expect(tier.health).toMatchObject({ state: 'down', skipped: MAX_PENDING_WRITES - 3 })
    expect(tier.set('one more', entry(clock.now()))).toBeUndefined()
    expect(kinds.at(-1)).toBe('overflow')
    expect(tier.health.dropped).toBe(1)
  })

  it('lets the levels below answer', async () => {
    const clock = new FakeClock()
    const l3 = mapTier(clock, 'l3')
    const tiers = [memoryTier({ clock }), { ...mapTier(clock), get: never }, l3]
    const stack = createCacheStack({ tiers, clock, random: () => 0.5 })
    await l3.set('key', entry(clock.now()))
    const hit = await settlesAt(clock, stack.lookup('key'), 100)
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
    await clock.advance(2_000)
    expect([await found, await written, await cleared]).toEqual([undefined, undefined, false])
    await flushed
    expect(kinds).toEqual(['timeout', 'timeout', 'timeout', 'timeout'])
    end(late)
    await settle()
    expect(kinds).toHaveLength(4)
    expect(inner.map.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('with a write that lands behind a mark takes it back, however late', async () => {
    const { promise, resolve } = deferred()
    const { clock, tier, inner, marks } = shielded((map) => ({
      set: async (key, value) => {
        await promise
        await map.set(key, value)
      },
    }))
    void tier.set('key', entry(clock.now()))
    await clock.advance(60_000)
    marks.make(['l2'])
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
    const tier = new SafeTier(memoryTier({ clock }), { clock, marks: new Marks(clock) })
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
        await new Promise<void>((resolve) => clock.schedule(99, resolve))
        return map.get(key)
      },
    }))
    await tier.set('key', entry(clock.now()))
    expect(await settlesAt(clock, tier.get('key', clock.now()), 99)).toBeDefined()
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
      expect(schedule).toHaveBeenCalledOnce()
      return schedule.mock.calls[0]?.[2]?.keepAlive === true
    }
    expect(await keepsAlive(() => tier.clear())).toBe(true)
    expect(await keepsAlive(() => tier.flush())).toBe(true)
    expect(await keepsAlive(() => tier.get('key', 0))).toBe(false)
    expect(await keepsAlive(() => tier.set('key', entry(0)))).toBe(false)
    expect(await keepsAlive(() => tier.close())).toBe(false)
  })
})

describe('a tier without a guard of its own', () => {
  it('is left alone after three failures, for a second at first, and asked by one call then', async () => {
    let asked = 0
    let up = false
    const { clock, tier, states, kinds } = shielded((inner) => ({
      get: async (key) => {
        asked += 1
        if (!up) throw new Error('down')
        return inner.get(key)
      },
    }))
    const read = () => tier.get('key', clock.now())
    for (let count = 0; count < 5; count += 1) expect(await read()).toBeUndefined()
    expect(asked).toBe(3)
    expect(states).toEqual(['down error'])
    expect(kinds).toEqual(['get', 'get', 'get'])
    expect(tier.health).toMatchObject({ state: 'down', errors: 3, skipped: 2, misses: 0 })

    await clock.advance(1_000)
    await Promise.all([read(), read(), read()])
    expect(asked).toBe(4)
    expect(states.slice(1)).toEqual(['probing retry', 'down error'])
    await clock.advance(1_999)
    await read()
    expect(asked).toBe(4)

    up = true
    await clock.advance(1)
    await tier.set('key', entry(clock.now()))
    expect(await read()).toBeDefined()
    expect(states.slice(3)).toEqual(['probing retry', 'ok recovered'])
    expect(tier.health.state).toBe('ok')
    expect(clock.pending).toBe(0)
  })

  it('is asked once for what many want at the same time, and again after a write', async () => {
    const asked: (() => void)[] = []
    const { clock, tier } = shielded(() => ({
      get: () =>
        new Promise((resolve) => {
          asked.push(() => {
            resolve(undefined)
          })
        }),
    }))
    const get = (): unknown => tier.get('key', clock.now())
    const first = Array.from({ length: 1_000 }, get)
    expect(asked).toHaveLength(1)
    tier.delete(['key'])
    const later = [get(), get()]
    expect(asked).toHaveLength(2)
    for (const answer of asked) answer()
    expect(await Promise.all([...first, ...later])).toEqual(Array(1_002).fill(undefined))
    get()
    expect(asked).toHaveLength(3)
  })

  it('is not waited for any longer by those who wait when it goes down', async () => {
    const { clock, tier, kinds } = shielded(() => ({ get: never }))
    const waiting: unknown[] = []
    const begin = (count: number) => {
      for (let index = 0; index < count; index += 1) {
        waiting.push(tier.get(`key ${waiting.length}`, clock.now()))
      }
    }
    begin(3)
    await clock.advance(50)
    begin(200)
    await clock.advance(50)
    expect(await Promise.all(waiting)).toEqual(Array(203).fill(undefined))
    expect(kinds).toEqual(['timeout', 'timeout', 'timeout'])
    expect(tier.health).toMatchObject({ timeouts: 3, skipped: 200 })
  })

  it('is not written to, deleted from, cleared or listed while it is down, and all that costs no wait', async () => {
    const calls: string[] = []
    const { clock, tier } = shielded(() => ({
      get: () => Promise.reject(new Error('down')),
      set: async () => void calls.push('set'),
      delete: async () => void calls.push('delete'),
      clear: async () => void calls.push('clear'),
      recent: () => {
        calls.push('recent')
        return []
      },
    }))
    for (let count = 0; count < 3; count += 1) await tier.get('key', clock.now())
    const schedule = vi.spyOn(clock, 'schedule')
    await tier.set('key', entry(clock.now()))
    tier.delete(['key'])
    expect(await tier.clear()).toBe(false)
    expect(await tier.recent(5)).toBeUndefined()
    expect(calls).toEqual([])
    expect(schedule).not.toHaveBeenCalled()
  })

  it('is asked again at once when it is synchronous, however often it throws', () => {
    let asked = 0
    const { clock, tier } = shielded(() => ({
      get: () => {
        asked += 1
        throw new Error('broken')
      },
    }))
    for (let count = 0; count < 10; count += 1) {
      expect(tier.get('key', clock.now())).toBeUndefined()
    }
    expect(asked).toBe(10)
    expect(tier.health).toMatchObject({ state: 'ok', errors: 10 })
  })
})

describe('a tier that guards itself', () => {
  it('counts as skipped what it does not ask, and as a timeout what it gave up', async () => {
    let kind: 'down' | 'timeout' = 'timeout'
    const { clock, tier, kinds } = shielded(() => ({
      guarded: true,
      get: () => Promise.reject(new GuardError(kind)),
    }))
    await tier.get('key', clock.now())
    kind = 'down'
    for (let count = 0; count < 10; count += 1) await tier.get('key', clock.now())
    expect(tier.health).toMatchObject({ timeouts: 1, skipped: 10, errors: 0, state: 'ok' })
    expect(kinds).toEqual(['timeout'])
  })

  it('says itself how it is', () => {
    let told: TierContext['onState'] = () => undefined
    const { clock, tier, states } = shielded(() => ({
      guarded: true,
      open: ({ onState }) => {
        told = onState
      },
    }))
    const context = { clock, random: () => 0.5, logger: silentLogger, ttlSeconds: 60 }
    tier.open(context, () => undefined)
    told('down', 'timeout')
    expect(tier.health.state).toBe('down')
    told('off', 'disk')
    expect(states).toEqual(['down timeout', 'off disk'])
  })

  it('that throws when it is opened, or asked for marks, is counted', () => {
    const boom = () => {
      throw new Error('boom')
    }
    const { clock, tier, kinds } = shielded(() => ({
      open: boom,
      marks: { put: boom, subscribe: boom },
    }))
    const context = { clock, random: () => 0.5, logger: silentLogger, ttlSeconds: 60 }
    tier.open(context, () => undefined)
    expect(kinds).toEqual(['open', 'marks'])
  })
})

describe('the counts of a tier', () => {
  it('tell what its reads gave', async () => {
    const { clock, tier, marks } = shielded()
    await tier.set('key', entry(clock.now()))
    await tier.get('key', clock.now())
    await tier.get('other', clock.now())
    marks.make(['k:key'])
    await tier.get('key', clock.now())
    expect(tier.health).toEqual({
      state: 'ok',
      hits: 1,
      misses: 2,
      errors: 0,
      timeouts: 0,
      skipped: 0,
      dropped: 0,
    })
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
