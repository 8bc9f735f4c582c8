import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelPrice } from '../../../src/contracts/model.js'
import type { Usage } from '../../../src/contracts/provider.js'
import {
  affordableOutputTokens,
  costOf,
  estimatedCost,
  worstCaseCost,
} from '../../../src/features/pricing/cost.js'

const usageOf = (part: Partial<Usage>): Usage => ({
  input: 0,
  cache_read: 0,
  cache_write: 0,
  output: 0,
  reasoning: 0,
  ...part,
})

const TIERED: ModelPrice = {
  input: 2,
  output: 10,
  cacheRead: 0.2,
  tiers: [
    { aboveInputTokens: 1_000, input: 4, output: 15, cacheRead: 0.4 },
    { aboveInputTokens: 2_000, input: 8, output: 20 },
  ],
}

/** Rates as price lists have them: up to four decimals. */
const rate = fc.nat(1_000_000).map((n) => n / 10_000)
const rates = fc.record(
  { input: rate, output: rate, cacheRead: rate, cacheWrite: rate },
  { requiredKeys: ['input', 'output'] },
)
const flatPrice: fc.Arbitrary<ModelPrice> = rates
const anyPrice: fc.Arbitrary<ModelPrice> = fc
  .tuple(
    rates,
    fc.uniqueArray(fc.tuple(fc.nat(5_000), rates), { selector: ([n]) => n, maxLength: 3 }),
  )
  .map(([base, tiers]) => ({
    ...base,
    tiers: tiers
      .sort(([a], [b]) => a - b)
      .map(([aboveInputTokens, tier]) => ({ ...tier, aboveInputTokens })),
  }))
const tokens = fc.nat(10_000)
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  input: tokens,
  cache_read: tokens,
  cache_write: tokens,
  output: tokens,
  reasoning: tokens,
})
const FIELDS = ['input', 'cache_read', 'cache_write', 'output', 'reasoning'] as const
const inputOf = (usage: Usage): number => usage.input + usage.cache_read + usage.cache_write
const sum = (a: Usage, b: Usage): Usage =>
  usageOf(Object.fromEntries(FIELDS.map((field) => [field, a[field] + b[field]])))

