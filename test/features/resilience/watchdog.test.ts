import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ProviderError } from '../../../src/errors.js'
import type { Delta } from '../../../src/contracts/provider.js'
import { watchCall, watchStream } from '../../../src/features/resilience/watchdog.js'
import { systemClock } from '../../../src/util/clock.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

const text = (piece: string): Delta => ({ type: 'text', text: piece })
const alive: Delta = { type: 'alive' }
const finish: Delta = { type: 'finish', finish_reason: 'stop', usage: undefined }
const never = (): Promise<never> => new Promise(() => undefined)
const reasonOf = (error: unknown) =>
  ProviderError.isInstance(error) ? error.facts.reason : `not a ProviderError: ${String(error)}`

interface Told {
  state: 'pending' | 'resolved' | 'rejected'
  value?: unknown
}
function follow(promise: Promise<unknown>): Told {
  const told: Told = { state: 'pending' }
  promise.then(
    (value) => Object.assign(told, { state: 'resolved', value }),
    (error: unknown) => Object.assign(told, { state: 'rejected', value: reasonOf(error) }),
  )
  return told
}

describe('watchCall', () => {
  const setUp = () => {
    const clock = new FakeClock()
    const parent = new AbortController()
    return { clock, parent, limits: { totalMs: 1_000, clock, signal: parent.signal } }
  }
  const released = ({ clock, parent }: ReturnType<typeof setUp>) => {
    expect(clock.pending).toBe(0)
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
  }

  it('returns what the call resolves with, then aborts its signal and lets go of everything', async () => {
    const world = setUp()
    let own: AbortSignal | undefined
    const result = await watchCall(async (signal) => {
      own = signal
      expect(signal.aborted).toBe(false)
      return 42
    }, world.limits)
    expect(result).toBe(42)
    expect(own?.aborted).toBe(true)
    expect(world.parent.signal.aborted).toBe(false)
    released(world)
  })

  it('passes on what the call throws, asynchronously or at once', async () => {
    const world = setUp()
    const error = new Error('mine')
    await expect(watchCall(() => Promise.reject(error), world.limits)).rejects.toBe(error)
    const atOnce = (): Promise<never> => {
      throw error
    }
    await expect(watchCall(atOnce, world.limits)).rejects.toBe(error)
    released(world)
  })

  it('fails with `timeout` and aborts for real, although the call ignores its signal', async () => {
    const world = setUp()
    let own: AbortSignal | undefined
    const told = follow(
      watchCall((signal) => {
        own = signal
        return never()
      }, world.limits),
    )
    await world.clock.advance(999)
    expect(told.state).toBe('pending')
    await world.clock.advance(1)
    expect(told).toEqual({ state: 'rejected', value: 'timeout' })
    expect(own?.aborted).toBe(true)
    released(world)
  })

  it('says `timeout` although the call rejects as soon as its signal aborts', async () => {
    const world = setUp()
    const told = follow(
      watchCall(
        (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reject(new Error('the vendor noticed'))
            })
          }),
        world.limits,
      ),
    )
    await world.clock.advance(1_000)
    expect(told.value).toBe('timeout')
  })

  it('swallows a rejection that comes after the timeout', async () => {
    const world = setUp()
    let fail: (error: Error) => void = () => undefined
    const told = follow(watchCall(() => new Promise((_, reject) => (fail = reject)), world.limits))
    await world.clock.advance(1_000)
    fail(new Error('late'))
    await world.clock.advance(1)
    expect(told.value).toBe('timeout')
  })

  it('fails with `aborted` when the parent aborts, before or during the call', async () => {
    const world = setUp()
    const told = follow(watchCall(never, world.limits))
    world.parent.abort()
    await world.clock.advance(0)
    expect(told.value).toBe('aborted')
    released(world)
    let called = false
    const again = follow(
      watchCall(async () => {
        called = true
      }, world.limits),
    )
    await world.clock.advance(0)
    expect([again.value, called]).toEqual(['aborted', false])
  })
})

/** A source that yields what it is told to, when it is told to, and ignores its signal. */
function createSource() {
  const ready: { at: 'delta' | 'end' | 'error'; value?: unknown }[] = []
  let wake: (() => void) | undefined
  const seen = { signal: undefined as AbortSignal | undefined, opened: 0, reads: 0, returned: 0 }
  const push = (item: (typeof ready)[number]) => {
    ready.push(item)
    wake?.()
  }
  return {
    seen,
    delta: (delta: Delta) => {
      push({ at: 'delta', value: delta })
    },
    end: () => {
      push({ at: 'end' })
    },
    error: (value: unknown) => {
      push({ at: 'error', value })
    },
    open: (signal: AbortSignal): AsyncIterable<Delta> => {
      seen.opened += 1
      seen.signal = signal
      return {
        [Symbol.asyncIterator]: () => ({
          next: async (): Promise<IteratorResult<Delta>> => {
            seen.reads += 1
            while (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve))
            const item = ready.shift()!
            if (item.at === 'error') throw item.value
            if (item.at === 'end') return { done: true, value: undefined }
            return { done: false, value: item.value as Delta }
          },
          // A generator that is waiting behaves like this.
          return: () => {
            seen.returned += 1
            return never()
          },
        }),
      }
    },
  }
}

