/** What a caller gets back. Documented field names, additive fields marked so. Types only. */
import type { RaptorflowErrorCode, RaptorflowError } from '../errors.js'
import type { FinishReason, Usage } from './provider.js'
import type { StrategyName, ToolCall } from './request.js'

export type CacheLevel = 'l1' | 'l2' | 'l3' | 'semantic'

/** Where the answer came from. `level: null` means a model was called for it. */
export interface CacheInfo {
  readonly level: CacheLevel | null
  /** Age of the stored answer; 0 without a hit. */
  readonly age_seconds: number
  /** 0-1 for a semantic hit, otherwise null. */
  readonly similarity: number | null
  /** Served after its time: while a new answer is asked for, or because every provider failed. */
  readonly stale: boolean
}

/** One call of a provider, as the caller may see it: no upstream text in it. */
export interface AttemptInfo {
  readonly provider: string
  readonly model: string
  readonly outcome: 'ok' | 'failed' | 'aborted'
  /** The failure's kind, for instance `rate_limited`; null when it went well. */
  readonly kind: string | null
  /** HTTP status of the provider's answer, when there was one. */
  readonly status: number | null
  readonly duration_ms: number
  /** USD; null when the price or the usage is unknown. */
  readonly cost: number | null
  /** True when the cost was computed from an estimate, not from reported usage. */
  readonly cost_estimated: boolean
}

/** One candidate as routing saw it. */
export interface RoutingCandidate {
  readonly provider: string
  readonly model: string
  /** USD before the call; null when the price is unknown. */
  readonly estimated_cost: number | null
}

export interface RoutingRejection {
  readonly provider: string
  readonly model: string
  readonly reason: string
}

export interface RoutingInfo {
  readonly candidates: readonly RoutingCandidate[]
  readonly rejected: readonly RoutingRejection[]
}

export interface ResponseMetadata {
  readonly strategy: StrategyName
  /** Equals the request's `cost_optimize`. */
  readonly optimization_enabled: boolean
  /** The model that was asked for. */
  readonly requested_model?: string
  /** True when another model than the named one answered. */
  readonly substituted?: boolean
  readonly substitution_reason?: string
  /** Set when `budget_limit` lowered the tokens the model may generate. */
  readonly max_tokens_capped?: number
  readonly routing?: RoutingInfo
}

export interface InferenceResponse<T = unknown> {
  readonly request_id: string
  readonly response: string
  readonly model_used: string
  readonly provider_used: string
  /** Seconds, as this caller saw it. */
  readonly processing_time: number
  readonly cache_hit: boolean
  readonly input_tokens: number
  readonly output_tokens: number
  /** USD: before the call, or the avoided price on a hit. Null when the price is unknown. */
  readonly estimated_cost: number | null
  /** USD this caller caused: 0 on a hit or when coalesced, null when the price is unknown. */
  readonly actual_cost: number | null
  /** ISO 8601. */
  readonly timestamp: string
  readonly metadata: ResponseMetadata
  readonly finish_reason: FinishReason
  readonly tool_calls: readonly ToolCall[]
  /** The answer as a value, when `response_format` asked for JSON; otherwise undefined. */
  readonly parsed?: T
  readonly reasoning?: string
  readonly usage: Usage
  readonly cache: CacheInfo
  /** USD a hit or a shared call saved; 0 otherwise, null when the price is unknown. */
  readonly cost_saved: number | null
  /** True when another caller's running call answered this one, in this process or in another. */
  readonly coalesced: boolean
  readonly attempts: readonly AttemptInfo[]
}

/** The documented error envelope's inside. */
export interface ErrorBody {
  readonly code: RaptorflowErrorCode
  readonly message: string
  readonly details: { readonly [key: string]: unknown }
  readonly request_id: string | null
  readonly timestamp: string
}

export interface BatchItemError {
  /** Position in `requests`. */
  readonly index: number
  readonly error: RaptorflowError
}

export interface BatchResponse {
  readonly batch_id: string
  /** Answers in the order of `requests`, failed ones left out. */
  readonly responses: readonly InferenceResponse[]
  readonly total_requests: number
  readonly successful_requests: number
  readonly failed_requests: number
  /** Items answered by another item of the same batch. */
  readonly duplicate_requests: number
  /** Seconds, summed over items. */
  readonly total_processing_time: number
  readonly avg_processing_time: number
  /** USD; null when an item's price is unknown. */
  readonly total_estimated_cost: number | null
  readonly total_actual_cost: number | null
  readonly cache_hits: number
  /** 0-1. */
  readonly cache_hit_rate: number
  readonly timestamp: string
  /** Seconds from start to end. */
  readonly wall_time: number
  readonly errors: readonly BatchItemError[]
}

export interface ClearCacheResponse {
  readonly success: boolean
  readonly level: 'l1' | 'l2' | 'l3' | 'all'
  readonly timestamp: string
  /** Per level: whether it was cleared; a level that does not exist counts as cleared. */
  readonly levels: { readonly [level: string]: { readonly success: boolean } }
}

export interface InvalidateTagsResponse {
  readonly success: boolean
  readonly tags: readonly string[]
  readonly timestamp: string
  /** Per level: whether other processes and a later start know of it; a level that does not exist counts. */
  readonly levels: { readonly [level: string]: { readonly success: boolean } }
}

export type FeedbackVerdict = 'good' | 'bad'

export interface FeedbackResponse {
  readonly request_id: string
  readonly feedback: FeedbackVerdict
  /** True when the answer was taken out of the cache. */
  readonly evicted: boolean
  readonly timestamp: string
}

/** Exact token counts of a request's input. */
export interface TokenCount {
  readonly input_tokens: number
  readonly model: string
  /** True for OpenAI's own encodings; other vendors' counts are corrected estimates. */
  readonly exact: boolean
}
