/** What warming needs of the rooms below. Types only. */
import type { MaybePromise } from '../../contracts/cache-tier.js'
import type { Clock, Random } from '../../contracts/clock.js'
import type { Events } from '../../contracts/events.js'
import type { Logger } from '../../contracts/logger.js'
import type { ParsedRequest } from '../../contracts/request.js'
import type { InferenceResponse } from '../../contracts/response.js'
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
  /** Answers the request or rejects with a `RaptorflowError`. It has `cache.refresh` and priority 1. */
  readonly infer: (
    request: ParsedRequest,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<InferenceResponse>
  /** The entry the request would be served now; looked up without being counted as a lookup. */
  readonly cached: (request: ParsedRequest) => MaybePromise<CachedTimes | undefined>
  /** Nano-USD the call may cost at worst; null when its price is unknown. */
  readonly estimate: (request: ParsedRequest) => Promise<number | null>
  /** Provider calls running now, warming's own included. */
  readonly inFlight: () => number
  /** The cache key; undefined for a request that is not cached. */
  readonly keyOf: (request: ParsedRequest) => string | undefined
}
