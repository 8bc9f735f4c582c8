/** The rows everything that is counted is counted from. Types only. */
import type { RaptorflowErrorCode } from '../errors.js'
import type { CacheLevel } from './response.js'
import type { Usage } from './provider.js'

/** One per request, written when its caller got an answer or an error. */
export interface RequestRow {
  readonly request_id: string
  readonly workspace_id: string
  readonly user_id: string | undefined
  readonly key_id: string | undefined
  /** Epoch milliseconds at the end. */
  readonly at: number
  readonly mode: 'unary' | 'stream'
  readonly outcome: 'answered' | 'failed'
  readonly error: RaptorflowErrorCode | undefined
  readonly provider: string | undefined
  readonly model: string | undefined
  readonly cache: CacheLevel | null
  /** The level that held the entry of a semantic hit; undefined otherwise. */
  readonly semantic_level: 'l1' | 'l2' | 'l3' | undefined
  /** True when the cache was asked at all. */
  readonly cache_lookup: boolean
  /** The cache key its answer stands under: what feedback may evict. */
  readonly served_key: string | undefined
  readonly coalesced: boolean
  readonly input_tokens: number
  readonly output_tokens: number
  /** Nano-USD a hit or a shared call saved; null when the price is unknown. */
  readonly cost_saved: number | null
  readonly duration_ms: number
  readonly metadata: { readonly [key: string]: unknown } | undefined
}

/** One per call of a provider. Money is counted from these alone, in the sponsor's name. */
export interface AttemptRow {
  readonly attempt_id: string
  readonly request_id: string
  readonly workspace_id: string
  readonly user_id: string | undefined
  readonly key_id: string | undefined
  /** Epoch milliseconds at the end. */
  readonly at: number
  readonly provider: string
  readonly model: string
  readonly outcome: 'ok' | 'failed' | 'aborted'
  readonly kind: string | undefined
  /** False for failures that say nothing about the provider's health (caller's fault, abort). */
  readonly counts_for_health: boolean
  readonly usage: Usage | undefined
  /** Nano-USD; null when unknown. */
  readonly cost: number | null
  readonly cost_estimated: boolean
  readonly duration_ms: number
  /** Milliseconds to the first content; undefined for unary calls and when none came. */
  readonly first_content_ms: number | undefined
}

export interface BatchRow {
  readonly at: number
  readonly items: number
  readonly failed_items: number
}
