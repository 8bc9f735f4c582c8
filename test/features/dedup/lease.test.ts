import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { createLeases, type LeaseDependencies } from '../../../src/features/dedup/lease.js'
import type { EnterOptions, Lease, LeaseOutcome } from '../../../src/features/dedup/lease-terms.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { MemoryLeaseStore } from './lease-store.js'

const TTL_MS = 9_000
/** The poll comes after 250 ms plus this share of 750. */
const RANDOM = 0.4
const POLL_MS = 550

/** A process that entered, and what came of it. */
interface Entered {
  outcome: LeaseOutcome | undefined
  rejected: unknown
  readonly controller: AbortController
}

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const check of opened.splice(0)) await check()
})

/** One store, the cache its processes share, and how to enter as a process of one's own. */
function world(dependencies: Partial<LeaseDependencies> = {}) {
  const clock = new FakeClock()
  const store = new MemoryLeaseStore(clock)
  const cache = { stored: false, lookups: 0 }
  const signals: AbortSignal[] = []
  let tokens = 0
  const newToken = (): string => `token-${(tokens += 1)}`
  const leases = createLeases({
    ...{ store, clock, random: () => RANDOM, newToken, ttlMs: TTL_MS },
    ...dependencies,
  })
  const enter = async (options: Partial<EnterOptions> = {}): Promise<Entered> => {
    const controller = new AbortController()
    signals.push(controller.signal)
    const entered: Entered = { outcome: undefined, rejected: undefined, controller }
    const lookup = (): boolean => {
      cache.lookups += 1
      return cache.stored
    }
    void leases
      .enter('name', {
        signal: controller.signal,
        wait: true,
        isStored: lookup,
        deadline: () => 60_000,
        ...options,
      })
      .then(
        (outcome) => (entered.outcome = outcome),
        (error: unknown) => (entered.rejected = error),
      )
    await clock.advance(0)
    return entered
  }
  /** Nothing may be left behind, whatever a test did, once a lease that could not be freed has ended. */
  opened.push(async () => {
    expect(store.listeners).toBe(0)
    await clock.advance(TTL_MS)
    expect(clock.pending).toBe(0)
    for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([])
  })
  return { clock, store, cache, enter }
}

function leaseOf({ outcome }: Entered): Lease {
  if (outcome?.kind !== 'owner') throw new Error(`Not an owner: ${outcome?.kind ?? 'nothing yet'}`)
  return outcome.lease
}

describe('a lease that is free', () => {
  it('makes the first one its owner, without a subscription', async () => {
    const { store, cache, enter } = world()
    const first = await enter()
    expect(store.owner('name')).toBe('token-1')
    expect(store.listeners).toBe(0)
    expect(cache.lookups).toBe(1)
    await leaseOf(first).end('stored')
    expect(store.owner('name')).toBeUndefined()
  })

  it('is given back when the answer was stored between the lookup and the take', async () => {
    const { store, cache, enter } = world()
    cache.stored = true
    expect((await enter()).outcome).toEqual({ kind: 'stored' })
    expect(store.calls).toEqual(['take', 'release stored'])
    expect(store.owner('name')).toBeUndefined()
  })

  it('has an owner even when the cache cannot tell', async () => {
    const { enter } = world()
    const entered = await enter({ isStored: () => Promise.reject(new Error('cache')) })
    await leaseOf(entered).end('none')
  })
})

