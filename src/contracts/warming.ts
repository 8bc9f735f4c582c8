/** Warming: what is asked of it and what it reports. Types only. */
import type { InferenceRequest, ParsedRequest } from './request.js'

export interface WarmRequest {
  /** Answered now, unless the cache has them fresh. @default what the forecast expects to be asked again */
  readonly prompts?: readonly (string | InferenceRequest)[] | null | undefined
  /**
   * USD all calls of this run may cost, >= 0. Each begins only when what it may cost at most is left,
   * that is its `budget_limit`, and its bill is what counts. Calls that might not fit wait for those
   * under way.
   * @default what is left of the client's `maxCostPerHour`; without that, no limit
   */
  readonly maxCost?: number | null | undefined
  /** Report what would be called, and call nobody. @default false */
  readonly dryRun?: boolean | null | undefined
}

export interface WarmItem {
  /** Position in `prompts`, or null for one the forecast chose. */
  readonly index: number | null
  readonly outcome: 'warmed' | 'fresh' | 'planned' | 'over_budget' | 'refused' | 'failed'
  /** USD before the call; null when unknown. */
  readonly estimated_cost: number | null
  /** USD it cost; 0 where nobody was called. */
  readonly actual_cost: number | null
  /** How likely it is asked again before it expires, 0-1; null without a forecast. */
  readonly probability: number | null
}

export interface WarmResponse {
  readonly dry_run: boolean
  readonly items: readonly WarmItem[]
  readonly warmed: number
  readonly skipped: number
  readonly failed: number
  /** USD, where a bill is unknown by its estimate. */
  readonly total_cost: number
  /** Calls whose bill and estimate are both unknown, and therefore not in `total_cost`. */
  readonly unpriced: number
  /** Since the start; null while nothing observes demand. */
  readonly report: WarmingReport | null
  readonly timestamp: string
}

/** Whether what the forecast chose paid, judged against the keys that are held out of it. */
export interface WarmingReport {
  readonly enabled: boolean
  /** Why it switched itself off. */
  readonly stopped: 'unused' | 'unprofitable' | null
  readonly tracked_keys: number
  readonly holdout_keys: number
  readonly warm_calls: number
  /** Share of warmed entries that were asked for before they expired, 0-1. */
  readonly used_before_expiry: number
  /**
   * Hits that would have been misses without warming, less the misses it caused by moving an expiry:
   * may be negative.
   */
  readonly extra_hits: number
  /** Mean hit rates of keys in percent: of those that are warmed, and of those held out. */
  readonly hit_rate_warmed: number
  readonly hit_rate_holdout: number
  /** USD. */
  readonly cost: number
  /** USD the extra hits would have cost. */
  readonly cost_saved: number
  /** Seconds of waiting the extra hits saved. */
  readonly latency_saved: number
}

/** One look at the cache, as the forecast sees it. */
export interface Observation {
  readonly key: string
  readonly request: ParsedRequest
  /** Epoch milliseconds. */
  readonly at: number
  readonly hit: boolean
}

/** What was stored for a key. */
export interface Landing {
  readonly key: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Nano-USD; null when unknown. */
  readonly cost: number | null
  readonly duration_ms: number
}

/** Told of every request that may use the cache; must be fast and must not throw. */
export interface DemandObserver {
  observe(observation: Observation): void
  landed(landing: Landing): void
}
