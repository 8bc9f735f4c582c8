import { describe, expect, it } from 'vitest'
import type { Model } from '../../../src/contracts/model.js'
import { RaptorflowError } from '../../../src/errors.js'
import {
  analyticsDocument,
  overallHealth,
  providersDocument,
  statusDocument,
} from '../../../src/features/ledger/documents.js'
import { createLedger } from '../../../src/features/ledger/ledger.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { attempt, DAY, failure, request, START } from './fixtures.js'

// The documented examples, `Number` where the number is free.
const OVERALL = {
  total_requests: Number,
  hit_rate: Number,
  l1_hit_rate: Number,
  l2_hit_rate: Number,
  l3_hit_rate: Number,
  total_cost_saved: Number,
  total_tokens_saved: Number,
}
const COST = {
  period_days: Number,
  total_cost: Number,
  total_tokens: Number,
  total_requests: Number,
  avg_cost_per_request: Number,
  avg_cost_per_token: Number,
  provider_breakdown: { openai: Number },
}
const STATUS = {
  status: String,
  timestamp: String,
  pending_requests: Number,
  processing_requests: Number,
  cache_stats: {
    overall: OVERALL,
    l1_memory: { total_entries: Number, utilization: Number, strategy: String },
    l2_redis: { total_entries: Number, compression: Boolean, ttl_seconds: Number },
    // `storage_path` is for administrators only and comes with the level itself.
    l3_persistent: { total_entries: Number, total_size_mb: Number },
  },
  cost_stats: COST,
  worker_stats: {
    total_workers: Number,
    active_workers: Number,
    total_requests_processed: Number,
    deduplicator: {
      total_requests: Number,
      exact_duplicates: Number,
      semantic_duplicates: Number,
      deduplication_rate: Number,
    },
    batch_processor: {
      total_batches: Number,
      successful_batches: Number,
      failed_batches: Number,
      average_batch_size: Number,
    },
  },
}
const PROVIDER = {
  provider: String,
  model: String,
  estimated_cost: Number,
  estimated_time: Number,
  reliability_score: Number,
  quality_score: Number,
  tier: String,
  actual_performance: { total_requests: Number, avg_response_time: Number, success_rate: Number },
  pricing: {
    input_token_price: Number,
    output_token_price: Number,
    max_tokens_per_request: Number,
    requests_per_minute: Number,
  },
}
const ANALYTICS = {
  cost_analysis: { ...COST, daily_costs: { '2026-01-01': Number } },
  cache_stats: { overall: OVERALL },
  queue_stats: {
    manager_stats: {
      total_queues: Number,
      total_workers: Number,
      active_workers: Number,
      total_requests_processed: Number,
      avg_queue_wait_time: Number,
      system_throughput: Number,
    },
  },
  period_days: Number,
  timestamp: String,
}

/** The shape of a document: every leaf as its type, additive keys left out. */
function shapeLike(document: unknown, documented: unknown): unknown {
  if (typeof documented === 'function') {
    return { number: Number, string: String, boolean: Boolean }[typeof document as string]
  }
  const fields = document as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(documented as object).map(([key, value]) => [
      key,
      key in fields ? shapeLike(fields[key], value) : 'missing',
    ]),
  )
}

function everyNumber(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(everyNumber)
    : []
}

const MODEL: Model = {
  id: 'gpt-3.5-turbo',
  aliases: [],
  price: null,
  contextWindow: 16_385,
  maxOutputTokens: 4_096,
  capabilities: {
    tools: true,
    toolChoice: true,
    images: false,
    files: false,
    fileUrls: false,
    jsonObject: true,
    jsonSchema: false,
    stop: true,
    seed: true,
    topP: true,
    maxTemperature: 2,
    temperatureWithTopP: true,
    stream: true,
  },
  qualityScore: 0.85,
  reliabilityScore: 0.95,
  estimatedTime: 1.5,
  requestsPerMinute: 3_500,
  tier: 'basic',
}

const HEALTH = {
  state: 'ok',
  hits: 3,
  misses: 2,
  errors: 0,
  timeouts: 0,
  skipped: 0,
  dropped: 0,
} as const

function input() {
  const clock = new FakeClock(START + DAY / 2)
  return {
    clock,
    ledger: createLedger({ clock }),
    tiers: {
      l1: { enabled: true, entries: 10, bytes: 750, max_entries: 100, max_bytes: 1_000, ...HEALTH },
      l2: undefined,
      l3: undefined,
    },
    ttlSeconds: 3_600,
    semantic: undefined,
    queue: {
      pending: 12,
      processing: 8,
      slots: 10,
      active: 6,
      queues: 3,
      averageWaitSeconds: 2.3,
    },
    offers: [{ provider: 'openai', model: MODEL, price: { input: 1.5, output: 2 } }],
  }
}

