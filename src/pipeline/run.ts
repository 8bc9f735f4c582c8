/** The straight line: parse -> fingerprint -> cache -> flight -> response, one path for infer, stream and batch. */
import { RaptorflowError } from '../errors.js'
import type { CallOptions, ParsedRequest } from '../contracts/request.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { InferenceStream } from '../contracts/stream.js'
import type { CacheHit } from '../features/cache/stack.js'
import { cacheKey, flightKey } from '../features/request/fingerprint.js'
import { parseRequest } from '../features/request/parse.js'
import { newId } from '../util/id.js'
import { toNano } from '../util/money.js'
import { NO_ROUTING, type Decision } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import { createInferenceStream, type Passage } from './inference-stream.js'
import { launch } from './launch.js'
import { answerHit, deadlineOf, lookUp, waitFor } from './lookup.js'
import { boardFlight, replay } from './passage.js'
import { abortedError } from './patience.js'
import { closedError } from './refusals.js'
import { createRenewal } from './renewal.js'
import { createReporter, type Arrival, type Reporter } from './reporter.js'
import { share } from './sharing.js'

/** `coalesce: false` keeps the call to itself; the cache is not affected. */
export interface PipelineCallOptions extends CallOptions {
  readonly coalesce?: boolean | undefined
  /** A renewal that nobody asked for: other processes find its answer when theirs has ended. */
  readonly background?: boolean | undefined
  /** What was wrong with the caller's options: the call fails with it. */
  readonly fault?: RaptorflowError | undefined
}

export interface Pipeline {
  infer(raw: unknown, options: PipelineCallOptions): Promise<InferenceResponse>
  stream(raw: unknown, options: PipelineCallOptions): InferenceStream
  /** Reports a request that another one's answer has answered, as in a batch. */
  copied(
    raw: unknown,
    outcome: InferenceResponse | RaptorflowError,
    key_id: string | undefined,
  ): void
}

export function createPipeline(deps: PipelineDependencies): Pipeline {
  const reporter = createReporter(deps)
  const renew = createRenewal(deps.clock, (request) =>
    pipeline.infer(request, { background: true }),
  )
  const served = (hit: CacheHit, request: ParsedRequest, arrival: Arrival): InferenceResponse => {
    const { served_key: key } = arrival
    if (hit.stale && key !== undefined && !deps.closed()) renew({ key, request })
    return answerHit(deps, reporter, hit, request, arrival)
  }

  const pipeline: Pipeline = {
    // The synchronous part comes first: a hit in memory costs one await, the caller's.
    async infer(raw, options) {
      const arrival = arrive(deps, options, 'unary')
      try {
        const request = admit(deps, reporter, raw, arrival, options)
        const { key, found } = lookUp(deps, request, arrival)
        const hit = found instanceof Promise ? await waitFor(deps, found, arrival, options) : found
        if (hit) return served(hit, request, arrival)
        return await miss(deps, reporter, { request, key, arrival, options }).response()
      } catch (error) {
        throw reporter.failed(arrival, error)
      }
    },

    stream(raw, options) {
      const request_id = options.request_id ?? newId('req')
      const open = async (): Promise<Passage<unknown>> => {
        const arrival = arrive(deps, { ...options, request_id }, 'stream')
        try {
          const request = admit(deps, reporter, raw, arrival, options)
          const { key, found } = lookUp(deps, request, arrival)
          const hit =
            found instanceof Promise ? await waitFor(deps, found, arrival, options) : found
          if (hit) return replay(served(hit, request, arrival), deps.clock)
          return miss(deps, reporter, { request, key, arrival, options })
        } catch (error) {
          throw reporter.failed(arrival, error)
        }
      }
      return createInferenceStream(request_id, open, deps.clock)
    },

    copied(raw, outcome, key_id) {
      const arrival = arrive(deps, { request_id: outcome.request_id, key_id }, 'unary')
      const request = parseRequest(raw, arrival.request_id)
      arrival.request = request
      // Feedback on either takes out the same answer; which one meant the same, only its twin knows.
      const own = RaptorflowError.isInstance(outcome) || outcome.cache.level !== 'semantic'
      if (own && request.use_cache !== false) {
        arrival.served_key = cacheKey(request, deps.defaultModel)
      }
      reporter.started(arrival)
      if (RaptorflowError.isInstance(outcome)) {
        reporter.failed(arrival, outcome)
      } else {
        const { cost_saved } = outcome
        reporter.answered(arrival, outcome, cost_saved === null ? null : toNano(cost_saved))
      }
    },
  }
  return pipeline
}

function arrive(
  deps: PipelineDependencies,
  options: PipelineCallOptions,
  mode: Arrival['mode'],
): Arrival {
  return {
    request_id: options.request_id ?? newId('req'),
    mode,
    at: deps.clock.monotonic(),
    key_id: options.key_id,
    reported: false,
    lookedUp: false,
    served_key: undefined,
    semantic_level: undefined,
    request: undefined,
  }
}

function admit(
  deps: PipelineDependencies,
  reporter: Reporter,
  raw: unknown,
  arrival: Arrival,
  options: PipelineCallOptions,
): ParsedRequest {
  if (deps.closed()) throw closedError()
  if (options.fault) throw options.fault
  const request = parseRequest(raw, arrival.request_id)
  arrival.request = request
  if (request.stream === true && arrival.mode === 'unary') {
    throw new RaptorflowError(
      'INVALID_REQUEST',
      'Expected `stream` to be left out in-process: call `client.stream(request)` for a stream',
      { details: { field: 'stream', validation: 'unsupported' } },
    )
  }
  if (options.signal?.aborted === true) throw abortedError(options.signal)
  reporter.started(arrival)
  return request
}

interface Miss {
  readonly request: ParsedRequest
  readonly key: string | undefined
  readonly arrival: Arrival
  readonly options: PipelineCallOptions
}

function miss(
  deps: PipelineDependencies,
  reporter: Reporter,
  { request, key, arrival, options }: Miss,
): Passage<unknown> {
  if (arrival.lookedUp) reporter.missed(arrival)
  const { cache, clock } = deps
  const arrivedAt = clock.now()
  if (key !== undefined) deps.demand?.observe({ key, request, at: arrivedAt, hit: false })
  const alone = key === undefined || options.coalesce === false
  const decision: Decision = {
    id: arrival.request_id,
    mode: arrival.mode,
    deadline: deadlineOf(arrival),
    priority: request.priority ?? 5,
    request,
    defaultModel: deps.defaultModel,
    key_id: arrival.key_id,
    arrived: arrival.at,
    cacheKey: key,
    alone,
    background: options.background === true,
    arrivedAt,
    generation: cache.generation,
    semantic: undefined,
    storing: undefined,
    routing: NO_ROUTING,
    attempts: [],
    estimatedCost: null,
    cost: 0,
    raised: undefined,
    maxTokensCapped: undefined,
  }
  // A renewal may join what callers run: it looks at what it gets, and nobody reads it piece by piece.
  const shared = options.background === true ? withoutRefresh(request) : request
  const flight = alone ? undefined : flightKey(key, shared, cache.versionOf(request.cache?.tags))
  const boarding = deps.flights.board(flight, decision, (control, sponsor) =>
    share(deps, control, sponsor, () => launch(deps, control, sponsor)),
  )
  return boardFlight({ deps, reporter, arrival, decision, boarding, signal: options.signal })
}

function withoutRefresh(request: ParsedRequest): ParsedRequest {
  return { ...request, cache: { ...request.cache, refresh: undefined } }
}
