import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHourlyPurse, createPurse, UNLIMITED } from '../../../src/jobs/warming/purse.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

describe('what warming may spend', () => {
  it('is reserved at its most and settled at what it was', async () => {
    const purse = createPurse(100)
    const first = (await purse.reserve(60))!
    expect(purse.left()).toBe(40)
    first.settle(10)
    expect(purse.left()).toBe(90)
    first.settle(10)
    expect(purse.left()).toBe(90)
    ;(await purse.reserve(40))!.settle(null)
    expect(purse.left()).toBe(50)
  })

  it('waits for what is reserved and perhaps not needed, and for nothing else', async () => {
    const purse = createPurse(100)
    const first = (await purse.reserve(60))!
    const told: string[] = []
    const wait = (name: string, most: number) =>
      purse.reserve(most).then((reservation) => {
        told.push(reservation ? name : `not ${name}`)
        return reservation
      })
    const waiting = [wait('second', 80), wait('third', 50), wait('too much', 101)]
    await waiting[2]
    expect(told).toEqual(['not too much'])
    first.settle(20)
    const second = (await waiting[0])!
    expect(told).toEqual(['not too much', 'second'])
    second.settle(60)
    expect(await waiting[1]).toBeUndefined()
    expect(purse.left()).toBe(20)
  })

  it('is never exceeded by many at once, and spent as far as it goes', async () => {
    const call = fc.record({
      most: fc.integer({ min: 1, max: 60 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
        const purse = createPurse(100)
        let spent = 0
        await Promise.all(
          calls.map(async ({ most, share }) => {
            const reservation = await purse.reserve(most)
            if (!reservation) {
              // Nobody is turned away for money that is only reserved.
              expect(most).toBeGreaterThan(100 - spent)
              return
            }
            await new Promise((resolve) => setImmediate(resolve))
            const cost = Math.floor(most * share)
            spent += cost
            reservation.settle(cost)
            expect(spent).toBeLessThanOrEqual(100)
          }),
        )
        expect(purse.left()).toBe(100 - spent)
      }),
      { numRuns: 50 },
    )
  })

  it('does not allow an unknown price unless there is no limit', async () => {
    expect(await createPurse(100).reserve(null)).toBeUndefined()
    expect(await UNLIMITED.reserve(null)).toBeDefined()
  })

  it('comes back an hour after it was spent', async () => {
    const clock = new FakeClock()
    const purse = createHourlyPurse(clock, 100)
    ;(await purse.reserve(70))!.settle(70)
    await clock.advance(30 * 60_000)
    ;(await purse.reserve(30))!.settle(30)
    expect(await purse.reserve(1)).toBeUndefined()
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
          const reservation = await purse.reserve(worst)
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
