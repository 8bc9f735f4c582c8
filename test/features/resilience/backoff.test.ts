import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { delay, retryDelay } from '../../../src/features/resilience/backoff.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

describe('retryDelay', () => {
  it('spreads evenly from 50 to 500 ms', () => {
    expect(retryDelay(() => 0)).toBe(50)
    expect(retryDelay(() => 0.5)).toBe(275)
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const ms = retryDelay(() => random)
        return ms >= 50 && ms <= 500
      }),
    )
  })
})

describe('delay', () => {
  it('resolves when the time has passed and not before', async () => {
    const clock = new FakeClock()
    let over = false
    void delay(100, clock, new AbortController().signal).then(() => (over = true))
    await clock.advance(99)
    expect(over).toBe(false)
    await clock.advance(1)
    expect(over).toBe(true)
  })

  it('resolves at once on abort and leaves no timer', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const waiting = delay(100, clock, controller.signal)
    controller.abort()
    await waiting
    expect(clock.pending).toBe(0)
    await delay(100, clock, controller.signal)
    expect(clock.pending).toBe(0)
  })
})
