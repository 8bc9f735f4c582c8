/** The parts that several documents share. */
import type { CostStats, OverallCacheStats } from '../../contracts/stats.js'
import { toUsd } from '../../util/money.js'
import type { Sums } from './rollup.js'

/** 0 where there is nothing to divide by. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** Rates in percent of all lookups; the tiers' add up to `hit_rate`. */
export function overallCacheStats(sums: Sums): OverallCacheStats {
  const { l1, l2, l3 } = sums.hits
  return {
    total_requests: sums.lookups,
    hit_rate: ratio(100 * (l1 + l2 + l3), sums.lookups),
    l1_hit_rate: ratio(100 * l1, sums.lookups),
    l2_hit_rate: ratio(100 * l2, sums.lookups),
    l3_hit_rate: ratio(100 * l3, sums.lookups),
    total_cost_saved: toUsd(sums.costSaved),
    total_tokens_saved: sums.tokensSaved,
  }
}

/** Requests and tokens of all answered requests, hits included; money of attempts alone. */
export function costStats(sums: Sums, period_days: number): CostStats {
  const total_cost = toUsd(sums.cost)
  return {
    period_days,
    total_cost,
    total_tokens: sums.tokens,
    total_requests: sums.answered,
    avg_cost_per_request: ratio(total_cost, sums.answered),
    avg_cost_per_token: ratio(total_cost, sums.tokens),
    provider_breakdown: usdByName(sums.costByProvider),
    unpriced_attempts: sums.unpricedAttempts,
  }
}

export function usdByName(nano: ReadonlyMap<string, number>): { readonly [name: string]: number } {
  return Object.fromEntries([...nano].map(([name, amount]) => [name, toUsd(amount)]))
}
