import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import { memoryTier } from '../../../src/features/cache/memory-tier.js'
import { createCacheStack } from '../../../src/features/cache/stack.js'
import type { CacheStack, CacheStackOptions } from '../../../src/features/cache/stack.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { answer, entry, HOUR, mapTier, settle, sharedStore } from './fixtures.js'

const OK = { l1: { success: true }, l2: { success: true }, l3: { success: true } }

function processOf(clock: FakeClock, lower: CacheTier[], options: Partial<CacheStackOptions> = {}) {
  const l1 = memoryTier({ clock })
  const stack = createCacheStack({ tiers: [l1, ...lower], clock, random: () => 0.5, ...options })
  const store = (key: string, text: string, stored: object = {}) =>
    stack.store(key, answer({ text }), { generation: stack.generation, ...stored })
  const read = async (key: string) => (await stack.lookup(key))?.entry.answer.text
  return { l1, stack, store, read }
}

/** Two processes that share an L2. */
function twoProcesses() {
  const clock = new FakeClock()
  const shared = sharedStore(clock)
  const [here, there] = [
    processOf(clock, [shared.connect()]),
    processOf(clock, [shared.connect()]),
  ] as const
  return { clock, shared, here, there }
}

describe('invalidating a tag', () => {
  it('forgets the entries that carry it, in every level, and no others', async () => {
    const clock = new FakeClock()
    const lower = [sharedStore(clock, 'l2'), sharedStore(clock, 'l3')]
    const { l1, stack, store, read } = processOf(
      clock,
      lower.map((store) => store.connect()),
    )
    await store('france', 'Paris', { tags: ['geo', 'europe'] })
    await store('japan', 'Tokyo', { tags: ['geo'] })
    await store('bread', 'flour', { tags: ['food'] })
    expect(await stack.invalidateTags(['europe', 'unknown', 'europe'])).toEqual(OK)
    for (const forgotten of [
      new Map(),
      {
        clear: () => {
          l1.clear()
        },
      },
      lower[0]!.map,
    ]) {
      forgotten.clear()
      expect(await read('france')).toBeUndefined()
      expect(await stack.lookupStale('france')).toBeUndefined()
      expect(await read('japan')).toBe('Tokyo')
      expect(await read('bread')).toBe('flour')
    }
    expect([...lower[1]!.kept.keys()]).toEqual(['t:europe', 't:unknown'])
  })

  it('lets answers in that are made afterwards, and keeps those out that were asked for before', async () => {
    const { stack, store, read } = processOf(new FakeClock(), [])
    const { generation } = stack
    await stack.invalidateTags(['geo'])
    await store('old', 'old', { tags: ['geo'], generation })
    await store('other', 'other', { tags: ['food'], generation })
    await store('new', 'new', { tags: ['geo'] })
    expect([await read('old'), await read('other'), await read('new')]).toEqual([
      undefined,
      'other',
      'new',
    ])
  })

  it('moves the version of that tag, so that nobody joins a call begun before', async () => {
    const { stack } = processOf(new FakeClock(), [])
    const before = [stack.versionOf(['geo']), stack.versionOf(['food']), stack.versionOf(undefined)]
    await stack.invalidateTags(['geo'])
    expect(stack.versionOf(['geo'])).not.toBe(before[0])
    expect([stack.versionOf(['food']), stack.versionOf(undefined)]).toEqual(before.slice(1))
    await stack.clear('l1')
    expect(stack.versionOf(['food'])).not.toBe(before[1])
  })

  it('says which level cannot tell other processes or a later start', async () => {
    const clock = new FakeClock()
    const shared = sharedStore(clock, 'l3')
    const { stack } = processOf(clock, [mapTier(clock, 'l2'), shared.connect()])
    expect(await stack.invalidateTags(['geo'])).toEqual({ ...OK, l2: { success: false } })
    shared.down()
    expect(await stack.invalidateTags(['geo'])).toMatchObject({ l3: { success: false } })
    expect(stack.errors('l3')).toBe(1)
    const alone = processOf(clock, [])
    expect(await alone.stack.invalidateTags(['geo'])).toEqual(OK)
  })
})

