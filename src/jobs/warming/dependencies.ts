/** What warming needs of the rooms below. Types only. */
import type { MaybePromise } from '../../contracts/cache-tier.js'
import type { Clock, Random } from '../../contracts/clock.js'
import type { Events } from '../../contracts/events.js'
import type { Logger } from '../../contracts/logger.js'
import type { ParsedRequest } from '../../contracts/request.js'
import type { InferenceResponse } from '../../contracts/response.js'
import type { CallCost } from '../../pipeline/choice.js'
import type { DemandForecast } from './demand-forecast.js'

/** When the entry that a request would hit was made and stops being fresh. Epoch milliseconds. */
export interface CachedTimes {
  readonly created_at: number
  readonly fresh_until: number
}

export interface WarmerDependencies {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly events: Events
  /** Undefined when nothing observes demand: then only named prompts can be warmed. */
  readonly forecast: DemandForecast | undefined
  /**
   * Answers the request or rejects with a `RaptorflowError`. It has `cache.refresh` and priority 1, and
   * under a limit a `budget_limit`, which its attempts together do not exceed.
   */
  readonly infer: (
    request: ParsedRequest,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<InferenceResponse>
  /** The entry the request would be served now; looked up without being counted as a lookup. */
  readonly cached: (request: ParsedRequest) => MaybePromise<CachedTimes | undefined>
  /** Null when the price is unknown. */
  readonly estimate: (request: ParsedRequest) => Promise<CallCost | null>
  /** Provider calls running now, warming's own included. */
  readonly inFlight: () => number
  /** The cache key; undefined for a request that is not cached. */
  readonly keyOf: (request: ParsedRequest) => string | undefined
}
