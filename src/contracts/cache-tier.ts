/** What is stored and the contract of a place that stores it. Types only. */
import type { Clock, Random } from './clock.js'
import type { LeaseStore, MarkStore } from './coordination.js'
import type { Logger } from './logger.js'
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

/** What a match by meaning needs of an entry; stored with it, so that it survives a restart. */
export interface SemanticRecord {
  /** Hash of all that must be equal: tenant, model, system, history, parameters, embedder id. */
  readonly scope: string
  /** `Embedder.id`: vectors of different embedders are never compared. */
  readonly embedder: string
  /** The last user text, the only part that is matched by meaning. */
  readonly text: string
  /** Of length 1; not to be changed (typed arrays cannot be frozen). */
  readonly vector: Float32Array
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
  readonly semantic?: SemanticRecord | undefined
}

export interface KeyedEntry {
  readonly key: string
  readonly entry: CacheEntry
}

export type MaybePromise<T> = T | Promise<T>

export interface TierStats {
  readonly enabled: boolean
  readonly entries: number
  readonly bytes: number
  readonly max_entries: number
  readonly max_bytes: number
  /** Whether entries are compressed. @default false */
  readonly compression?: boolean | undefined
  /** Where it keeps its files. */
  readonly storage_path?: string | undefined
}

/** `ok`: asked. `down`: left alone for a while. `probing`: one call tries. `off`: given up for good. */
export type TierState = 'ok' | 'probing' | 'down' | 'off'

/** How a level has been doing since the start. */
export interface TierHealth {
  readonly state: TierState
  /** Reads that gave a valid entry, also one past its time. */
  readonly hits: number
  /** Reads that gave none, though the tier answered. */
  readonly misses: number
  /** Operations that failed, other than by taking too long. */
  readonly errors: number
  /** Operations that took too long. */
  readonly timeouts: number
  /** Operations that were not tried, or not waited for, since the tier was down. */
  readonly skipped: number
  /** Writes that were left out, since too many were under way. */
  readonly dropped: number
}

/** What the client hands to a tier, once, before it asks it anything. */
export interface TierContext {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Seconds an answer is fresh when its request says nothing. */
  readonly ttlSeconds: number
  /** Tells the client of a change; `reason` is one word, without any text of the store's. */
  readonly onState: (state: TierState, reason: string) => void
}

/** One cache level. A synchronous tier answers without a promise: the hit path needs none. */
export interface CacheTier {
  readonly level: 'l1' | 'l2' | 'l3'
  /**
   * True for a tier with deadlines and a breaker of its own (100 ms to read, 250 ms to write): it
   * rejects in time by itself. Others get both from the client.
   */
  readonly guarded?: boolean | undefined
  /** Begins to connect in the background. Never throws, never waits. */
  open?(context: TierContext): void
  /** The entry even when no longer fresh, as long as it is not past `stale_until`. */
  get(key: string): MaybePromise<CacheEntry | undefined>
  set(key: string, entry: CacheEntry): MaybePromise<void>
  delete(keys: readonly string[]): MaybePromise<void>
  /** Rejects when it could not. O(1) where the store allows. */
  clear(): MaybePromise<void>
  stats(): TierStats
  /** The entries used or written last, newest first: what a new process warms its memory with. */
  recent?(limit: number): MaybePromise<readonly KeyedEntry[]>
  /**
   * Entries whose `semantic.scope` is this one, created after `since` (epoch milliseconds), newest
   * first.
   */
  inScope?(scope: string, since: number, limit: number): MaybePromise<readonly KeyedEntry[]>
  /** Where invalidations are kept for other processes and for after a restart. */
  readonly marks?: MarkStore | undefined
  /** Where processes agree on who makes a call. */
  readonly leases?: LeaseStore | undefined
  /** Pending writes out. */
  flush?(): Promise<void>
  close?(): Promise<void>
}