describe('another process', () => {
  it('forgets what was invalidated by tag, by key and by clear, in its memory too', async () => {
    const { here, there } = twoProcesses()
    const fill = async () => {
      for (const key of ['a', 'b']) {
        await here.store(key, key, { tags: [`tag of ${key}`] })
        expect(await there.read(key)).toBe(key)
        expect(there.l1.get(key)).toBeDefined()
      }
    }
    await fill()
    await here.stack.invalidateTags(['tag of a'])
    expect([await there.read('a'), await there.read('b')]).toEqual([undefined, 'b'])
    await fill()
    here.stack.delete(['b'])
    await settle()
    expect([await there.read('a'), await there.read('b')]).toEqual(['a', undefined])
    await fill()
    await here.stack.clear('all')
    expect([await there.read('a'), await there.read('b')]).toEqual([undefined, undefined])
  })

  it('empties its memory on a clear of l1, and copies up again what l2 has', async () => {
    const { here, there } = twoProcesses()
    await here.store('key', 'text')
    await there.read('key')
    await here.stack.clear('l1')
    expect(there.l1.stats().entries).toBe(0)
    expect(await there.stack.lookup('key')).toMatchObject({ level: 'l2' })
    expect(await there.stack.lookup('key')).toMatchObject({ level: 'l1' })
    expect(await here.stack.lookup('key')).toMatchObject({ level: 'l2' })
    expect(await here.stack.lookup('key')).toMatchObject({ level: 'l1' })
  })

  it('keeps its memory on a clear of l2', async () => {
    const { here, there } = twoProcesses()
    await here.store('key', 'text')
    await there.read('key')
    await here.stack.clear('l2')
    expect(await there.stack.lookup('key')).toMatchObject({ level: 'l1' })
    there.l1.clear()
    expect(await there.read('key')).toBeUndefined()
  })

  it('forgets an answer that was asked for anew, and finds the new one', async () => {
    const { here, there } = twoProcesses()
    await here.store('key', 'old')
    expect(await there.read('key')).toBe('old')
    await here.store('key', 'newer')
    await settle()
    expect(await there.read('key')).toBe('old')
    await here.store('key', 'newest', { replaces: true })
    await settle()
    expect(await there.read('key')).toBe('newest')
    expect(await here.read('key')).toBe('newest')
  })

  it('forgets what was made after another invalidation of the same millisecond', async () => {
    const { here, there } = twoProcesses()
    await there.stack.invalidateTags(['geo'])
    await there.store('key', 'text', { tags: ['geo'] })
    await here.stack.clear('all')
    expect(await there.read('key')).toBeUndefined()
  })

  it('does not store what it was asked for before the invalidation', async () => {
    const { here, there } = twoProcesses()
    const { generation } = there.stack
    await here.stack.invalidateTags(['geo'])
    await there.store('key', 'old', { tags: ['geo'], generation })
    expect(await there.read('key')).toBeUndefined()
  })

  it('learns at its start what was invalidated before, and its first answer is stored', async () => {
    const clock = new FakeClock()
    const shared = sharedStore(clock)
    const first = processOf(clock, [shared.connect()])
    await shared.set('key', entry(clock.now() - 1))
    await first.stack.clear('all')
    await shared.set('key', entry(clock.now() - 1))
    await clock.advance(HOUR / 4)
    const { read, store } = processOf(clock, [shared.connect()])
    expect(await read('key')).toBeUndefined()
    await store('key', 'new', { generation: 0 })
    expect(await read('key')).toBe('new')
  })

  it('is not told any more once it is closed', async () => {
    const { shared, here, there } = twoProcesses()
    await there.stack.close()
    expect(shared.connections.size).toBe(1)
    await here.stack.clear('all')
    expect(there.stack.generation).toBe(0)
  })
})

describe('a clear while the store is down', () => {
  it('is in force here at once, is not called a success, and reaches others on its return', async () => {
    const { shared, here, there } = twoProcesses()
    await here.store('key', 'text')
    await there.read('key')
    shared.down()
    expect(await here.stack.clear('all')).toEqual({ ...OK, l2: { success: false } })
    expect(await here.read('key')).toBeUndefined()
    expect(await there.read('key')).toBe('text')
    shared.back()
    expect(shared.map.size).toBe(1)
    expect([await here.read('key'), await there.read('key')]).toEqual([undefined, undefined])
    await here.store('key', 'new')
    expect(await there.read('key')).toBe('new')
    expect(await here.stack.clear('all')).toEqual(OK)
  })

  it('is not a success either when the store is empty but could not keep the mark', async () => {
    const clock = new FakeClock()
    const tier: CacheTier = {
      ...mapTier(clock),
      marks: {
        put: () => Promise.reject(new Error('full')),
        subscribe: () => () => undefined,
      },
    }
    const { stack } = processOf(clock, [tier])
    expect(await stack.clear('all')).toEqual({ ...OK, l2: { success: false } })
    expect(await stack.clear('l1')).toEqual({ l1: { success: true } })
  })

  it('asks a tier without a guard of its own to keep the mark, though nothing else is asked of it', async () => {
    const clock = new FakeClock()
    const put = vi.fn(() => Promise.reject(new Error('down')))
    const reject = () => Promise.reject(new Error('down'))
    const clear = vi.fn(reject)
    const tier: CacheTier = {
      ...mapTier(clock),
      get: reject,
      clear,
      marks: { put, subscribe: () => () => undefined },
    }
    const { stack } = processOf(clock, [tier])
    for (let count = 0; count < 3; count += 1) await stack.lookup('key')
    expect(stack.tier('l2')).toMatchObject({ state: 'down' })
    await stack.clear('all')
    expect(put).toHaveBeenCalledOnce()
    expect(clear).not.toHaveBeenCalled()
  })
})

