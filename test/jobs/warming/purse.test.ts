import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHourlyPurse, createPurse, UNLIMITED } from '../../../src/jobs/warming/purse.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

describe('what warming may spend', () => {
  it('is reserved at the worst case and settled at what it was', () => {
    const purse = createPurse(100)
    const first = purse.reserve(60)!
    expect(purse.reserve(50)).toBeUndefined()
    first.settle(10)
    expect(purse.left()).toBe(90)
    first.settle(10)
    expect(purse.left()).toBe(90)
    purse.reserve(40)!.settle(null)
    expect(purse.left()).toBe(50)
  })

  it('does not allow an unknown price unless there is no limit', () => {
    expect(createPurse(100).reserve(null)).toBeUndefined()
    expect(UNLIMITED.reserve(null)).toBeDefined()
  })

  it('comes back an hour after it was spent', async () => {
    const clock = new FakeClock()
    const purse = createHourlyPurse(clock, 100)
    purse.reserve(70)!.settle(70)
    await clock.advance(30 * 60_000)
    purse.reserve(30)!.settle(30)
    expect(purse.reserve(1)).toBeUndefined()
    await clock.advance(29 * 60_000)
    expect(purse.left()).toBe(0)
    await clock.advance(2 * 60_000)
    expect(purse.left()).toBe(70)
    await clock.advance(60 * 60_000)
    expect(purse.left()).toBe(100)
  })

  it('is never exceeded within any hour', async () => {
    const step = fc.record({
      minutes: fc.nat(40),
      worst: fc.nat(60),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = new FakeClock()
        const purse = createHourlyPurse(clock, 100)
        const spent: { at: number; cost: number }[] = []
        for (const { minutes, worst, share } of steps) {
          await clock.advance(minutes * 60_000)
          const reservation = purse.reserve(worst)
          if (!reservation) continue
          const cost = Math.floor(worst * share)
          reservation.settle(cost)
          spent.push({ at: clock.monotonic(), cost })
          const hour = spent.filter(({ at }) => at > clock.monotonic() - 3_600_000)
          expect(hour.reduce((sum, entry) => sum + entry.cost, 0)).toBeLessThanOrEqual(100)
        }
      }),
      { numRuns: 30 },
    )
  })
})
