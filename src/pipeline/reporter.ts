/** The one place that turns a request's outcome into its ledger row, its events and its log line. */
import { RaptorflowError } from '../errors.js'
import { errorKind } from '../util/error-kind.js'
import { silentLogger } from '../util/logger.js'
import type { ParsedRequest } from '../contracts/request.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { RequestRow } from '../contracts/ledger.js'
import type { PipelineDependencies } from './dependencies.js'
import type { Moment } from './result.js'

/** A call that came in; `reported` becomes true with its one row. */
export interface Arrival {
  readonly request_id: string
  readonly mode: 'unary' | 'stream'
  /** `clock.monotonic()`. */
  readonly at: number
  readonly key_id: string | undefined
  reported: boolean
  /** True once the cache was asked. */
  lookedUp: boolean
  /** The cache key its answer stands under. */
  served_key: string | undefined
  /** The level that held the entry of a semantic hit. */
  semantic_level: RequestRow['semantic_level']
  request: ParsedRequest | undefined
}

export interface Reporter {
  moment(arrival: Arrival): Moment
  started(arrival: Arrival): void
  missed(arrival: Arrival): void
  joined(arrival: Arrival): void
  /** `saved`: nano-USD that were not spent; null when the price is unknown. */
  answered(arrival: Arrival, response: InferenceResponse, saved: number | null): void
  /** Reports once; returns what the caller is told, with the request's id. */
  failed(arrival: Arrival, error: unknown): RaptorflowError
}

type Dependencies = Pick<PipelineDependencies, 'clock' | 'events' | 'ledger' | 'logger'>

export function createReporter(deps: Dependencies): Reporter {
  const { clock, events, ledger, logger } = deps
  // A hit takes microseconds: no fields are built for a logger that drops them.
  const verbose = logger !== silentLogger
  const moment = (arrival: Arrival): Moment => ({
    request_id: arrival.request_id,
    now: clock.now(),
    duration_ms: clock.monotonic() - arrival.at,
  })

  return {
    moment,
    started({ request_id, mode, request }) {
      if (!events.has('request:start')) return
      const workspace_id = request?.workspace_id ?? 'default'
      events.emit('request:start', { request_id, workspace_id, mode })
    },
    missed({ request_id }) {
      logger.debug({ request_id }, 'not in the cache')
      events.emit('cache:miss', { request_id })
    },
    joined({ request_id }) {
      logger.debug({ request_id }, 'joined a running equal call')
      events.emit('flight:join', { request_id })
    },
    answered(arrival, response, saved) {
      if (arrival.reported) return
      arrival.reported = true
      const duration_ms = response.processing_time * 1_000
      const now = clock.now()
      ledger.recordRequest(rowOf(arrival, { now, duration_ms, saved, response, error: undefined }))
      if (verbose) logger.debug(outcomeFields(response, duration_ms), 'answered')
      announce(deps, arrival, response, duration_ms)
    },
    failed(arrival, error) {
      const told = publicForm(error, arrival.request_id)
      if (arrival.reported) return told
      arrival.reported = true
      const { now, duration_ms } = moment(arrival)
      const outcome = { now, duration_ms, saved: 0, response: undefined, error: told }
      ledger.recordRequest(rowOf(arrival, outcome))
      tellFailure(deps, arrival, told, duration_ms)
      return told
    },
  }
}

function outcomeFields(response: InferenceResponse, duration_ms: number): object {
  const { request_id, provider_used, model_used, cache, coalesced } = response
  const level = cache.level
  return {
    request_id,
    provider: provider_used,
    model: model_used,
    cache: level,
    coalesced,
    duration_ms,
  }
}

function announce(
  { events }: Dependencies,
  arrival: Arrival,
  response: InferenceResponse,
  duration_ms: number,
): void {
  const { request_id } = arrival
  const { level, age_seconds } = response.cache
  if (level !== null && events.has('cache:hit')) {
    events.emit('cache:hit', { request_id, level, age_seconds })
  }
  if (!events.has('request:end')) return
  events.emit('request:end', {
    request_id,
    workspace_id: arrival.request?.workspace_id ?? 'default',
    provider: response.provider_used,
    model: response.model_used,
    cache: level,
    coalesced: response.coalesced,
    duration_ms,
    actual_cost: response.actual_cost,
  })
}

function tellFailure(
  { events, logger }: Dependencies,
  arrival: Arrival,
  told: RaptorflowError,
  duration_ms: number,
): void {
  const fields = {
    request_id: arrival.request_id,
    code: told.code,
    reason: told.details.reason,
    duration_ms,
  }
  if (told.code === 'INTERNAL_ERROR') logger.error(fields, 'a request failed unexpectedly')
  else logger.debug(fields, 'a request failed')
  events.emit('request:error', fields)
}

interface Outcome {
  readonly now: number
  readonly duration_ms: number
  /** Nano-USD that were not spent; null when the price is unknown. */
  readonly saved: number | null
  /** Undefined for a request that failed. */
  readonly response: InferenceResponse | undefined
  readonly error: RaptorflowError | undefined
}

function rowOf(
  arrival: Arrival,
  { now, duration_ms, saved, response, error }: Outcome,
): RequestRow {
  return {
    request_id: arrival.request_id,
    workspace_id: arrival.request?.workspace_id ?? 'default',
    user_id: arrival.request?.user_id,
    key_id: arrival.key_id,
    at: now,
    mode: arrival.mode,
    outcome: response ? 'answered' : 'failed',
    error: error?.code,
    provider: response?.provider_used,
    model: response?.model_used,
    cache: response?.cache.level ?? null,
    semantic_level: arrival.semantic_level,
    cache_lookup: arrival.lookedUp,
    served_key: arrival.served_key,
    coalesced: response?.coalesced ?? false,
    input_tokens: response?.input_tokens ?? 0,
    output_tokens: response?.output_tokens ?? 0,
    cost_saved: saved,
    duration_ms,
    metadata: keptMetadata(arrival),
  }
}

/** Rows stay in memory by the thousand: larger metadata is not kept with them. */
const MAX_KEPT_METADATA = 2_048

function keptMetadata({ request }: Arrival): ParsedRequest['metadata'] {
  const metadata = request?.metadata
  if (metadata === undefined) return undefined
  return roomAfter(metadata, MAX_KEPT_METADATA) >= 0 ? metadata : undefined
}

/** What is left of `room` characters; stops counting once it is used up, as a hit has no time to. */
function roomAfter(value: unknown, room: number): number {
  if (typeof value === 'string') return room - value.length - 2
  if (typeof value !== 'object' || value === null) return room - 8
  for (const [key, inner] of Object.entries(value)) {
    if (room < 0) break
    room = roomAfter(inner, room - key.length - 4)
  }
  return room - 2
}

/** Errors that many waiters share are copied for each; anything unforeseen loses its text. */
export function publicForm(error: unknown, request_id: string | undefined): RaptorflowError {
  if (isOwn(error)) {
    const same = request_id === undefined || error.request_id === request_id
    return same ? error : error.forRequest(request_id)
  }
  return new RaptorflowError(
    'INTERNAL_ERROR',
    'Something failed inside raptorflow. Please report it with the `kind` in the details.',
    { details: { reason: 'internal', kind: errorKind(error) }, request_id },
  )
}

/** Anything can be thrown, a proxy whose traps throw included. */
export function isOwn(error: unknown): error is RaptorflowError {
  try {
    return RaptorflowError.isInstance(error) && typeof error.forRequest === 'function'
  } catch {
    return false
  }
}
