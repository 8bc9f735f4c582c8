/** The one record a request fills as it goes; rows, events, spans and `metadata.routing` are views of it. */
import type { RaptorflowError } from '../errors.js'
import type { ParsedRequest } from '../contracts/request.js'
import type { AttemptInfo, RoutingInfo } from '../contracts/response.js'
import type { CacheHit } from '../features/cache/stack.js'
import type { StoredAnswer } from '../contracts/cache-tier.js'
import type { Passenger } from '../features/dedup/flight.js'
import type { Near, SemanticOutcome } from '../features/semantic/matcher.js'

/** Built on a miss only: a hit never needs one. It is also the passenger its flight knows. */
export interface Decision extends Passenger {
  readonly request: ParsedRequest
  readonly defaultModel: string
  readonly key_id: string | undefined
  /** `clock.monotonic()` when the call came in. */
  readonly arrived: number
  /** Undefined when the request may neither read nor write the cache. */
  readonly cacheKey: string | undefined
  /** True when nobody may share this call. */
  readonly alone: boolean
  /** True for a renewal that nobody asked for. */
  readonly background: boolean
  /** Epoch milliseconds when the call came in. */
  readonly arrivedAt: number
  /** The cache's generation when the call came in: an older answer is not stored after a clear. */
  readonly generation: number
  /** What matching by meaning came to; undefined where it was not asked. */
  semantic: SemanticOutcome | undefined
  /** Resolves when the answer is in the cache, to false where it was dropped; undefined: not stored. */
  storing: Promise<boolean> | undefined
  routing: RoutingInfo
  readonly attempts: AttemptInfo[]
  /** Nano-USD before the call; null when the price is unknown. */
  estimatedCost: number | null
  /** Nano-USD of all attempts so far; null once one of them is unknown. */
  cost: number | null
  /** A RaptorflowError that a provider's own code threw: it explains itself better than a verdict. */
  raised: RaptorflowError | undefined
  /** Set when the budget lowered the tokens the model may generate. */
  maxTokensCapped: number | undefined
}

/**
 * A stored answer that a flight landed with. `stale`: every provider failed. `shared`: another process
 * made it meanwhile. `semantic`: it answers a question that means the same, `near`.
 */
export type Served =
  | { readonly kind: 'stale' | 'shared'; readonly hit: CacheHit; readonly near?: undefined }
  | { readonly kind: 'semantic'; readonly hit: CacheHit; readonly near: Near }

/** What a flight lands with: the answer and its sponsor's decision. */
export interface FlightResult {
  readonly answer: StoredAnswer
  readonly sponsor: Decision
  /** Undefined when a model was called for it. */
  readonly served: Served | undefined
}

export const NO_ROUTING: RoutingInfo = { candidates: [], rejected: [] }
