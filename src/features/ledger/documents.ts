/** The documented status, providers and analytics documents, built from what was counted. */
import type { Clock } from '../../contracts/clock.js'
import type { SemanticStats } from '../../contracts/semantic-stats.js'
import type { Model, ModelPrice } from '../../contracts/model.js'
import type {
  AnalyticsDocument,
  ProviderEntry,
  ProvidersDocument,
  StatusDocument,
  WorkerStats,
} from '../../contracts/stats.js'
import { RaptorflowError } from '../../errors.js'
import { isoTime } from '../../util/iso-time.js'
import { toUsd } from '../../util/money.js'
import type { Ledger } from './ledger.js'
import type { ProviderHealth } from './provider-table.js'
import { costStats, overallCacheStats, ratio, usdByName } from './sections.js'
import { tierSections, type Tiers } from './tier-sections.js'

/** Calls of providers and where they wait. */
export interface QueueNumbers {
  readonly pending: number
  readonly processing: number
  /** Calls that may run at once. */
  readonly slots: number
  readonly active: number
  readonly queues: number
  readonly averageWaitSeconds: number
}

/** A model a provider serves, and its price where known. */
interface PricedModel {
  readonly provider: string
  readonly model: Model
  readonly price: ModelPrice | null
}

interface Source {
  readonly ledger: Ledger
  readonly clock: Clock
}

export interface StatusInput extends Source {
  readonly tiers: Tiers
  /** Seconds an answer is fresh when its request says nothing. */
  readonly ttlSeconds: number
  readonly semantic: SemanticStats | undefined
  readonly queue: QueueNumbers
}

export interface ProvidersInput extends Source {
  readonly offers: readonly PricedModel[]
}

export interface AnalyticsInput extends Source {
  readonly queue: QueueNumbers
}

/** The documented example's period. */
const STATUS_DAYS = 7
const MAX_DAYS = 365
const ENOUGH_ATTEMPTS = 10
const FAILING_BELOW = 0.5

/** `GET /status`. Costs cover the last 7 UTC days, everything else the time since the start. */
export function statusDocument(input: StatusInput): StatusDocument {
  const { ledger, clock, tiers, queue } = input
  return {
    status: overallHealth(ledger.health()),
    timestamp: isoTime(clock.now()),
    pending_requests: queue.pending,
    processing_requests: queue.processing,
    cache_stats: {
      overall: overallCacheStats(ledger.totals()),
      ...tierSections(tiers, input.ttlSeconds),
      ...(input.semantic === undefined ? {} : { semantic: input.semantic }),
    },
    cost_stats: costStats(ledger.period(STATUS_DAYS), STATUS_DAYS),
    worker_stats: workerStats(ledger, queue),
  }
}

/**
 * A provider fails when, in the last five minutes, fewer than half of at least 10 attempts that
 * say something about its health succeeded. `degraded`: some provider fails. `unhealthy`: every
 * provider with such attempts in that time fails. Without traffic: `healthy`.
 */
export function overallHealth(providers: readonly ProviderHealth[]): StatusDocument['status'] {
  const failing = providers.filter(
    ({ judged, succeeded }) => judged >= ENOUGH_ATTEMPTS && succeeded / judged < FAILING_BELOW,
  )
  if (failing.length === 0) return 'healthy'
  return failing.length === providers.length ? 'unhealthy' : 'degraded'
}

function workerStats(ledger: Ledger, queue: QueueNumbers): WorkerStats {
  const { answered, failed, coalesced, semantic } = ledger.totals()
  const { batches, failed: failedBatches, items } = ledger.batches()
  const requests = answered + failed
  return {
    total_workers: queue.slots,
    active_workers: queue.active,
    total_requests_processed: requests,
    deduplicator: {
      total_requests: requests,
      exact_duplicates: coalesced,
      semantic_duplicates: semantic,
      deduplication_rate: ratio(coalesced + semantic, requests),
    },
    batch_processor: {
      total_batches: batches,
      successful_batches: batches - failedBatches,
      failed_batches: failedBatches,
      average_batch_size: ratio(items, batches),
    },
  }
}

/** `GET /providers`: every model of every provider, in the order given. */
export function providersDocument(input: ProvidersInput): ProvidersDocument {
  return {
    providers: input.offers.map((offer) => providerEntry(offer, input.ledger)),
    timestamp: isoTime(input.clock.now()),
  }
}

/** Facts nobody knows are 0, prices nobody knows null. */
function providerEntry({ provider, model, price }: PricedModel, ledger: Ledger): ProviderEntry {
  const seen = ledger.performance(provider, model.id)
  const inputPrice = price && usdPerThousand(price.input)
  return {
    provider,
    model: model.id,
    estimated_cost: inputPrice,
    estimated_time: model.estimatedTime ?? 0,
    reliability_score: model.reliabilityScore ?? 0,
    quality_score: model.qualityScore ?? 0,
    tier: model.tier,
    actual_performance: {
      total_requests: seen?.attempts ?? 0,
      avg_response_time: seen ? ratio(seen.succeededMs, seen.succeeded) / 1_000 : 0,
      success_rate: seen ? ratio(seen.judgedSucceeded, seen.judged) : 0,
    },
    pricing: {
      input_token_price: inputPrice,
      output_token_price: price && usdPerThousand(price.output),
      max_tokens_per_request: model.maxOutputTokens ?? 0,
      requests_per_minute: model.requestsPerMinute ?? 0,
    },
  }
}

/** From USD per million, by way of whole nano-USD so that 1.1 gives 0.0011 and no tail. */
function usdPerThousand(perMillion: number): number {
  return toUsd(Math.round(perMillion * 1e6))
}

/**
 * `GET /analytics`. Costs and cache cover the last `days` UTC days, today included; the queue the
 * time since the start.
 * @throws RaptorflowError INVALID_REQUEST, field `days`, unless an integer from 1 to 365
 */
export function analyticsDocument(input: AnalyticsInput, days: number): AnalyticsDocument {
  const { ledger, clock, queue } = input
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) throw badDays(days)
  const sums = ledger.period(days)
  const { answered, failed } = ledger.totals()
  return {
    cost_analysis: { ...costStats(sums, days), daily_costs: usdByName(ledger.dailyCosts(days)) },
    cache_stats: { overall: overallCacheStats(sums) },
    queue_stats: {
      manager_stats: {
        total_queues: queue.queues,
        total_workers: queue.slots,
        active_workers: queue.active,
        total_requests_processed: answered + failed,
        avg_queue_wait_time: queue.averageWaitSeconds,
        system_throughput: ledger.requestsPerMinute(),
      },
    },
    period_days: days,
    timestamp: isoTime(clock.now()),
  }
}

function badDays(days: unknown): RaptorflowError {
  const got = typeof days === 'number' ? String(days) : typeof days
  return new RaptorflowError(
    'INVALID_REQUEST',
    `Expected \`days\` to be an integer from 1 to ${MAX_DAYS}, got ${got}`,
    { details: { field: 'days', validation: 'range' } },
  )
}
