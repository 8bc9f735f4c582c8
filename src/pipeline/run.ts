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
import { boardFlight, replay } from './passage.js'
import { abortedError, whilePatient } from './patience.js'
import { createReporter, type Arrival, type Reporter } from './reporter.js'
import { responseFromHit } from './result.js'
import { mayServe } from './serving.js'

/** `coalesce: false` keeps the call to itself; the cache is not affected. */
export interface PipelineCallOptions extends CallOptions {
  readonly coalesce?: boolean | undefined
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

const DEFAULT_TIMEOUT_SECONDS = 300

export function createPipeline(deps: PipelineDependencies): Pipeline {
  const reporter = createReporter(deps)

  return {
    // The synchronous part comes first: a hit in memory costs one await, the caller's.
    async infer(raw, options) {
      const arrival = arrive(deps, options, 'unary')
      try {
        const request = admit(deps, reporter, raw, arrival, options)
        const { key, found } = lookUp(deps, request, arrival)
        const hit = found instanceof Promise ? await waitFor(deps, found, arrival, options) : found
        if (hit) return answerHit(deps, reporter, hit, request, arrival)
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
          if (hit) {
            return replay(answerHit(deps, reporter, hit, request, arrival), deps.clock)
          }
          return miss(deps, reporter, { request, key, arrival, options })
        } catch (error) {
          throw reporter.failed(arrival, error)
        }
      }
      return createInferenceStream(request_id, open, deps.clock)
    },

    copied(raw, outcome, key_id) {
      const arrival = arrive(deps, { request_id: outcome.request_id, key_id }, 'unary')
      arrival.request = parseRequest(raw, arrival.request_id)
      reporter.started(arrival)
      if (RaptorflowError.isInstance(outcome)) {
        reporter.failed(arrival, outcome)
      } else {
        const { cost_saved } = outcome
        reporter.answered(arrival, outcome, cost_saved === null ? null : toNano(cost_saved))
      }
    },
  }
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

export function closedError(): RaptorflowError {
  return new RaptorflowError(
    'PROVIDER_UNAVAILABLE',
    'Expected an open client, but close() was called. Create a new client.',
    { details: { reason: 'closed' }, retryable: false },
  )
}

interface Lookup {
  readonly key: string | undefined
  readonly found: CacheHit | undefined | Promise<CacheHit | undefined>
}

function lookUp(deps: PipelineDependencies, request: ParsedRequest, arrival: Arrival): Lookup {
  if (request.use_cache === false) return { key: undefined, found: undefined }
  const key = cacheKey(request, deps.defaultModel)
  if (request.cache?.refresh === true) return { key, found: undefined }
  arrival.lookedUp = true
  const accept = (hit: CacheHit | undefined): CacheHit | undefined =>
    hit && mayServe(deps, hit, request) ? hit : undefined
  const found = deps.cache.lookup(key)
  return { key, found: found instanceof Promise ? found.then(accept) : accept(found) }
}

/** Slower levels have a deadline each; the caller's own may come before. */
async function waitFor(
  deps: PipelineDependencies,
  found: Promise<CacheHit | undefined>,
  arrival: Arrival,
  { signal }: PipelineCallOptions,
): Promise<CacheHit | undefined> {
  const { clock } = deps
  const patience = { clock, arrived: arrival.at, deadline: deadlineOf(arrival), signal }
  const hit = await whilePatient(patience, found)
  // close() may have come meanwhile: it has waited for running flights, and none may follow.
  if (!hit && deps.closed()) throw closedError()
  return hit
}

function deadlineOf({ at, request }: Arrival): number {
  return at + (request?.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000
}

function answerHit(
  deps: PipelineDependencies,
  reporter: Reporter,
  hit: CacheHit,
  request: ParsedRequest,
  arrival: Arrival,
): InferenceResponse {
  const moment = reporter.moment(arrival)
  const response = responseFromHit(hit, request, deps.defaultModel, moment)
  reporter.answered(arrival, response, hit.entry.answer.cost)
  return response
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
  const { generation } = deps.cache
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
    generation,
    routing: NO_ROUTING,
    attempts: [],
    estimatedCost: null,
    cost: 0,
    raised: undefined,
    maxTokensCapped: undefined,
  }
  const alone = key === undefined || options.coalesce === false
  const flight = alone ? undefined : flightKey(key, request, generation)
  const boarding = deps.flights.board(flight, decision, (control, sponsor) =>
    launch(deps, control, sponsor),
  )
  return boardFlight({ deps, reporter, arrival, decision, boarding, signal: options.signal })
}