/** Eight requests: a miss, hits of every level, a shared call, an uncached one, a failure. */
function traffic() {
  const given = input()
  const { ledger } = given
  ledger.recordRequest(request())
  ledger.recordAttempt(attempt())
  ledger.recordRequest(request({ cache: 'l1', cost_saved: 115_000 }))
  ledger.recordRequest(request({ cache: 'l2', cost_saved: 115_000 }))
  ledger.recordRequest(request({ cache: 'l3', cost_saved: null }))
  ledger.recordRequest(request({ cache: 'semantic', semantic_level: 'l1', cost_saved: 100_000 }))
  ledger.recordRequest(request({ coalesced: true, cost_saved: 115_000 }))
  ledger.recordRequest(request({ cache_lookup: false, provider: 'google', input_tokens: 100 }))
  ledger.recordAttempt(failure({ duration_ms: 30_000 }))
  ledger.recordAttempt(attempt({ provider: 'google', model: 'gemini', cost: 200_000 }))
  ledger.recordRequest(request({ outcome: 'failed', error: 'TIMEOUT', input_tokens: 0 }))
  ledger.recordAttempt(attempt({ outcome: 'aborted', counts_for_health: false, cost: null }))
  ledger.recordBatch({ at: START, items: 4, failed_items: 0 })
  ledger.recordBatch({ at: START, items: 7, failed_items: 2 })
  return given
}

describe('the documents', () => {
  it.each([
    ['without traffic', input],
    ['with traffic', traffic],
  ])('hold every documented field with its type, %s', (_, make) => {
    const given = make()
    given.ledger.recordAttempt(attempt())
    const documents = [
      [statusDocument(given), STATUS],
      [providersDocument(given), { timestamp: String }],
      [providersDocument(given).providers[0], PROVIDER],
      [analyticsDocument(given, 1), ANALYTICS],
    ]
    for (const [document, documented] of documents) {
      expect(shapeLike(document, documented)).toEqual(documented)
    }
  })

  it('hold finite numbers only, also when there is nothing to divide by', () => {
    const given = { ...input(), tiers: { l1: undefined, l2: undefined, l3: undefined } }
    for (const document of [
      statusDocument(given),
      providersDocument(given),
      analyticsDocument(given, 365),
    ]) {
      expect(everyNumber(document).filter((number) => !Number.isFinite(number))).toEqual([])
    }
  })

  it('are JSON', () => {
    const given = traffic()
    const all = [statusDocument(given), providersDocument(given), analyticsDocument(given, 7)]
    expect(JSON.parse(JSON.stringify(all))).toEqual(all)
  })
})

