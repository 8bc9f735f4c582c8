/** What is kept of a key that is asked for often. */
import type { ParsedRequest } from '../../contracts/request.js'
import type { Counter } from './space-saving.js'

/** Times in epoch milliseconds, costs in nano-USD. */
export interface TrackedKey extends Counter {
  readonly request: ParsedRequest
  readonly ttlMs: number
  /** Of the last answer a caller waited for; null when unknown. */
  cost: number | null
  durationMs: number | null
  /** When its entry stops being fresh, as far as known; 0 when nothing is. */
  freshUntil: number
  /** Whether that was read from the cache, jitter included, rather than reckoned. */
  exact: boolean
  /** A warming call for it is under way. */
  refreshing: boolean
  /** The last warming call brought no answer worth keeping. */
  refused: boolean
  /** `freshUntil` of the entry that was last tried to replace: one try for each. */
  triedFor: number
  /** Which side of the experiment it is on, from the first time that it was worth warming. */
  group: 'warmed' | 'holdout' | undefined
  /** Since then. */
  asked: number
  hits: number
  /** End of the warmed entry; 0 when there is none. */
  warmedUntil: number
  /** Cost of the warmed entry while nobody has used it, then undefined. */
  unusedCost: number | undefined
  /** When the entry would have ended had nobody warmed the key; 0 while that makes no difference. */
  plainUntil: number
}

/** All fields in one order, so that all keys share one hidden class. */
export function trackedKey(key: string, request: ParsedRequest, ttlMs: number): TrackedKey {
  return {
    key,
    count: 0,
    error: 0,
    position: 0,
    request,
    ttlMs,
    cost: null,
    durationMs: null,
    freshUntil: 0,
    exact: false,
    refreshing: false,
    refused: false,
    triedFor: 0,
    group: undefined,
    asked: 0,
    hits: 0,
    warmedUntil: 0,
    unusedCost: undefined,
    plainUntil: 0,
  }
}
