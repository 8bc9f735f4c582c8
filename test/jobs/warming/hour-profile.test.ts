import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  averageHours,
  decayedHours,
  HOUR_MS,
  HourProfile,
} from '../../../src/jobs/warming/hour-profile.js'

const MIDNIGHT = Date.UTC(2026, 0, 1)
const FLAT = new Float64Array(24).fill(1)

/** `perHour(hour)` arrivals, evenly, for so many days. */
function profileOf(days: number, perHour: (hour: number) => number): HourProfile {
  const profile = new HourProfile(MIDNIGHT)
  for (let hour = 0; hour < days * 24; hour += 1) {
    const arrivals = perHour(hour % 24)
    for (let index = 0; index < arrivals; index += 1) {
      profile.count(MIDNIGHT + (hour + index / arrivals) * HOUR_MS)
    }
  }
  return profile
}

describe('the profile of the day', () => {
  it('is flat without data, and nearly so with little', () => {
    expect([...new HourProfile(MIDNIGHT).factors(MIDNIGHT)]).toEqual([...FLAT])
    const little = profileOf(1, (hour) => (hour === 9 ? 5 : 0))
    const factors = little.factors(MIDNIGHT + 24 * HOUR_MS)
    expect(factors[9]).toBeLessThan(1.3)
  })

  it('finds the busy hours after some days', () => {
    const profile = profileOf(7, (hour) => (hour >= 8 && hour < 20 ? 180 : 20))
    const factors = profile.factors(MIDNIGHT + 7 * 24 * HOUR_MS)
    expect(factors[12]).toBeGreaterThan(1.5)
    expect(factors[12]).toBeLessThan(1.8)
    expect(factors[2]).toBeLessThan(0.5)
  })

  it('does not take hours it has not watched for quiet ones', () => {
    const profile = profileOf(1, () => 0)
    const late = new HourProfile(MIDNIGHT + 12 * HOUR_MS)
    for (let index = 0; index < 600; index += 1) late.count(MIDNIGHT + (12 + index / 100) * HOUR_MS)
    const factors = late.factors(MIDNIGHT + 18 * HOUR_MS)
    expect(factors[3]).toBeCloseTo(1, 1)
    expect(profile.factors(MIDNIGHT + 24 * HOUR_MS)[3]).toBe(1)
  })

  it('forgets what was long ago, and everything after a silence of months', () => {
    const profile = profileOf(5, (hour) => (hour === 3 ? 500 : 10))
    const end = MIDNIGHT + 5 * 24 * HOUR_MS
    expect(profile.factors(end)[3]).toBeGreaterThan(5)
    expect([...profile.factors(end + 100 * 24 * HOUR_MS)]).toEqual([...FLAT])
  })

  it('has a mean of 1', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 24, maxLength: 24 }), (hours) => {
        const factors = profileOf(2, (hour) => hours[hour]!).factors(MIDNIGHT + 48 * HOUR_MS)
        const sum = factors.reduce((total, factor) => total + factor, 0)
        expect(sum / 24).toBeCloseTo(1, 9)
        expect(Math.min(...factors)).toBeGreaterThan(0)
      }),
      { numRuns: 30 },
    )
  })

  it('is integrated over spans that begin and end anywhere', () => {
    const factors = Float64Array.from(FLAT, (_, hour) => (hour === 10 ? 3 : 1))
    const at = (hour: number): number => MIDNIGHT + hour * HOUR_MS
    expect(averageHours(factors, at(9.5), at(10.5))).toBeCloseTo(0.5 + 1.5)
    expect(averageHours(factors, at(10.25), at(10.5))).toBeCloseTo(0.75)
    expect(averageHours(FLAT, at(0.5), at(72.75))).toBeCloseTo(72.25)
    expect(averageHours(FLAT, at(2), at(1))).toBe(0)
  })

  it('weighs the past less the older it is', () => {
    const tau = 6 * HOUR_MS
    const flat = decayedHours(FLAT, MIDNIGHT, MIDNIGHT + 12 * HOUR_MS, tau)
    expect(flat).toBeCloseTo(6 * (1 - Math.exp(-2)), 6)
    expect(decayedHours(FLAT, MIDNIGHT, MIDNIGHT + 1_000 * HOUR_MS, tau)).toBeCloseTo(6, 2)
  })
})
