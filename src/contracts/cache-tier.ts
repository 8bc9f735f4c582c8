/** What is stored and the contract of a place that stores it. Types only. */
import type { FinishReason } from './provider.js'
import type { ToolCall } from './request.js'
import type { Usage } from './provider.js'

/** How much a stored answer departs from the named model: the least policy that allows it. */
export type SubstitutionDegree = 'none' | 'same_model' | 'equivalent' | 'any'

/** A validated, complete answer, as a cache keeps it. Frozen, shared by reference inside a process. */
export interface StoredAnswer {
  readonly text: string
  readonly reasoning: string | undefined
  readonly tool_calls: readonly ToolCall[]
  readonly finish_reason: FinishReason
  readonly usage: Usage
  readonly model_used: string
  readonly provider_used: string
  readonly requested_model: string
  readonly substitution: SubstitutionDegree
  readonly substitution_reason: string | undefined
  /** Integer nano-USD of the call that made it; null when the price is unknown. */
  readonly cost: number | null
}

export interface CacheEntry {
  readonly v: 1
  readonly answer: StoredAnswer
  /** Epoch milliseconds. */
  readonly created_at: number
  /** Served without question until then. */
  readonly fresh_until: number
  /** Served when every provider fails until then; >= fresh_until. */
  readonly stale_until: number
  /** Bytes it is counted as. */
  readonly size: number
  readonly tags: readonly string[]
}

export type MaybePromise<T> = T | Promise<T>

export interface TierStats {
  readonly enabled: boolean
  readonly entries: number
  readonly bytes: number
  readonly max_entries: number
  readonly max_bytes: number
}

/** One cache level. A synchronous tier answers without a promise: the hit path needs none. */
export interface CacheTier {
  readonly level: 'l1' | 'l2' | 'l3'
  /** The entry even when no longer fresh, as long as it is not past `stale_until`. */
  get(key: string): MaybePromise<CacheEntry | undefined>
  set(key: string, entry: CacheEntry): MaybePromise<void>
  delete(keys: readonly string[]): MaybePromise<void>
  clear(): MaybePromise<void>
  stats(): TierStats
  /** Pending writes out. */
  flush?(): Promise<void>
  close?(): Promise<void>
}
