/** The composition root: the only place that builds concrete objects. */
import type { CacheTier } from './contracts/cache-tier.js'
import type { BatchCallOptions } from './contracts/request.js'
import type { BatchResponse } from './contracts/response.js'
import type { Provider } from './contracts/provider.js'
import { memoryTier } from './features/cache/memory-tier.js'
import { createCacheStack, type CacheStack } from './features/cache/stack.js'
import { createFlights } from './features/dedup/flights.js'
import { createLeases } from './features/dedup/lease.js'
import { createLedger, type Ledger } from './features/ledger/ledger.js'
import { createCatalogue } from './features/pricing/catalogue.js'
import { genaiPrices } from './features/pricing/genai-prices.js'
import { createTokenEstimator } from './features/pricing/tokens.js'
import { cacheKey, flightKey } from './features/request/fingerprint.js'
import { parseBatch } from './features/request/parse-batch.js'
import { parseRequest } from './features/request/parse.js'
import { createScheduler } from './features/schedule/scheduler.js'
import { createSemanticRoom, type SemanticRoom } from './features/semantic/room.js'
import { createBatchRunner } from './jobs/batch/batch.js'
import { createWarmingRoom, type WarmingRoom } from './jobs/warming/room.js'
import type { ResolvedOptions } from './options.js'
import { callCostOf } from './pipeline/choice.js'
import type { Decision, FlightResult } from './pipeline/decision.js'
import type { PipelineDependencies } from './pipeline/dependencies.js'
import { createDocuments, type Documents } from './pipeline/documents.js'
import { closedError } from './pipeline/refusals.js'
import { createPipeline, type Pipeline } from './pipeline/run.js'
import { mayServe } from './pipeline/serving.js'
import { createEmitter, type Emitter } from './util/emitter.js'
import { newId } from './util/id.js'
import { invalidOption } from './util/invalid-option.js'
import { RecentKeys } from './util/recent-keys.js'

/** Everything a client delegates to. */
export interface Parts extends PipelineDependencies {
  readonly events: Emitter
  readonly ledger: Ledger
  readonly pipeline: Pipeline
  readonly runBatch: (batch: unknown, options: BatchCallOptions) => Promise<BatchResponse>
  readonly warm: WarmingRoom['warm']
  readonly documents: Documents
  readonly providers: readonly Provider[]
  /** From now on nothing new is accepted. */
  readonly shut: () => void
}

export function compose(options: ResolvedOptions): Parts {
  const { clock, random, logger } = options
  const state = { closed: false }
  const events = createEmitter(logger)
  const cache = cacheOf(options, events)
  const warming = warmingOf(options, () => ({ pipeline, deps: dependencies }))
  const store = options.cache.lower.find(({ leases }) => leases !== undefined)?.leases
  const dependencies: PipelineDependencies & { events: Emitter; ledger: Ledger } = {
    clock,
    random,
    logger,
    events,
    cache,
    flights: createFlights<Decision, FlightResult>({
      clock,
      finalText: ({ answer }) => answer.text,
    }),
    catalogue: createCatalogue({
      providers: options.providers,
      priceSource: options.priceSource ?? genaiPrices({ clock, logger }),
      prices: options.prices,
      logger,
    }),
    tokens: createTokenEstimator(),
    scheduler: createScheduler(options.schedule, clock),
    ledger: createLedger({ clock, maxRows: options.maxRows }),
    semantic: semanticOf(options, cache),
    judged: new RecentKeys(options.maxRows),
    leases: store && createLeases({ store, clock, random }),
    demand: warming.demand,
    defaultModel: options.defaultModel,
    fallback: options.fallback,
    timeouts: options.timeouts,
    closed: () => state.closed,
    lookups: { underWay: 0, over: false },
  }
  const pipeline = createPipeline(dependencies)
  if (options.cache.preload > 0) void cache.preload(options.cache.preload)
  return {
    ...dependencies,
    pipeline,
    runBatch: batchOver(pipeline, dependencies),
    warm: (request, callOptions) => {
      if (state.closed) throw closedError()
      return warming.warm(request, callOptions)
    },
    documents: createDocuments(dependencies, options.cache.ttlSeconds),
    providers: options.providers,
    shut: () => {
      state.closed = true
      warming.stop()
    },
  }
}