describe('the owner of a lease', () => {
  it('keeps it beyond its lifetime, as long as the call takes', async () => {
    const { clock, store, enter } = world()
    const lease = leaseOf(await enter())
    await clock.advance(10 * TTL_MS)
    expect(store.owner('name')).toBe('token-1')
    expect(store.calls.filter((call) => call === 'extend')).toHaveLength(30)
    await lease.end('stored')
  })

  it('ends it once, and never rejects', async () => {
    const { store, enter } = world()
    const lease = leaseOf(await enter())
    store.broken = true
    await lease.end('stored')
    await lease.end('none')
    expect(store.calls).toEqual(['take', 'release stored'])
    store.drop('name')
  })

  it('does not ask an ill store to end it', async () => {
    const { store, enter } = world()
    const lease = leaseOf(await enter())
    store.available = false
    await lease.end('stored')
    expect(store.calls).toEqual(['take'])
  })

  it('ends it as soon as the store is well again, as long as it lasts', async () => {
    const { clock, store, enter } = world()
    const lease = leaseOf(await enter())
    store.available = false
    await lease.end('stored')
    await clock.advance(TTL_MS / 2)
    expect(store.owner('name')).toBe('token-1')
    store.available = true
    await clock.advance(TTL_MS / 40)
    expect(store.owner('name')).toBeUndefined()
    expect(store.calls).toEqual(['take', 'release stored'])
  })

  it('stops extending a lease it lost, and does not take away the next owner’s', async () => {
    const { clock, store, enter } = world()
    const lease = leaseOf(await enter())
    store.drop('name')
    const next = leaseOf(await enter())
    await clock.advance(TTL_MS)
    expect(store.calls.filter((call) => call === 'extend')).toHaveLength(4)
    await lease.end('stored')
    expect(store.owner('name')).toBe('token-2')
    await next.end('stored')
  })

  it('goes on extending after a failure of the store', async () => {
    const { clock, store, enter } = world()
    const lease = leaseOf(await enter())
    store.broken = true
    await clock.advance(TTL_MS / 3)
    store.broken = false
    await clock.advance(TTL_MS / 3)
    store.available = false
    await clock.advance(TTL_MS / 3)
    store.available = true
    await clock.advance(5 * TTL_MS)
    expect(store.owner('name')).toBe('token-1')
    await lease.end('stored')
  })

  it('leaves no timer when it ends during an extension', async () => {
    const { clock, store, enter } = world()
    const lease = leaseOf(await enter())
    store.latency = 50
    await clock.advance(TTL_MS / 3 + 1)
    const ended = lease.end('stored')
    await clock.advance(100)
    await ended
    expect(clock.pending).toBe(0)
  })
})

describe('a lease that is held', () => {
  it('is waited for, and its answer read when it was stored', async () => {
    const { cache, enter } = world()
    const owner = await enter()
    const others = [await enter(), await enter()]
    expect(others.map(({ outcome }) => outcome)).toEqual([undefined, undefined])
    cache.stored = true
    await leaseOf(owner).end('stored')
    expect((await enter()).outcome).toEqual({ kind: 'stored' })
    expect(others.map(({ outcome }) => outcome?.kind)).toEqual(['stored', 'stored'])
  })

  it('sends everybody off alone when its owner has nothing to share', async () => {
    const { clock, store, enter } = world()
    const owner = await enter()
    const others = [await enter(), await enter(), await enter()]
    await leaseOf(owner).end('none')
    await clock.advance(0)
    expect(others.map(({ outcome }) => outcome?.kind)).toEqual(['alone', 'alone', 'alone'])
    expect(store.owner('name')).toBeUndefined()
  })

  it('passes to one of those who wait when the answer is not there for them', async () => {
    const { clock, enter } = world()
    const owner = await enter()
    const others = [await enter(), await enter(), await enter()]
    await leaseOf(owner).end('stored')
    await clock.advance(0)
    const kinds = others.map(({ outcome }) => outcome?.kind)
    expect(kinds.filter((kind) => kind === 'owner')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === undefined)).toHaveLength(2)
    await leaseOf(others[kinds.indexOf('owner')]!).end('none')
    await clock.advance(0)
  })

  it('passes on within a poll after its lifetime when the owner died', async () => {
    const { clock, store, enter } = world()
    await store.take('name', 'of a process that was killed', TTL_MS)
    const other = await enter()
    await clock.advance(TTL_MS - 1)
    expect(other.outcome).toBeUndefined()
    await clock.advance(1_000)
    await leaseOf(other).end('stored')
  })

  it('is polled, in case the message was lost', async () => {
    const { clock, store, cache, enter } = world()
    store.mute = true
    const owner = await enter()
    const other = await enter()
    cache.stored = true
    await leaseOf(owner).end('stored')
    await clock.advance(POLL_MS - 1)
    expect(other.outcome).toBeUndefined()
    await clock.advance(1)
    expect(other.outcome).toEqual({ kind: 'stored' })
  })

  it('is not waited for by who does not want to', async () => {
    const { store, enter } = world()
    const owner = await enter()
    expect((await enter({ wait: false })).outcome).toEqual({ kind: 'alone' })
    expect(store.calls).toEqual(['take', 'take'])
    await leaseOf(owner).end('stored')
  })

  it('is waited for until half of the time is gone, however the deadline moves', async () => {
    const { clock, enter } = world()
    const owner = await enter()
    let deadline = 3_000
    const other = await enter({ deadline: () => deadline })
    await clock.advance(1_000)
    deadline = 8_000
    await clock.advance(2_999)
    expect(other.outcome).toBeUndefined()
    await clock.advance(1)
    expect(other.outcome).toEqual({ kind: 'alone' })
    await leaseOf(owner).end('stored')
  })

  it('is not waited for when the deadline has passed', async () => {
    const { enter } = world()
    const owner = await enter()
    expect((await enter({ deadline: () => -Infinity })).outcome).toEqual({ kind: 'alone' })
    await leaseOf(owner).end('stored')
  })

  it('does not overhear the release of another name', async () => {
    const { clock, store, enter } = world()
    const owner = await enter()
    const other = await enter()
    await store.take('another', 'token', 1_000)
    await store.release('another', 'token', 'none')
    await clock.advance(0)
    expect(other.outcome).toBeUndefined()
    await leaseOf(owner).end('none')
    await clock.advance(0)
    expect(other.outcome).toEqual({ kind: 'alone' })
  })

  it('wakes who was just being told that it is held', async () => {
    const { clock, store, cache, enter } = world()
    const owner = await enter()
    const take = store.take.bind(store)
    const other = await enter()
    store.take = async (name, token, ttlMs) => {
      const taken = await take(name, token, ttlMs)
      await new Promise<void>((resolve) => clock.schedule(20, resolve))
      return taken
    }
    await clock.advance(POLL_MS + 10)
    cache.stored = true
    await leaseOf(owner).end('stored')
    expect(other.outcome).toBeUndefined()
    await clock.advance(10)
    expect(other.outcome).toEqual({ kind: 'stored' })
  })
})

