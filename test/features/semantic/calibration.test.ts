import { describe, expect, it } from 'vitest'
import {
  Calibration,
  Labels,
  wilsonUpperBound,
} from '../../../src/features/semantic/calibration.js'

const TERMS = { base: 0.8, maxErrorRate: 0.1, strict: true }

function labels(terms: typeof TERMS, given: readonly (readonly [number, boolean])[]): Labels {
  const made = new Labels(terms)
  for (const [similarity, right] of given) made.add(similarity, right)
  return made
}

const many = (count: number, similarity: number, right: boolean) =>
  Array.from({ length: count }, () => [similarity, right] as const)

describe('wilsonUpperBound', () => {
  it('is what the formula gives by hand', () => {
    // n = 100, 5 wrong, z = 1.645: (0.05 + 0.0135301 + 0.0383198) / 1.0270603.
    expect(wilsonUpperBound(5, 100)).toBeCloseTo(0.09917, 4)
    expect(wilsonUpperBound(0, 133)).toBeCloseTo(0.01994, 4)
    expect(wilsonUpperBound(0, 0)).toBe(1)
  })
})

describe('Labels', () => {
  it('allows nothing without evidence when strict, and the base on trust when not', () => {
    expect(labels(TERMS, []).threshold()).toBe(2)
    expect(labels(TERMS, many(99, 0.9, true)).threshold()).toBe(2)
    expect(labels({ ...TERMS, strict: false }, []).threshold()).toBe(0.8)
  })

  it('allows the base once the bound of all labels is low enough', () => {
    expect(labels(TERMS, many(100, 0.9, true)).threshold()).toBe(0.8)
  })

  it('allows the lowest similarity above which the bound holds', () => {
    const given = [...many(120, 0.95, true), ...many(20, 0.85, false)]
    expect(labels(TERMS, given).threshold()).toBe(0.95)
  })

  it('raises a trusted base above the first wrong labels, until right ones outweigh them', () => {
    const terms = { ...TERMS, strict: false }
    const wrong = many(3, 0.84, false)
    expect(labels(terms, wrong).threshold()).toBeGreaterThan(0.84)
    expect(labels(terms, wrong).threshold()).toBeLessThan(0.85)
    expect(labels(terms, [...wrong, ...many(100, 0.9, true)]).threshold()).toBe(0.8)
  })

  it('never goes below the base, whatever is right there', () => {
    const made = labels(TERMS, [...many(200, 0.5, true), ...many(200, 0.9, true)])
    expect(made.threshold()).toBe(0.8)
    expect(made.size).toBe(200)
  })

  it('forgets the oldest beyond 1,000', () => {
    const made = labels(TERMS, [...many(500, 0.9, false), ...many(1_000, 0.9, true)])
    expect(made.size).toBe(1_000)
    expect(made.threshold()).toBe(0.8)
  })
})

describe('Calibration', () => {
  it('goes by the labels of all scopes until it has enough of its own, which raise it at once', () => {
    const pool = labels(TERMS, [])
    const busy = new Calibration(TERMS, pool)
    const quiet = new Calibration(TERMS, pool)
    for (let i = 0; i < 100; i += 1) busy.learn(0.9, true)
    expect(quiet.threshold).toBe(0.8)
    for (let i = 0; i < 30; i += 1) quiet.learn(0.9, false)
    expect(quiet.threshold).toBe(2)
    expect(busy.threshold).toBe(0.8)
  })

  it('closes at once up to what a user found bad, in that scope only, and opens again later', () => {
    const pool = labels(TERMS, [])
    const scope = new Calibration(TERMS, pool)
    const other = new Calibration(TERMS, pool)
    for (let i = 0; i < 300; i += 1) scope.learn(0.99, true)
    scope.judge(0.95, false)
    expect(scope.threshold).toBeGreaterThan(0.95)
    expect(other.threshold).toBe(0.8)
    for (let i = 0; i < 100; i += 1) scope.learn(0.99, true)
    expect(scope.threshold).toBe(0.8)
  })

  it('does not let praise open other scopes', () => {
    const pool = labels(TERMS, [])
    const scope = new Calibration(TERMS, pool)
    for (let i = 0; i < 100; i += 1) scope.judge(0.9, true)
    expect(scope.threshold).toBe(0.8)
    expect(new Calibration(TERMS, pool).threshold).toBe(2)
  })
})