/** Tiers with a connection or a file of their own, which their client closes. */
const taken = new WeakSet<CacheTier>()

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for one that another client has */
function take(tier: CacheTier): void {
  if (tier.open === undefined) return
  if (taken.has(tier)) {
    throw invalidOption(`cache.${tier.level}`, 'a tier of its own for each client', tier)
  }
  taken.add(tier)
}

function cacheOf(options: ResolvedOptions, events: Emitter): CacheStack {
  const { clock, random, logger } = options
  for (const tier of options.cache.lower) take(tier)
  const { l1, lower, ttlSeconds, graceSeconds, staleWhileRevalidateSeconds } = options.cache
  return createCacheStack({
    tiers: [...(l1 === false ? [] : [memoryTier({ ...l1, clock })]), ...lower],
    clock,
    random,
    logger,
    ttlSeconds,
    graceSeconds,
    staleWhileRevalidateSeconds,
    onTierState: (level, state, reason) => {
      events.emit('tier:state', { level, state, reason })
    },
  })
}

/** Its tables are large: they are loaded when the first request asks for it. */
function semanticOf({ cache: options, ...rest }: ResolvedOptions, cache: CacheStack): SemanticRoom {
  const { semantic } = options
  return createSemanticRoom(semantic, async () => {
    const { createSemanticMatcher } = await import('./features/semantic/matcher.js')
    return createSemanticMatcher(semantic?.options ?? {}, {
      clock: rest.clock,
      random: rest.random,
      logger: rest.logger,
      entriesInScope: (scope, since, limit) => cache.inScope(scope, since, limit),
      answerOf: async (key) => (await cache.lookupStale(key))?.entry.answer.text,
    })
  })
}

/** What loads later needs the pipeline, which needs the observer: so it is asked for when it is there. */
function warmingOf(
  options: ResolvedOptions,
  parts: () => { readonly pipeline: Pipeline; readonly deps: PipelineDependencies },
): WarmingRoom {
  const { clock, random, logger, warming, cache } = options
  return createWarmingRoom(options.forecast, async () => {
    const { createDemandForecast, createWarmer } = await import('./jobs/warming/loaded.js')
    const { pipeline, deps } = parts()
    const { ttlSeconds } = cache
    const forecast = options.forecast
      ? createDemandForecast({ clock, maxKeys: warming.maxKeys, ttlSeconds })
      : undefined
    const warmer = createWarmer(warming, {
      clock,
      random,
      logger,
      events: deps.events,
      forecast,
      infer: (request, { signal }) => pipeline.infer(request, { signal, background: true }),
      cached: async (request) => {
        const hit = await deps.cache.lookup(cacheKey(request, deps.defaultModel))
        return hit && !hit.stale && mayServe(deps, hit, request) ? hit.entry : undefined
      },
      estimate: (request) => callCostOf(deps, request),
      inFlight: () => deps.scheduler.stats().active,
      keyOf: (request) =>
        request.use_cache === false ? undefined : cacheKey(request, deps.defaultModel),
    })
    return { forecast, warmer }
  })
}

function batchOver(pipeline: Pipeline, deps: PipelineDependencies): Parts['runBatch'] {
  const run = createBatchRunner({
    infer: (request, options) => pipeline.infer(request, options),
    // Items are equal when they would share a flight; what may not be cached never collapses.
    identity: (raw) => {
      const request = parseRequest(raw)
      if (request.use_cache === false) return undefined
      const version = deps.cache.versionOf(request.cache?.tags)
      const key = flightKey(cacheKey(request, deps.defaultModel), request, version)
      // One item's short time must not be another's, and a refresh must not be answered with the old.
      return `${key} ${request.timeout_seconds ?? ''} ${request.cache?.refresh === true}`
    },
    copied: (raw, outcome, key_id) => {
      pipeline.copied(raw, outcome, key_id)
    },
    clock: deps.clock,
    newId,
    record: (items, failed_items) => {
      deps.ledger.recordBatch({ at: deps.clock.now(), items, failed_items })
    },
  })
  return (batch, options) => {
    if (deps.closed()) throw closedError()
    return run(parseBatch(batch), options)
  }
}
