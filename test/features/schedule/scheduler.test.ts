import { describe, expect, it } from 'vitest'
import { RaptorflowError } from '../../../src/errors.js'
import { createScheduler } from '../../../src/features/schedule/scheduler.js'
import { FakeClock } from '../../../src/testing/index.js'

const never = new AbortController().signal
const slot = (priority = 5, signal: AbortSignal = never) => ({ priority: () => priority, signal })

/** A task that ends when told to. */
const gate = () => {
  const state: { open: () => void; started: boolean } = { open: () => undefined, started: false }
  const task = () => {
    state.started = true
    return new Promise<string>((resolve) => {
      state.open = () => {
        resolve('done')
      }
    })
  }
  return { task, state }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('the scheduler', () => {
  it('runs at most so many at once and counts who waits', async () => {
    const clock = new FakeClock()
    const scheduler = createScheduler({ maxConcurrency: 1 }, clock)
    const first = gate()
    const running = scheduler.run(first.task, slot())
    const second = gate()
    const waiting = scheduler.run(second.task, slot())
    await settle()
    expect([first.state.started, second.state.started]).toEqual([true, false])
    expect(scheduler.stats()).toMatchObject({ slots: 1, active: 1, pending: 1 })
    await clock.advance(2_000)
    first.state.open()
    await running
    await settle()
    second.state.open()
    expect(await waiting).toBe('done')
    expect(scheduler.stats()).toMatchObject({ active: 0, pending: 0, average_wait_seconds: 1 })
  })

  it('takes the highest priority first, and a raised one before others', async () => {
    const scheduler = createScheduler({ maxConcurrency: 1 }, new FakeClock())
    const first = gate()
    const order: string[] = []
    const note = (name: string) => async () => {
      order.push(name)
      return Promise.resolve()
    }
    const running = scheduler.run(first.task, slot())
    const low = scheduler.run(note('low'), slot(2))
    let raised = 1
    let raise: () => void = () => undefined
    const rising = scheduler.run(note('rising'), {
      signal: never,
      priority: () => raised,
      onRaise: (listener) => (raise = listener),
    })
    const high = scheduler.run(note('high'), slot(9))
    await settle()
    raised = 10
    raise()
    first.state.open()
    await Promise.all([running, low, rising, high])
    expect(order).toEqual(['rising', 'high', 'low'])
    raise()
  })

  it('takes an aborted call out of the queue with its reason', async () => {
    const scheduler = createScheduler({ maxConcurrency: 1 }, new FakeClock())
    const first = gate()
    const running = scheduler.run(first.task, slot())
    const controller = new AbortController()
    const second = gate()
    const waiting = scheduler.run(second.task, slot(5, controller.signal))
    controller.abort('left')
    await expect(waiting).rejects.toBe('left')
    expect(scheduler.stats().pending).toBe(0)
    first.state.open()
    await running
    expect(second.state.started).toBe(false)
  })

  it('keeps the slot of a running call until it has really ended', async () => {
    const scheduler = createScheduler({ maxConcurrency: 1 }, new FakeClock())
    const controller = new AbortController()
    const first = gate()
    const running = scheduler.run(first.task, slot(5, controller.signal))
    await settle()
    controller.abort('left')
    await settle()
    expect(scheduler.stats().active).toBe(1)
    first.state.open()
    expect(await running).toBe('done')
  })

  it('refuses with RATE_LIMITED when the queue is full', async () => {
    const scheduler = createScheduler({ maxConcurrency: 1, maxQueued: 1 }, new FakeClock())
    const first = gate()
    const running = scheduler.run(first.task, slot())
    const waiting = scheduler.run(async () => 'second', slot())
    const refused: unknown = await scheduler
      .run(async () => 'third', slot())
      .catch((e: unknown) => e)
    expect(RaptorflowError.isInstance(refused) && refused.code).toBe('RATE_LIMITED')
    first.state.open()
    expect(await Promise.all([running, waiting])).toEqual(['done', 'second'])
  })

  it.each([0, 1.5, NaN])('rejects %s as a number of slots', (maxConcurrency) => {
    expect(() => createScheduler({ maxConcurrency }, new FakeClock())).toThrow(/maxConcurrency/)
  })
})
