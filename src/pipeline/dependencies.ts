/** What compose.ts hands to the pipeline: one concrete object per room. */
import type { Clock, Random } from '../contracts/clock.js'
import type { Events } from '../contracts/events.js'
import type { Logger } from '../contracts/logger.js'
import type { FeedbackVerdict } from '../contracts/response.js'
import type { DemandObserver } from '../contracts/warming.js'
import type { CacheStack } from '../features/cache/stack.js'
import type { Flights } from '../features/dedup/flight.js'
import type { Leases } from '../features/dedup/lease.js'
import type { Ledger } from '../features/ledger/ledger.js'
import type { Catalogue } from '../features/pricing/catalogue.js'
import type { TokenEstimator } from '../features/pricing/tokens.js'
import type { Scheduler } from '../features/schedule/scheduler.js'
import type { SemanticRoom } from '../features/semantic/room.js'
import type { RecentKeys } from '../util/recent-keys.js'
import type { Decision, FlightResult } from './decision.js'

/** Longest times of one attempt, in milliseconds. */
export interface AttemptTimeouts {
  /** A whole unary call. */
  readonly attemptMs: number
  /** A stream's first sign of life. */
  readonly firstByteMs: number
  /** Between two pieces of a stream's content; keep-alive bytes do not count. */
  readonly idleMs: number
}

export interface LookupCount {
  underWay: number
  /** True when close() waits no longer: who finds nothing now starts no flight. */
  over: boolean
}

export interface Judgement {
  readonly last: FeedbackVerdict
  /** True once it took an answer out of the cache: what came after is another one. */
  readonly evicted: boolean
}

export interface PipelineDependencies {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly events: Events
  readonly cache: CacheStack
  readonly flights: Flights<Decision, FlightResult>
  readonly catalogue: Catalogue
  readonly tokens: TokenEstimator
  readonly scheduler: Scheduler
  readonly ledger: Ledger
  readonly semantic: SemanticRoom
  /** What callers said of their answers, by request. */
  readonly judged: RecentKeys<Judgement>
  /** Undefined without a shared store. */
  readonly leases: Leases | undefined
  /** Who forecasts demand; undefined where nobody does. */
  readonly demand: DemandObserver | undefined
  readonly defaultModel: string
  readonly fallback: readonly string[]
  readonly timeouts: AttemptTimeouts
  /** True once close() was called. */
  readonly closed: () => boolean
  /** What close() waits for beside flights: requests that still look into slower cache levels. */
  readonly lookups: LookupCount
}