describe('statusDocument', () => {
  it('counts cache, cost and workers as computed by hand', () => {
    const { status, timestamp, pending_requests, processing_requests, ...rest } =
      statusDocument(traffic())
    expect([status, timestamp, pending_requests, processing_requests]).toEqual([
      'healthy',
      '2026-01-01T12:00:00.000Z',
      12,
      8,
    ])
    expect(rest.cache_stats).toEqual({
      overall: {
        total_requests: 7,
        hit_rate: 400 / 7,
        l1_hit_rate: 200 / 7,
        l2_hit_rate: 100 / 7,
        l3_hit_rate: 100 / 7,
        total_cost_saved: 0.000445,
        total_tokens_saved: 5 * 23,
      },
      l1_memory: {
        enabled: true,
        total_entries: 10,
        utilization: 0.75,
        strategy: 'lru',
        health: HEALTH,
      },
      l2_redis: {
        enabled: false,
        total_entries: 0,
        compression: false,
        ttl_seconds: 0,
      },
      l3_persistent: { enabled: false, total_entries: 0, total_size_mb: 0 },
    })
    expect(rest.cost_stats).toEqual({
      period_days: 7,
      total_cost: 0.000315,
      total_tokens: 6 * 23 + 108,
      total_requests: 7,
      avg_cost_per_request: 0.000045,
      avg_cost_per_token: 0.000315 / 246,
      provider_breakdown: { openai: 0.000115, google: 0.0002 },
      unpriced_attempts: 1,
    })
    expect(rest.worker_stats).toEqual({
      total_workers: 10,
      active_workers: 6,
      total_requests_processed: 8,
      deduplicator: {
        total_requests: 8,
        exact_duplicates: 1,
        semantic_duplicates: 1,
        deduplication_rate: 0.25,
      },
      batch_processor: {
        total_batches: 2,
        successful_batches: 1,
        failed_batches: 1,
        average_batch_size: 5.5,
      },
    })
  })

  it('has tier rates that add up to the hit rate', () => {
    const { overall } = statusDocument(traffic()).cache_stats
    const sum = overall.l1_hit_rate + overall.l2_hit_rate + overall.l3_hit_rate
    expect(sum).toBeCloseTo(overall.hit_rate, 10)
  })

  it('covers the last seven days with its costs and everything with its cache', async () => {
    const given = input()
    given.ledger.recordAttempt(attempt({ at: given.clock.now() }))
    given.ledger.recordRequest(request({ at: given.clock.now(), cache: 'l1', cost_saved: 5 }))
    await given.clock.advance(6 * DAY)
    expect(statusDocument(given).cost_stats.total_cost).toBe(0.000115)
    await given.clock.advance(DAY)
    const { cost_stats, cache_stats } = statusDocument(given)
    expect(cost_stats).toMatchObject({ total_cost: 0, total_requests: 0, total_tokens: 0 })
    expect(cache_stats.overall).toMatchObject({ total_requests: 1, hit_rate: 100 })
  })

  it('describes every level that exists, with the larger share and MB of 10^6 bytes', () => {
    const tier = {
      enabled: true,
      entries: 50,
      bytes: 250_500_000,
      max_entries: 100,
      max_bytes: 1e9,
      compression: true,
      storage_path: 'cache.db',
      ...HEALTH,
    }
    const given = { ...input(), tiers: { l1: tier, l2: tier, l3: tier } }
    const { l1_memory, l2_redis, l3_persistent } = statusDocument(given).cache_stats
    expect(l1_memory.utilization).toBe(0.5)
    expect(l2_redis).toEqual({
      enabled: true,
      total_entries: 50,
      compression: true,
      ttl_seconds: 3_600,
      health: HEALTH,
    })
    expect(l3_persistent).toEqual({
      enabled: true,
      total_entries: 50,
      total_size_mb: 250.5,
      storage_path: 'cache.db',
      health: HEALTH,
    })
  })

  it('sums money without a tail', () => {
    const given = input()
    given.ledger.recordAttempt(attempt({ cost: 100_000_000 }))
    given.ledger.recordAttempt(attempt({ cost: 200_000_000 }))
    expect(statusDocument(given).cost_stats.total_cost).toBe(0.3)
  })
})

describe('the health in the status', () => {
  const record = (given: ReturnType<typeof input>, provider: string, good: number, bad: number) => {
    for (let index = 0; index < good; index++) given.ledger.recordAttempt(attempt({ provider }))
    for (let index = 0; index < bad; index++) given.ledger.recordAttempt(failure({ provider }))
  }

  it.each([
    ['healthy', 'without traffic', {}],
    ['healthy', 'when half of the attempts succeed', { openai: [5, 5] }],
    ['healthy', 'when there are too few attempts to judge', { openai: [0, 9] }],
    ['degraded', 'when one of two providers fails', { openai: [4, 6], google: [1, 0] }],
    ['degraded', 'when another has too few attempts', { openai: [4, 6], google: [0, 1] }],
    ['unhealthy', 'when the only provider fails', { openai: [4, 6] }],
    ['unhealthy', 'when every provider fails', { openai: [4, 6], google: [0, 10] }],
  ])('is %s %s', (status, _, providers) => {
    const given = input()
    for (const [provider, [good, bad]] of Object.entries(providers)) {
      record(given, provider, good ?? 0, bad ?? 0)
    }
    expect(statusDocument(given).status).toBe(status)
    expect(overallHealth(given.ledger.health())).toBe(status)
  })

  it('heals five minutes later', async () => {
    const given = input()
    record(given, 'openai', 0, 20)
    expect(statusDocument(given).status).toBe('unhealthy')
    await given.clock.advance(5 * 60_000)
    expect(statusDocument(given).status).toBe('healthy')
  })

  it('does not hold callers’ faults against a provider', () => {
    const given = input()
    for (let index = 0; index < 20; index++) {
      given.ledger.recordAttempt(failure({ counts_for_health: false }))
    }
    expect(statusDocument(given).status).toBe('healthy')
  })
})

