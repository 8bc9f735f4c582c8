/** The composition root: the only place that builds concrete objects. */
import type { BatchCallOptions } from './contracts/request.js'
import type { BatchResponse } from './contracts/response.js'
import type { Provider } from './contracts/provider.js'
import { createCacheStack } from './features/cache/stack.js'
import { memoryTier } from './features/cache/memory-tier.js'
import { createFlights } from './features/dedup/flights.js'
import { createLedger, type Ledger } from './features/ledger/ledger.js'
import { createCatalogue } from './features/pricing/catalogue.js'
import { genaiPrices } from './features/pricing/genai-prices.js'
import { createTokenEstimator } from './features/pricing/tokens.js'
import { cacheKey, flightKey } from './features/request/fingerprint.js'
import { parseBatch } from './features/request/parse-batch.js'
import { parseRequest } from './features/request/parse.js'
import { createScheduler } from './features/schedule/scheduler.js'
import { createBatchRunner } from './jobs/batch/batch.js'
import type { ResolvedOptions } from './options.js'
import type { Decision, FlightResult } from './pipeline/decision.js'
import type { PipelineDependencies } from './pipeline/dependencies.js'
import { createDocuments, type Documents } from './pipeline/documents.js'
import { closedError, createPipeline, type Pipeline } from './pipeline/run.js'
import { createEmitter, type Emitter } from './util/emitter.js'
import { newId } from './util/id.js'

/** Everything a client delegates to. */
export interface Parts extends PipelineDependencies {
  readonly events: Emitter
  readonly ledger: Ledger
  readonly pipeline: Pipeline
  readonly runBatch: (batch: unknown, options: BatchCallOptions) => Promise<BatchResponse>
  readonly documents: Documents
  readonly providers: readonly Provider[]
  /** From now on nothing new is accepted. */
  readonly shut: () => void
}

export function compose(options: ResolvedOptions): Parts {
  const { clock, random, logger } = options
  const state = { closed: false }
  const events = createEmitter(logger)
  const l1 = options.cache.l1 === false ? [] : [memoryTier({ ...options.cache.l1, clock })]
  const dependencies: PipelineDependencies & { events: Emitter; ledger: Ledger } = {
    clock,
    random,
    logger,
    events,
    cache: createCacheStack({
      tiers: [...l1, ...options.cache.lower],
      clock,
      random,
      ttlSeconds: options.cache.ttlSeconds,
      graceSeconds: options.cache.graceSeconds,
      onTierError: (level, kind) => {
        logger.warn({ level, kind }, 'a cache level failed: it counts as a miss')
      },
    }),
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
    defaultModel: options.defaultModel,
    fallback: options.fallback,
    timeouts: options.timeouts,
    closed: () => state.closed,
  }
  const pipeline = createPipeline(dependencies)
  return {
    ...dependencies,
    pipeline,
    runBatch: batchOver(pipeline, dependencies),
    documents: createDocuments(dependencies),
    providers: options.providers,
    shut: () => {
      state.closed = true
    },
  }
}

function batchOver(pipeline: Pipeline, deps: PipelineDependencies): Parts['runBatch'] {
  const run = createBatchRunner({
    infer: (request, options) => pipeline.infer(request, options),
    // Items are equal when they would share a flight; what may not be cached never collapses.
    identity: (raw) => {
      const request = parseRequest(raw)
      if (request.use_cache === false) return undefined
      const key = flightKey(cacheKey(request, deps.defaultModel), request, deps.cache.generation)
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