describe('the cost of a call', () => {
  it('is the documented example’s: 15 tokens in and 8 out at 0.5 and 1.5 USD a million', () => {
    expect(costOf(usageOf({ input: 15, output: 8 }), { input: 0.5, output: 1.5 })).toBe(19_500)
  })

  it('counts each kind of token once, at its own price', () => {
    const price = { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5 }
    const usage = { input: 1, cache_read: 10, cache_write: 100, output: 1_000, reasoning: 10_000 }
    expect(costOf(usage, price)).toBe(1_000 + 1_000 + 125_000 + 55_000_000)
  })

  it('prices the whole request by the tier of its whole input', () => {
    expect(costOf(usageOf({ input: 1_000, output: 1 }), TIERED)).toBe(2_000_000 + 10_000)
    expect(costOf(usageOf({ input: 1_001, output: 1 }), TIERED)).toBe(4_004_000 + 15_000)
    expect(costOf(usageOf({ input: 1, cache_read: 1_000 }), TIERED)).toBe(4_000 + 400_000)
    expect(costOf(usageOf({ input: 2_001 }), TIERED)).toBe(16_008_000)
    // This tier has no cache price of its own: its input price holds.
    expect(costOf(usageOf({ cache_read: 2_001 }), TIERED)).toBe(16_008_000)
  })

  it('adds up over calls, but for one rounding each', () => {
    fc.assert(
      fc.property(anyUsage, anyUsage, flatPrice, (a, b, price) => {
        const apart = costOf(a, price) + costOf(b, price)
        expect(Math.abs(costOf(sum(a, b), price) - apart)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('never falls when any count grows', () => {
    fc.assert(
      fc.property(
        anyUsage,
        fc.constantFrom(...FIELDS),
        tokens,
        flatPrice,
        (a, field, more, price) => {
          const larger = usageOf({ ...a, [field]: a[field] + more })
          expect(costOf(larger, price)).toBeGreaterThanOrEqual(costOf(a, price))
        },
      ),
    )
  })

  it('moves tokens between output and reasoning for nothing: neither is counted twice', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, price) => {
        const moved = { ...usage, output: usage.output + usage.reasoning, reasoning: 0 }
        expect(costOf(moved, price)).toBe(costOf(usage, price))
      }),
    )
  })

  it('is a whole number >= 0 whatever a provider reports', () => {
    const odd = fc.oneof(tokens, fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -1))
    const oddUsage = fc.record({
      input: odd.map((n) => Math.min(n, 1e9)),
      cache_read: odd.map((n) => Math.min(n, 1e9)),
      cache_write: odd.map((n) => Math.min(n, 1e9)),
      output: odd.map((n) => Math.min(n, 1e9)),
      reasoning: odd.map((n) => Math.min(n, 1e9)),
    })
    fc.assert(
      fc.property(oddUsage, anyPrice, (usage, price) => {
        const cost = costOf(usage, price)
        expect(Number.isInteger(cost) && cost >= 0).toBe(true)
      }),
    )
  })

  it('is estimated as if nothing came from the vendor’s cache', () => {
    expect(estimatedCost(1_000, 100, TIERED)).toBe(2_000_000 + 1_000_000)
  })
})

describe('the worst case', () => {
  it('is not exceeded by any call of at most that size', () => {
    fc.assert(
      fc.property(anyUsage, tokens, tokens, anyPrice, (usage, moreIn, moreOut, price) => {
        const bound = worstCaseCost(
          inputOf(usage) + moreIn,
          usage.output + usage.reasoning + moreOut,
          price,
        )
        expect(costOf(usage, price)).toBeLessThanOrEqual(bound)
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives no credit for cache reads and takes cache writes for certain where they cost more', () => {
    const price = { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5 }
    expect(worstCaseCost(1_000, 100, price)).toBe(1_250_000 + 500_000)
    expect(worstCaseCost(1_000, 100, { ...price, cacheWrite: 0.5 })).toBe(1_000_000 + 500_000)
  })

  it('is infinite for an input nobody can bound, unless it is free', () => {
    expect(worstCaseCost(Infinity, 1, { input: 1, output: 1 })).toBe(Infinity)
    expect(worstCaseCost(NaN, 1, { input: 1, output: 1 })).toBe(Infinity)
    expect(worstCaseCost(Infinity, 1, { input: 0, output: 1 })).toBe(1_000)
  })
})

describe('the output a limit affords', () => {
  it('keeps the worst case within the limit, and one token more would not', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), tokens, anyPrice, (limit, input, price) => {
        const output = affordableOutputTokens(limit, input, price)
        expect(Number.isSafeInteger(output) && output >= 0).toBe(true)
        if (output > 0) expect(worstCaseCost(input, output, price)).toBeLessThanOrEqual(limit)
        if (output < Number.MAX_SAFE_INTEGER) {
          expect(worstCaseCost(input, output + 2, price)).toBeGreaterThan(limit - 1)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('is none when the input uses the limit up, and without end when output is free', () => {
    const price = { input: 1, output: 1 }
    expect(affordableOutputTokens(1_000_000, 1_000, price)).toBe(0)
    expect(affordableOutputTokens(1_002_000, 1_000, price)).toBe(2)
    expect(affordableOutputTokens(NaN, 1, price)).toBe(0)
    expect(affordableOutputTokens(2_000, 1, { input: 1, output: 0 })).toBe(Number.MAX_SAFE_INTEGER)
    expect(affordableOutputTokens(Infinity, 1, price)).toBe(Number.MAX_SAFE_INTEGER)
    expect(affordableOutputTokens(1e15, Infinity, price)).toBe(0)
  })
})
