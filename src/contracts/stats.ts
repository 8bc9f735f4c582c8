/** The documented status, providers and analytics documents. Types only. */
import type { TierHealth } from './cache-tier.js'
import type { SemanticStats } from './semantic-stats.js'

export interface OverallCacheStats {
  readonly total_requests: number
  /** 0-100; the tier rates add up to it. */
  readonly hit_rate: number
  readonly l1_hit_rate: number
  readonly l2_hit_rate: number
  readonly l3_hit_rate: number
  /** USD. */
  readonly total_cost_saved: number
  readonly total_tokens_saved: number
}

export interface MemoryTierStats {
  readonly enabled: boolean
  readonly total_entries: number
  /** 0-1: the larger of entries and bytes. */
  readonly utilization: number
  readonly strategy: 'lru'
  /** Left out when there is no such level. */
  readonly health?: TierHealth
}

export interface RedisTierStats {
  readonly enabled: boolean
  readonly total_entries: number
  readonly compression: boolean
  /** How long an answer is fresh when its request says nothing. */
  readonly ttl_seconds: number
  readonly health?: TierHealth
}

export interface PersistentTierStats {
  readonly enabled: boolean
  readonly total_entries: number
  /** 10^6 bytes. */
  readonly total_size_mb: number
  readonly storage_path?: string
  readonly health?: TierHealth
}

export interface CostStats {
  readonly period_days: number
  /** USD, of attempts whose price is known. */
  readonly total_cost: number
  readonly total_tokens: number
  readonly total_requests: number
  readonly avg_cost_per_request: number
  readonly avg_cost_per_token: number
  readonly provider_breakdown: { readonly [provider: string]: number }
  /** Attempts whose cost is unknown and therefore not in the sums. */
  readonly unpriced_attempts: number
}

export interface DeduplicatorStats {
  readonly total_requests: number
  readonly exact_duplicates: number
  readonly semantic_duplicates: number
  /** 0-1. */
  readonly deduplication_rate: number
}

export interface BatchProcessorStats {
  readonly total_batches: number
  readonly successful_batches: number
  readonly failed_batches: number
  readonly average_batch_size: number
}

export interface WorkerStats {
  readonly total_workers: number
  readonly active_workers: number
  readonly total_requests_processed: number
  readonly deduplicator: DeduplicatorStats
  readonly batch_processor: BatchProcessorStats
}

export interface StatusDocument {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly timestamp: string
  readonly pending_requests: number
  readonly processing_requests: number
  readonly cache_stats: {
    readonly overall: OverallCacheStats
    readonly l1_memory: MemoryTierStats
    readonly l2_redis: RedisTierStats
    readonly l3_persistent: PersistentTierStats
    /** Left out until a request was matched by meaning. */
    readonly semantic?: SemanticStats
  }
  readonly cost_stats: CostStats
  readonly worker_stats: WorkerStats
}

export interface ProviderEntry {
  readonly provider: string
  readonly model: string
  /** USD for 1,000 input tokens; null when the price is unknown. */
  readonly estimated_cost: number | null
  /** Seconds. */
  readonly estimated_time: number
  readonly reliability_score: number
  readonly quality_score: number
  readonly tier: 'basic' | 'pro'
  readonly actual_performance: {
    readonly total_requests: number
    /** Seconds. */
    readonly avg_response_time: number
    /** 0-1. */
    readonly success_rate: number
  }
  readonly pricing: {
    /** USD per 1,000 tokens; null when unknown. */
    readonly input_token_price: number | null
    readonly output_token_price: number | null
    /** Most output tokens of one request. */
    readonly max_tokens_per_request: number
    readonly requests_per_minute: number
  }
}

export interface ProvidersDocument {
  readonly providers: readonly ProviderEntry[]
  readonly timestamp: string
}

export interface AnalyticsOptions {
  /** 1-365, an integer. @default 7 */
  readonly days?: number | undefined
}

export interface AnalyticsDocument {
  readonly cost_analysis: CostStats & {
    /** USD per UTC day `YYYY-MM-DD`, oldest first, zero-filled. */
    readonly daily_costs: { readonly [day: string]: number }
  }
  readonly cache_stats: { readonly overall: OverallCacheStats }
  readonly queue_stats: {
    readonly manager_stats: {
      readonly total_queues: number
      readonly total_workers: number
      readonly active_workers: number
      readonly total_requests_processed: number
      /** Seconds. */
      readonly avg_queue_wait_time: number
      /** Requests a minute, over the last 60 s. */
      readonly system_throughput: number
    }
  }
  readonly period_days: number
  readonly timestamp: string
}
