import { describe, expect, it, vi } from 'vitest'
import { createGuard, GuardError, type GuardOptions } from '../../src/util/guard.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

const never = (): Promise<never> => new Promise(() => undefined)
const fine = (): Promise<string> => Promise.resolve('fine')
const broken = (): Promise<never> => Promise.reject(new Error('broken'))

function guarded(options: Partial<GuardOptions> = {}) {
  const clock = new FakeClock()
  const changes: string[] = []
  const guard = createGuard({
    clock,
    onChange: (state, reason) => changes.push(`${state} ${reason}`),
    ...options,
  })
  return { clock, changes, guard }
}

type Guarded = ReturnType<typeof guarded>

/** How a run ended: the value, the guard's kind, or the operation's message. */
async function ending(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run
  } catch (error) {
    return error instanceof GuardError ? error.kind : (error as Error).message
  }
}

async function takeDown({ guard }: Guarded): Promise<void> {
  for (let i = 0; i < 3; i += 1) await ending(guard.run(100, broken))
  expect(guard.state).toBe('down')
}

describe('a guard around a store that is well', () => {
  it('gives what the operation gives, and its own error', async () => {
    const { guard, changes, clock } = guarded()
    expect(await ending(guard.run(100, fine))).toBe('fine')
    expect(await ending(guard.run(100, broken))).toBe('broken')
    expect(changes).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('sets no timer for an operation that settles at once', async () => {
    const { guard, clock } = guarded()
    const schedule = vi.spyOn(clock, 'schedule')
    await guard.run(100, fine)
    await ending(guard.run(100, broken))
    expect(schedule).not.toHaveBeenCalled()
  })

  it('passes on whether the process waits for the deadline', async () => {
    const { guard, clock } = guarded()
    const schedule = vi.spyOn(clock, 'schedule')
    void ending(guard.run(100, never, { keepAlive: true }))
    await clock.advance(0)
    expect(schedule.mock.lastCall?.slice(2)).toEqual([{ keepAlive: true }])
  })

  it('rejects when the operation throws, and counts it', async () => {
    const { guard } = guarded()
    const thrown = (): Promise<never> => {
      throw new Error('thrown')
    }
    for (let i = 0; i < 3; i += 1) expect(await ending(guard.run(100, thrown))).toBe('thrown')
    expect(guard.state).toBe('down')
  })

  it('stays ok for two failures in ten seconds, however often', async () => {
    const { guard, clock, changes } = guarded()
    for (let i = 0; i < 10; i += 1) {
      await ending(guard.run(100, broken))
      await clock.advance(5_000)
    }
    expect(changes).toEqual([])
  })
})

describe('a guard around a store that hangs', () => {
  it('rejects with a timeout when the time is up', async () => {
    const { guard, clock } = guarded()
    const end = vi.fn()
    void ending(guard.run(100, never)).then(end)
    await clock.advance(99)
    expect(end).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(end).toHaveBeenCalledWith('timeout')
    expect(clock.pending).toBe(0)
  })

  it('releases everybody who waits when the third one times out', async () => {
    const { guard, clock, changes } = guarded()
    const early = [1, 2, 3].map(() => ending(guard.run(100, never)))
    const late = [1, 2].map(() => ending(guard.run(5_000, never)))
    await clock.advance(100)
    expect(await Promise.all(early)).toEqual(['timeout', 'timeout', 'timeout'])
    expect(await Promise.all(late)).toEqual(['down', 'down'])
    expect(changes).toEqual(['down timeout'])
    expect(clock.pending).toBe(0)
  })

  it('ignores what released operations come to, whichever way', async () => {
    const run = guarded()
    const { guard, clock, changes } = run
    let reject: (error: Error) => void = () => undefined
    const released = ending(guard.run(5_000, () => new Promise((_, no) => (reject = no))))
    await takeDown(run)
    expect(await released).toBe('down')
    reject(new Error('late'))
    await clock.advance(100)
    expect(changes).toEqual(['down error'])
  })
})

describe('a guard that is down', () => {
  it('refuses without calling the operation', async () => {
    const run = guarded()
    await takeDown(run)
    const operation = vi.fn(fine)
    expect(await ending(run.guard.run(100, operation))).toBe('down')
    expect(operation).not.toHaveBeenCalled()
  })

  it('counts failures found elsewhere, by their own reason', () => {
    const { guard, changes } = guarded()
    for (let i = 0; i < 5; i += 1) guard.fail('connection')
    expect(changes).toEqual(['down connection'])
  })

  it('refuses an operation that brought it down itself', async () => {
    const { guard, clock } = guarded()
    const operation = (): Promise<never> => {
      for (let i = 0; i < 3; i += 1) guard.fail('connection')
      return never()
    }
    expect(await ending(guard.run(100, operation))).toBe('down')
    expect(clock.pending).toBe(0)
  })

  it('lets the first caller after the wait through, alone, and recovers with it', async () => {
    const run = guarded()
    const { guard, clock, changes } = run
    await takeDown(run)
    await clock.advance(1_000)
    let resolve: (value: string) => void = () => undefined
    const probe = guard.run(100, () => new Promise<string>((yes) => (resolve = yes)))
    expect(guard.state).toBe('probing')
    const other = vi.fn(fine)
    expect(await ending(guard.run(100, other))).toBe('down')
    expect(other).not.toHaveBeenCalled()
    resolve('back')
    expect(await probe).toBe('back')
    expect(changes).toEqual(['down error', 'probing retry', 'ok recovered'])
    expect(await ending(guard.run(100, other))).toBe('fine')
  })

  it('waits twice as long after each failed probe, up to 30 s', async () => {
    const run = guarded()
    const { guard, clock } = run
    await takeDown(run)
    for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      await clock.advance(wait - 1)
      expect(await ending(guard.run(100, broken))).toBe('down')
      await clock.advance(1)
      expect(await ending(guard.run(100, broken))).toBe('broken')
    }
  })

  it('doubles the wait when it relapses, and forgets that after ten good seconds', async () => {
    const run = guarded()
    const { guard, clock } = run
    const wait = async (): Promise<number> => {
      await takeDown(run)
      const start = clock.monotonic()
      while ((await ending(guard.run(100, fine))) === 'down') await clock.advance(500)
      return clock.monotonic() - start
    }
    expect(await wait()).toBe(1_000)
    expect(await wait()).toBe(2_000)
    await clock.advance(9_999)
    expect(await wait()).toBe(4_000)
    await clock.advance(10_000)
    expect(await wait()).toBe(1_000)
  })
})

describe('a guard with a probe', () => {
  it('probes by itself when the wait is over, and refuses callers until that succeeded', async () => {
    let resolve: (value: unknown) => void = () => undefined
    const probe = vi.fn(() => new Promise((yes) => (resolve = yes)))
    const run = guarded({ probe })
    const { guard, clock, changes } = run
    await takeDown(run)
    await clock.advance(999)
    expect(probe).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(probe).toHaveBeenCalledOnce()
    expect(await ending(guard.run(100, fine))).toBe('down')
    resolve('PONG')
    await clock.advance(0)
    expect(await ending(guard.run(100, fine))).toBe('fine')
    expect(changes).toEqual(['down error', 'probing retry', 'ok recovered'])
    expect(clock.pending).toBe(0)
  })

  it('gives a probe that hangs one second', async () => {
    const run = guarded({ probe: never })
    const { clock, changes } = run
    await takeDown(run)
    await clock.advance(1_999)
    expect(changes.at(-1)).toBe('probing retry')
    await clock.advance(1)
    expect(changes.at(-1)).toBe('down timeout')
    await clock.advance(2_000)
    expect(changes.at(-1)).toBe('probing retry')
  })

  it('probes at once when the store gives a sign of life, and only then', async () => {
    const probe = vi.fn(fine)
    const run = guarded({ probe })
    const { guard, clock } = run
    guard.retry()
    expect(probe).not.toHaveBeenCalled()
    await takeDown(run)
    guard.retry()
    guard.retry()
    await clock.advance(5_000)
    expect(probe).toHaveBeenCalledOnce()
    expect(guard.state).toBe('ok')
  })
})

describe('a closed guard', () => {
  it('has released everybody, has no timers, and refuses from then on without a report', async () => {
    const probe = vi.fn(fine)
    const run = guarded({ probe })
    const { guard, clock, changes } = run
    const waiting = ending(guard.run(100, never))
    await clock.advance(1)
    guard.close()
    expect(await waiting).toBe('down')
    expect(await ending(guard.run(100, fine))).toBe('down')
    guard.fail('connection')
    guard.retry()
    expect(clock.pending).toBe(0)
    expect(changes).toEqual([])
    expect(probe).not.toHaveBeenCalled()
  })

  it('does not probe any more when it was down', async () => {
    const probe = vi.fn(fine)
    const run = guarded({ probe })
    await takeDown(run)
    run.guard.close()
    expect(run.clock.pending).toBe(0)
    await run.clock.advance(60_000)
    expect(probe).not.toHaveBeenCalled()
  })
})