describe('providersDocument', () => {
  it('gives facts, prices per 1,000 tokens and what was measured', () => {
    const given = input()
    given.ledger.recordAttempt(attempt({ duration_ms: 1_000 }))
    given.ledger.recordAttempt(attempt({ duration_ms: 2_000 }))
    given.ledger.recordAttempt(failure({ duration_ms: 60_000 }))
    given.ledger.recordAttempt(failure({ counts_for_health: false }))
    expect(providersDocument(given)).toEqual({
      providers: [
        {
          provider: 'openai',
          model: 'gpt-3.5-turbo',
          estimated_cost: 0.0015,
          estimated_time: 1.5,
          reliability_score: 0.95,
          quality_score: 0.85,
          tier: 'basic',
          actual_performance: { total_requests: 4, avg_response_time: 1.5, success_rate: 2 / 3 },
          pricing: {
            input_token_price: 0.0015,
            output_token_price: 0.002,
            max_tokens_per_request: 4_096,
            requests_per_minute: 3_500,
          },
        },
      ],
      timestamp: '2026-01-01T12:00:00.000Z',
    })
  })

  it('says null for a price nobody knows and 0 for other facts', () => {
    const model = {
      ...MODEL,
      maxOutputTokens: null,
      qualityScore: null,
      reliabilityScore: null,
      estimatedTime: null,
      requestsPerMinute: null,
    }
    const offers = [{ provider: 'local', model, price: null }]
    expect(providersDocument({ ...input(), offers }).providers[0]).toEqual({
      provider: 'local',
      model: 'gpt-3.5-turbo',
      estimated_cost: null,
      estimated_time: 0,
      reliability_score: 0,
      quality_score: 0,
      tier: 'basic',
      actual_performance: { total_requests: 0, avg_response_time: 0, success_rate: 0 },
      pricing: {
        input_token_price: null,
        output_token_price: null,
        max_tokens_per_request: 0,
        requests_per_minute: 0,
      },
    })
  })

  it('gives prices without a tail, free ones as 0', () => {
    const priceOf = (perMillion: number) => {
      const offers = [{ provider: 'a', model: MODEL, price: { input: perMillion, output: 0 } }]
      return providersDocument({ ...input(), offers }).providers[0]?.pricing.input_token_price
    }
    expect([1.1, 0.07, 0.3, 0.15, 30, 0].map(priceOf)).toEqual([
      0.0011, 0.00007, 0.0003, 0.00015, 0.03, 0,
    ])
  })
})

describe('analyticsDocument', () => {
  it('gives the costs of each day, oldest first and zero-filled', () => {
    const given = input()
    given.ledger.recordAttempt(attempt({ at: START - 2 * DAY, cost: 6_500_000_000 }))
    given.ledger.recordAttempt(attempt({ at: START - 1, provider: 'google', cost: 100_000_000 }))
    given.ledger.recordAttempt(attempt({ at: START, cost: 200_000_000 }))
    given.ledger.recordRequest(request({ at: START }))
    given.ledger.recordRequest(request({ at: START - DAY, cache: 'l1', cost_saved: 1_000 }))
    given.ledger.recordRequest(request({ at: START - 4 * DAY, cache: 'l1' }))
    const document = analyticsDocument(given, 4)
    expect(Object.entries(document.cost_analysis.daily_costs)).toEqual([
      ['2025-12-29', 0],
      ['2025-12-30', 6.5],
      ['2025-12-31', 0.1],
      ['2026-01-01', 0.2],
    ])
    expect(document.cost_analysis).toMatchObject({
      period_days: 4,
      total_cost: 6.8,
      total_requests: 2,
      total_tokens: 46,
      avg_cost_per_request: 3.4,
      provider_breakdown: { openai: 6.7, google: 0.1 },
    })
    expect(document.cache_stats.overall).toMatchObject({ total_requests: 2, hit_rate: 50 })
    expect(document.queue_stats.manager_stats).toEqual({
      total_queues: 3,
      total_workers: 10,
      active_workers: 6,
      total_requests_processed: 3,
      avg_queue_wait_time: 2.3,
      system_throughput: 3,
    })
    expect([document.period_days, document.timestamp]).toEqual([4, '2026-01-01T12:00:00.000Z'])
  })

  it('has exactly the days asked for', () => {
    const given = input()
    for (const days of [1, 7, 365]) {
      const { daily_costs } = analyticsDocument(given, days).cost_analysis
      expect(Object.keys(daily_costs)).toHaveLength(days)
      expect(Object.keys(daily_costs).at(-1)).toBe('2026-01-01')
    }
  })

  it.each([0, 366, -1, 1.5, NaN, Infinity])('refuses %s days', (days) => {
    let thrown: unknown
    try {
      analyticsDocument(input(), days)
    } catch (error) {
      thrown = error
    }
    expect(RaptorflowError.isInstance(thrown) && thrown).toMatchObject({
      code: 'INVALID_REQUEST',
      message: `Expected \`days\` to be an integer from 1 to 365, got ${String(days)}`,
      details: { field: 'days' },
    })
  })
})
