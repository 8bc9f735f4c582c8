import { describe, expect, it } from 'vitest'
import { isThenable, TIMED_OUT, watch, withDeadline } from '../../src/util/deadline.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { systemClock } from '../../src/util/clock.js'

const never = (): Promise<never> => new Promise(() => undefined)

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

/** Everything a watch told, in order. */
function watching(work: PromiseLike<unknown>, ms = 100) {
  const clock = new FakeClock()
  const told: unknown[] = []
  const stop = watch(clock, ms, work, {
    value: (value) => told.push(value),
    error: (error) => told.push(error),
    timeout: () => told.push('timeout'),
  })
  return { clock, told, stop }
}

describe('withDeadline', () => {
  it('sets no timer for what has settled already', async () => {
    const clock = new FakeClock()
    let timers = 0
    const counting = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (ms: number, run: () => void) => {
        timers += 1
        return clock.schedule(ms, run)
      },
    }
    expect(await withDeadline(counting, 100, Promise.resolve(1))).toBe(1)
    await expect(withDeadline(counting, 100, Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(timers).toBe(0)
  })

  it('gives TIMED_OUT when the time is up, not a millisecond before', async () => {
    const clock = new FakeClock()
    let result: unknown
    void withDeadline(clock, 100, never()).then((value) => (result = value))
    await clock.advance(99)
    expect(result).toBeUndefined()
    await clock.advance(1)
    expect(result).toBe(TIMED_OUT)
    expect(clock.pending).toBe(0)
  })

  it('cancels its timer when the work settles first', async () => {
    const clock = new FakeClock()
    const { promise, resolve } = deferred<number>()
    const result = withDeadline(clock, 100, promise)
    await clock.advance(50)
    expect(clock.pending).toBe(1)
    resolve(2)
    expect(await result).toBe(2)
    expect(clock.pending).toBe(0)
  })

  it('rejects with an Error even when the work rejects with something else', async () => {
    const clock = new FakeClock()
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what it is about
    await expect(withDeadline(clock, 100, Promise.reject('text'))).rejects.toThrow(
      'Rejected with no error',
    )
  })
})

describe('watch', () => {
  it('tells one outcome: a rejection after the timeout is ignored', async () => {
    const { promise, reject } = deferred<never>()
    const { clock, told } = watching(promise)
    await clock.advance(100)
    reject(new Error('late'))
    await clock.advance(100)
    expect(told).toEqual(['timeout'])
  })

  it('tells nothing after it was stopped, and leaves no timer', async () => {
    const { promise, reject } = deferred<never>()
    const { clock, told, stop } = watching(promise)
    await clock.advance(1)
    stop()
    expect(clock.pending).toBe(0)
    reject(new Error('late'))
    await clock.advance(200)
    expect(told).toEqual([])
  })

  it('sets no timer when it is stopped at once', async () => {
    const { clock, told, stop } = watching(never())
    stop()
    await clock.advance(200)
    expect(told).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('isThenable', () => {
  it('knows a promise from what a synchronous tier gives', () => {
    expect(isThenable(Promise.resolve())).toBe(true)
    expect(isThenable({ then: () => undefined })).toBe(true)
    expect([null, undefined, 1, {}, { then: 1 }].some(isThenable)).toBe(false)
  })
})

describe('a process that was busy past the deadline', () => {
  const busyFor = (ms: number): void => {
    const end = performance.now() + ms
    while (performance.now() < end);
  }

  it('takes what has arrived meanwhile, and does not call it late', async () => {
    const arrived = new Promise<string>((resolve) => {
      setImmediate(() => {
        resolve('here')
      })
    })
    const waiting = withDeadline(systemClock, 1, arrived)
    // The timer is there after a microtask.
    await Promise.resolve()
    busyFor(20)
    expect(await waiting).toBe('here')
  })

  it('gives a question that could not go out as long again as it was busy', async () => {
    const asked = Promise.resolve().then(
      () =>
        new Promise<string>((resolve) => {
          setTimeout(resolve, 30, 'here')
        }),
    )
    const waiting = withDeadline(systemClock, 100, asked)
    await Promise.resolve()
    busyFor(20)
    const late = withDeadline(systemClock, 60, new Promise((resolve) => setTimeout(resolve, 90, 1)))
    await Promise.resolve()
    busyFor(100)
    expect(await waiting).toBe('here')
    expect(await late).toBe(1)
  })

  it('calls late what has not arrived', async () => {
    const waiting = withDeadline(systemClock, 1, never(), { keepAlive: true })
    await Promise.resolve()
    busyFor(20)
    expect(await waiting).toBe(TIMED_OUT)
  })
})
