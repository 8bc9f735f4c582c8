/** The documented response, from a cache hit or from a landed flight. One literal shape each. */
import type { StoredAnswer } from '../contracts/cache-tier.js'
import type { ParsedRequest } from '../contracts/request.js'
import type { AttemptInfo, InferenceResponse, ResponseMetadata } from '../contracts/response.js'
import type { CacheHit } from '../features/cache/stack.js'
import { isoTime } from '../util/iso-time.js'
import { toUsdOrNull } from '../util/money.js'
import type { Decision, FlightResult, Served } from './decision.js'

/** What only the moment of answering knows. */
export interface Moment {
  readonly request_id: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly duration_ms: number
}

const NO_ATTEMPTS: readonly AttemptInfo[] = Object.freeze([])

export function responseFromHit(
  hit: CacheHit,
  request: ParsedRequest,
  defaultModel: string,
  moment: Moment,
): InferenceResponse {
  const { answer, created_at } = hit.entry
  const saved = toUsdOrNull(answer.cost)
  const response: InferenceResponse = {
    request_id: moment.request_id,
    response: answer.text,
    model_used: answer.model_used,
    provider_used: answer.provider_used,
    processing_time: moment.duration_ms / 1_000,
    cache_hit: true,
    input_tokens: inputTokens(answer),
    output_tokens: answer.usage.output + answer.usage.reasoning,
    estimated_cost: saved,
    actual_cost: 0,
    timestamp: isoTime(moment.now),
    metadata: metadataOf(answer, request, defaultModel),
    finish_reason: answer.finish_reason,
    tool_calls: answer.tool_calls,
    usage: answer.usage,
    cache: {
      level: hit.level,
      age_seconds: Math.max(0, (moment.now - created_at) / 1_000),
      similarity: null,
      stale: hit.stale,
    },
    cost_saved: saved,
    coalesced: false,
    attempts: NO_ATTEMPTS,
  }
  return withOptional(response, answer, request)
}

/** `payer` is true for the one caller in whose name the flight's attempts were made. */
export function responseFromFlight(
  result: FlightResult,
  decision: Decision,
  payer: boolean,
  moment: Moment,
): InferenceResponse {
  const { answer, sponsor, served } = result
  if (served) return servedResponse(sponsor, served, decision, payer, moment)
  const cost = toUsdOrNull(sponsor.cost)
  const response: InferenceResponse = {
    request_id: moment.request_id,
    response: answer.text,
    model_used: answer.model_used,
    provider_used: answer.provider_used,
    processing_time: moment.duration_ms / 1_000,
    cache_hit: false,
    input_tokens: inputTokens(answer),
    output_tokens: answer.usage.output + answer.usage.reasoning,
    estimated_cost: toUsdOrNull(sponsor.estimatedCost),
    actual_cost: payer ? cost : 0,
    timestamp: isoTime(moment.now),
    metadata: {
      ...metadataOf(answer, decision.request, decision.defaultModel),
      ...(sponsor.maxTokensCapped === undefined
        ? {}
        : { max_tokens_capped: sponsor.maxTokensCapped }),
      routing: sponsor.routing,
    },
    finish_reason: answer.finish_reason,
    tool_calls: answer.tool_calls,
    usage: answer.usage,
    cache: { level: null, age_seconds: 0, similarity: null, stale: false },
    cost_saved: payer ? 0 : toUsdOrNull(answer.cost),
    coalesced: !payer,
    attempts: payer ? sponsor.attempts : NO_ATTEMPTS,
  }
  return withOptional(response, answer, decision.request)
}

function servedResponse(
  sponsor: Decision,
  { kind, hit, near }: Served,
  decision: Decision,
  payer: boolean,
  moment: Moment,
): InferenceResponse {
  const response = responseFromHit(hit, decision.request, decision.defaultModel, moment)
  const { similarity } = near ?? { similarity: null }
  return {
    ...response,
    cache: near ? { ...response.cache, level: 'semantic', similarity } : response.cache,
    // The attempts that failed before may have cost something.
    actual_cost: payer ? toUsdOrNull(sponsor.cost) : 0,
    coalesced: !payer || kind === 'shared',
    attempts: payer ? sponsor.attempts : NO_ATTEMPTS,
  }
}

function inputTokens({ usage }: StoredAnswer): number {
  return usage.input + usage.cache_read + usage.cache_write
}

function metadataOf(
  answer: StoredAnswer,
  request: ParsedRequest,
  defaultModel: string,
): ResponseMetadata {
  const strategy = request.strategy ?? 'balanced'
  const optimization_enabled = request.cost_optimize ?? true
  // Not the stored one: `auto` and an omitted name share their answers.
  const requested_model = request.model_name ?? defaultModel
  if (answer.substitution === 'none' || answer.substitution === 'same_model') {
    return { strategy, optimization_enabled, requested_model, substituted: false }
  }
  return {
    strategy,
    optimization_enabled,
    requested_model,
    substituted: true,
    substitution_reason: answer.substitution_reason ?? 'failover',
  }
}

/** Fields that most answers do not have: added afterwards, so that the common shape stays one. */
function withOptional(
  response: InferenceResponse,
  answer: StoredAnswer,
  request: ParsedRequest,
): InferenceResponse {
  const format = request.response_format?.type
  const json = format === 'json_object' || format === 'json_schema'
  if (answer.reasoning === undefined && !json) return response
  return {
    ...response,
    ...(answer.reasoning === undefined ? {} : { reasoning: answer.reasoning }),
    // Parsed anew for each caller: what one of them changes in it stays with that one.
    ...(json && answer.finish_reason === 'stop' && answer.text !== ''
      ? { parsed: JSON.parse(answer.text) as unknown }
      : {}),
  }
}