describe('a read under way', () => {
  it('does not bring back into memory what is invalidated meanwhile', async () => {
    for (const invalidate of [
      (stack: CacheStack) => void stack.clear('all'),
      (stack: CacheStack) => void stack.invalidateTags(['geo']),
      (stack: CacheStack) => {
        stack.delete(['key'])
      },
    ]) {
      const { here, there } = twoProcesses()
      await here.store('key', 'text', { tags: ['geo'] })
      const reading = there.read('key')
      invalidate(here.stack)
      await reading
      await settle()
      expect(there.l1.stats().entries).toBe(0)
      expect(await there.read('key')).toBeUndefined()
    }
  })
})

describe('whatever two processes do with a store they share', () => {
  type Step = { who: 0 | 1; what: string; key: string; tag: string; wait: number }
  type Made = { key: string; tag: string; who: 0 | 1; at: number }
  const step: fc.Arbitrary<Step> = fc.record({
    who: fc.constantFrom(0, 1),
    what: fc.constantFrom(
      'store',
      'store',
      'read',
      'read',
      'tag',
      'clear',
      'delete',
      'toggle',
      'forget',
    ),
    key: fc.constantFrom('a', 'b'),
    tag: fc.constantFrom('x', 'y'),
    wait: fc.constantFrom(0, 0, 0, 0, 1, 100),
  })

  it('never serves an entry that was made before an invalidation that concerns it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, shared, ...both } = twoProcesses()
        const processes = [both.here, both.there] as const
        /** Who knows of an invalidation: the other one only once the store was up after it. */
        const forbidden = [new Map<string, string>(), new Map<string, string>()] as const
        const made = new Map<string, Made>()
        let up = true
        const tell = (): void => {
          if (!up) return
          for (const text of [...forbidden[0].keys(), ...forbidden[1].keys()]) {
            for (const list of forbidden) list.set(text, text)
          }
        }
        const invalidate = (who: 0 | 1, concerns: (of: Made) => boolean) => {
          for (const [text, of] of made) {
            // What processes out of touch do in the same moment has no order.
            const unordered = !up && of.who !== who && of.at > clock.now() - 50
            if (concerns(of) && !unordered) forbidden[who].set(text, text)
          }
          tell()
        }
        const read = async (who: 0 | 1, key: string) => {
          const text = await processes[who].read(key)
          if (text !== undefined) expect(forbidden[who].has(text)).toBe(false)
        }
        for (const [index, { who, what, key, tag, wait }] of steps.entries()) {
          await clock.advance(wait)
          const { stack, store, l1 } = processes[who]
          if (what === 'store') {
            made.set(`text ${index}`, { key, tag, who, at: clock.now() })
            await store(key, `text ${index}`, { tags: [tag] })
          } else if (what === 'tag') {
            await stack.invalidateTags([tag])
            invalidate(who, (of) => of.tag === tag)
          } else if (what === 'clear') {
            await stack.clear('all')
            invalidate(who, () => true)
          } else if (what === 'delete') {
            stack.delete([key])
            await settle()
            invalidate(who, (of) => of.key === key)
          } else if (what === 'toggle') {
            up = !up
            if (up) shared.back()
            else shared.down()
            tell()
          } else if (what === 'forget') {
            l1.clear()
          }
          if (what === 'read') await read(who, key)
          else if (what !== 'store') for (const one of [0, 1] as const) await read(one, key)
        }
      }),
      { numRuns: 300 },
    )
  })
})