describe('a store that is ill', () => {
  it('is not asked while it says so', async () => {
    const { store, enter } = world()
    store.available = false
    expect((await enter()).outcome).toEqual({ kind: 'alone' })
    expect(store.calls).toEqual([])
  })

  it('that rejects costs nothing but its own time', async () => {
    const { store, enter } = world()
    store.broken = true
    expect((await enter()).outcome).toEqual({ kind: 'alone' })
  })

  it('that throws does not make the call fail', async () => {
    const { store, enter } = world()
    store.take = () => {
      throw new Error('thrown')
    }
    expect((await enter()).outcome).toEqual({ kind: 'alone' })
  })

  it('that took the lease and could not tell is asked to free it', async () => {
    const { store, enter } = world()
    const take = store.take.bind(store)
    store.take = async (name, token, ttlMs) => {
      await take(name, token, ttlMs)
      throw new Error('timeout')
    }
    expect((await enter()).outcome).toEqual({ kind: 'alone' })
    expect(store.owner('name')).toBeUndefined()
  })

  it('lets those who wait go within 100 ms', async () => {
    const { clock, store, enter } = world()
    const owner = await enter()
    const other = await enter()
    await clock.advance(150)
    store.available = false
    await clock.advance(50)
    expect(other.outcome).toEqual({ kind: 'alone' })
    await leaseOf(owner).end('stored')
  })

  it('that rejects while somebody waits lets go at the next look', async () => {
    const { clock, store, enter } = world()
    const owner = await enter()
    const other = await enter()
    store.broken = true
    await clock.advance(POLL_MS)
    expect(other.outcome).toEqual({ kind: 'alone' })
    await leaseOf(owner).end('stored')
  })
})

describe('a caller who aborts', () => {
  const reason = new Error('aborted by the caller')

  it('before entering is rejected without a question to the store', async () => {
    const { store, enter } = world()
    const entered = await enter({ signal: AbortSignal.abort(reason) })
    expect(entered.rejected).toBe(reason)
    expect(store.calls).toEqual([])
  })

  it('while waiting is rejected at once', async () => {
    const { clock, store, enter } = world()
    const owner = await enter()
    const other = await enter()
    expect(store.listeners).toBe(1)
    other.controller.abort(reason)
    await clock.advance(0)
    expect(other.rejected).toBe(reason)
    expect(store.listeners).toBe(0)
    await leaseOf(owner).end('stored')
  })

  it('while taking is rejected at once, and the lease given back when it was taken', async () => {
    const { clock, store, enter } = world()
    store.latency = 100
    const entered = await enter()
    entered.controller.abort(reason)
    await clock.advance(0)
    expect(entered.rejected).toBe(reason)
    await clock.advance(200)
    expect(store.calls).toEqual(['take', 'release stored'])
    expect(store.owner('name')).toBeUndefined()
  })

  it('while looking into the cache is rejected at once, and gives the lease back', async () => {
    const { clock, store, enter } = world()
    const entered = await enter({ isStored: () => new Promise(() => undefined) })
    expect(store.owner('name')).toBe('token-1')
    entered.controller.abort(reason)
    await clock.advance(0)
    expect(entered.rejected).toBe(reason)
    expect(store.owner('name')).toBeUndefined()
  })

  it('as an owner keeps the lease until its end', async () => {
    const { clock, store, enter } = world()
    const entered = await enter()
    entered.controller.abort(reason)
    await clock.advance(2 * TTL_MS)
    expect(store.owner('name')).toBe('token-1')
    await leaseOf(entered).end('none')
  })
})