describe('watchStream', () => {
  const setUp = (times: { totalMs?: number; firstByteMs?: number; idleMs?: number } = {}) => {
    const clock = new FakeClock()
    const parent = new AbortController()
    const source = createSource()
    const limits = {
      totalMs: 100_000,
      firstByteMs: 1_000,
      idleMs: 3_000,
      ...times,
      clock,
      signal: parent.signal,
    }
    const iterator = watchStream(source.open, limits)[Symbol.asyncIterator]()
    const give = async (delta: Delta) => {
      const read = iterator.next()
      source.delta(delta)
      expect(await read).toEqual({ done: false, value: delta })
    }
    const released = () => {
      expect(clock.pending).toBe(0)
      expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
      expect(source.seen.signal?.aborted).toBe(true)
      expect(source.seen.returned).toBeLessThanOrEqual(1)
    }
    return { clock, parent, source, limits, iterator, give, released }
  }

  it('opens nothing and starts no timer before the first read', async () => {
    const { clock, source, iterator } = setUp()
    expect([source.seen.opened, clock.pending]).toEqual([0, 0])
    await iterator.return?.()
    expect(source.seen.opened).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('passes every delta on in order and lets go of everything at the end', async () => {
    const { source, limits, parent } = setUp()
    const deltas = [alive, text('a'), text('b')]
    for (const delta of deltas) source.delta(delta)
    source.end()
    const got: Delta[] = []
    for await (const delta of watchStream(source.open, limits)) got.push(delta)
    expect(got).toEqual(deltas)
    expect(source.seen.signal?.aborted).toBe(true)
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
  })

  it('ends with `finish`, although the source would go on', async () => {
    const { source, iterator, give, released } = setUp()
    await give(text('a'))
    await give(finish)
    released()
    const { reads } = source.seen
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(source.seen.reads).toBe(reads)
    expect(source.seen.returned).toBe(1)
  })

  it('fails with `timeout` when no first byte comes', async () => {
    const { clock, iterator, released } = setUp()
    const told = follow(iterator.next())
    await clock.advance(999)
    expect(told.state).toBe('pending')
    await clock.advance(1)
    expect(told).toEqual({ state: 'rejected', value: 'timeout' })
    released()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('takes a keep-alive for the first byte', async () => {
    const { clock, iterator, give } = setUp()
    await give(alive)
    const told = follow(iterator.next())
    await clock.advance(2_999)
    expect(told.state).toBe('pending')
    await clock.advance(1)
    expect(told.value).toBe('stream_idle')
  })

  it('fails with `stream_idle` although keep-alives go on', async () => {
    const { clock, source, iterator, give, released } = setUp()
    await give(text('a'))
    for (let second = 1; second <= 2; second += 1) {
      const read = follow(iterator.next())
      await clock.advance(1_000)
      source.delta(alive)
      await clock.advance(0)
      expect(read.state).toBe('resolved')
    }
    const told = follow(iterator.next())
    await clock.advance(999)
    expect(told.state).toBe('pending')
    await clock.advance(1)
    expect(told).toEqual({ state: 'rejected', value: 'stream_idle' })
    expect(source.seen.returned).toBe(1)
    released()
  })

  it.each<[string, Delta]>([
    ['text', text('x')],
    ['reasoning', { type: 'reasoning', text: 'x' }],
    ['a tool call', { type: 'tool_call', index: 0, arguments: '{' }],
  ])('starts the idle time anew with %s', async (_name, delta) => {
    const { clock, source, iterator } = setUp()
    for (let turn = 0; turn < 5; turn += 1) {
      const told = follow(iterator.next())
      await clock.advance(turn === 0 ? 900 : 2_900)
      expect(told.state).toBe('pending')
      source.delta(delta)
      await clock.advance(0)
      expect(told.state).toBe('resolved')
    }
  })

  it('notices silence in time although the first byte was allowed far longer', async () => {
    const { clock, iterator, give } = setUp({ firstByteMs: 60_000, idleMs: 3_000 })
    await give(text('a'))
    const told = follow(iterator.next())
    await clock.advance(3_000)
    expect(told.value).toBe('stream_idle')
  })

  it('does not count the pauses of a slow reader as silence, but goes on counting after them', async () => {
    const { clock, iterator, give } = setUp()
    await give(text('a'))
    await clock.advance(50_000)
    await give(text('b'))
    const told = follow(iterator.next())
    await clock.advance(2_000)
    expect(told.state).toBe('pending')
    await clock.advance(1_000)
    expect(told.value).toBe('stream_idle')
  })

  it('adds up silence over keep-alives, without the pauses between', async () => {
    const { clock, source, iterator, give } = setUp()
    await give(text('a'))
    const first = follow(iterator.next())
    await clock.advance(2_000)
    source.delta(alive)
    await clock.advance(10_000)
    expect(first.state).toBe('resolved')
    const second = follow(iterator.next())
    await clock.advance(999)
    expect(second.state).toBe('pending')
    await clock.advance(1)
    expect(second.value).toBe('stream_idle')
  })

  it('fails with `timeout` after the total time, however lively the stream', async () => {
    const { clock, iterator, give, released } = setUp({ totalMs: 5_000 })
    for (let second = 0; second < 4; second += 1) {
      await give(text('a'))
      await clock.advance(1_000)
    }
    const told = follow(iterator.next())
    await clock.advance(1_000)
    expect(told).toEqual({ state: 'rejected', value: 'timeout' })
    released()
  })

  it('tells the next read about a total timeout that found nobody reading', async () => {
    const { clock, source, iterator, give } = setUp({ totalMs: 5_000 })
    await give(text('a'))
    await clock.advance(5_000)
    expect(source.seen.signal?.aborted).toBe(true)
    await expect(iterator.next()).rejects.toMatchObject({ facts: { reason: 'timeout' } })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('fails with `aborted` when the parent aborts, before, during and between reads', async () => {
    const during = setUp()
    const told = follow(during.iterator.next())
    during.parent.abort()
    await during.clock.advance(0)
    expect(told.value).toBe('aborted')
    during.released()

    const between = setUp()
    await between.give(text('a'))
    between.parent.abort()
    between.released()
    await expect(between.iterator.next()).rejects.toMatchObject({ facts: { reason: 'aborted' } })

    const before = setUp()
    before.parent.abort()
    await expect(before.iterator.next()).rejects.toMatchObject({ facts: { reason: 'aborted' } })
    expect(before.source.seen.opened).toBe(0)
  })

  it('ends at once when left in the middle of a read that would never end', async () => {
    const { iterator, source, give, released } = setUp()
    await give(text('a'))
    const read = iterator.next()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await read).toEqual({ done: true, value: undefined })
    expect(source.seen.returned).toBe(1)
    released()
  })

  it('aborts the attempt when a loop over it breaks', async () => {
    const { source, limits } = setUp()
    source.delta(text('a'))
    for await (const delta of watchStream(source.open, limits)) {
      expect(delta).toEqual(text('a'))
      break
    }
    expect(source.seen.signal?.aborted).toBe(true)
    expect(source.seen.returned).toBe(1)
  })

  it('passes on what the source throws, and swallows what it throws too late', async () => {
    const early = setUp()
    const failure = new ProviderError({ status: 500 })
    const read = early.iterator.next()
    early.source.error(failure)
    await expect(read).rejects.toBe(failure)
    early.released()

    const late = setUp()
    const told = follow(late.iterator.next())
    await late.clock.advance(1_000)
    late.source.error(new Error('late'))
    await late.clock.advance(1)
    expect(told.value).toBe('timeout')
  })

  it('ignores a delta that comes too late', async () => {
    const { clock, source, iterator } = setUp()
    const told = follow(iterator.next())
    await clock.advance(1_000)
    source.delta(text('late'))
    await clock.advance(1)
    expect(told.value).toBe('timeout')
    expect(clock.pending).toBe(0)
  })

  it('fails, and does not hang, when the source cannot be opened or yields nonsense', async () => {
    const { limits, clock, parent } = setUp()
    const error = new Error('no')
    const closed = watchStream(() => {
      throw error
    }, limits)
    await expect(closed[Symbol.asyncIterator]().next()).rejects.toBe(error)
    async function* nonsense(): AsyncGenerator<Delta> {
      yield undefined as unknown as Delta
    }
    const strange = watchStream(nonsense, limits)
    await expect(strange[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(TypeError)
    expect(clock.pending).toBe(0)
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0)
  })

  it('refuses a second read while the first waits', async () => {
    const { iterator, source } = setUp()
    const read = iterator.next()
    await expect(iterator.next()).rejects.toBeInstanceOf(TypeError)
    source.delta(text('a'))
    expect(await read).toEqual({ done: false, value: text('a') })
    await iterator.return?.()
  })

  it('makes no timer per chunk', async () => {
    let scheduled = 0
    const clock = {
      ...systemClock,
      schedule: (ms: number, run: () => void) => {
        scheduled += 1
        return systemClock.schedule(ms, run)
      },
    }
    async function* many(): AsyncGenerator<Delta> {
      for (let index = 0; index < 10_000; index += 1) yield text('x')
      yield finish
    }
    const { limits } = setUp({ firstByteMs: 60_000, idleMs: 30_000 })
    let count = 0
    for await (const _ of watchStream(many, { ...limits, clock })) count += 1
    expect(count).toBe(10_001)
    expect(scheduled).toBeLessThanOrEqual(2)
  })
})
