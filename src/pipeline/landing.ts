/** How a flight ends: with an answer, with the best error, or with an answer past its time. */
import { RaptorflowError } from '../errors.js'
import type { StoredAnswer } from '../contracts/cache-tier.js'
import { isCacheable } from '../features/cache/cacheable.js'
import type { ProviderAnswer, Usage } from '../contracts/provider.js'
import type { FlightControl } from '../features/dedup/flight.js'
import type { CacheHit } from '../features/cache/stack.js'
import type { AttemptsFailed } from '../features/resilience/attempts.js'
import type { FailureKind } from '../features/resilience/failure.js'
import { publicError } from '../features/resilience/public-error.js'
import type { Candidate } from '../features/routing/candidates.js'
import type { Decision, FlightResult } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import type { AttemptResult } from './attempt-meter.js'
import { mayServe } from './serving.js'

/** What landing needs of a flight under way. */
export interface Arriving {
  readonly deps: PipelineDependencies
  readonly flight: FlightControl<Decision>
  readonly decision: Decision
}

/** A good answer: stored where it may be, and everybody's result. */
export function land(
  journey: Arriving,
  candidate: Candidate,
  { answer, usage, cost }: AttemptResult,
): FlightResult {
  const { deps, decision } = journey
  const stored: StoredAnswer = {
    text: answer.text,
    reasoning: answer.reasoning,
    tool_calls: answer.tool_calls,
    finish_reason: answer.finish_reason,
    usage,
    model_used: candidate.offer.model.id,
    provider_used: candidate.offer.provider.name,
    requested_model: decision.request.model_name ?? deps.defaultModel,
    substitution: candidate.degree,
    substitution_reason: candidate.substitution_reason,
    cost,
  }
  if (decision.cacheKey !== undefined) keep(journey, decision.cacheKey, stored)
  return { answer: stored, sponsor: decision, served: undefined }
}

/** Into the cache, into the index of meanings, and to whoever forecasts demand: where it may be stored. */
function keep({ deps, decision }: Arriving, key: string, answer: StoredAnswer): void {
  if (!isCacheable(answer)) return
  const { semantic, request, generation } = decision
  const { ttl_seconds, tags, refresh } = request.cache ?? {}
  const stored = deps.cache.store(key, answer, {
    ttl_seconds,
    tags,
    generation,
    semantic: semantic?.record,
    replaces: refresh === true && !decision.background,
  })
  // What was dropped, because of an invalidation perhaps, nobody need look for.
  const kept = stored !== false
  if (kept) decision.storing = Promise.resolve(stored)
  // What a substitute cost and took says nothing about the next call.
  if (kept && answer.substitution === 'none') {
    deps.demand?.landed({
      key,
      at: deps.clock.now(),
      cost: answer.cost,
      duration_ms: deps.clock.monotonic() - decision.arrived,
    })
  }
  if (semantic) deps.semantic.learn(kept ? key : undefined, semantic, answer.text)
}

/** When all who were asked answered with nothing, nothing is the answer; otherwise the best error. */
export function landEmpty(journey: Arriving, failed: AttemptsFailed<Candidate>): FlightResult {
  const { decision } = journey
  const last = failed.failures.at(-1)
  const only = (kind: FailureKind): boolean =>
    failed.failures.every(({ failure }) => failure.kind === kind)
  if (!last || !only('empty')) {
    const explained =
      failed.failures.length === 1 || only('internal') || decision.raised?.code === 'INTERNAL_ERROR'
    throw (explained ? decision.raised : undefined) ?? publicFailure(journey, failed)
  }
  const answer: ProviderAnswer = {
    text: '',
    reasoning: undefined,
    tool_calls: Object.freeze([]),
    finish_reason: 'stop',
    usage: last.failure.usage,
  }
  return land(journey, last.candidate, {
    answer,
    usage: last.failure.usage ?? NO_USAGE,
    cost: decision.cost,
  })
}

const NO_USAGE: Usage = Object.freeze({
  input: 0,
  cache_read: 0,
  cache_write: 0,
  output: 0,
  reasoning: 0,
})

function publicFailure(
  { decision, flight }: Arriving,
  failed: AttemptsFailed<Candidate>,
): RaptorflowError {
  const named = failed.failures.map(({ candidate, failure, duration_ms }) => ({
    provider: candidate.offer.provider.name,
    model: candidate.offer.model.id,
    failure,
    duration_ms,
  }))
  return publicError(named, decision.id, failed.ended, flight.delivered)
}

/** An answer past its time is better than none while it is within its grace. */
export async function rescue(
  { deps, decision, flight }: Arriving,
  error: unknown,
): Promise<FlightResult | undefined> {
  if (flight.delivered || flight.signal.aborted) return undefined
  const stale = await staleAnswer(deps, decision, error)
  return (
    stale && {
      answer: stale.entry.answer,
      sponsor: decision,
      served: { kind: 'stale', hit: stale },
    }
  )
}

/** What the cache still has for a request whose providers failed it, or kept it waiting too long. */
export async function staleAnswer(
  deps: PipelineDependencies,
  { cacheKey, request }: Decision,
  error: unknown,
): Promise<CacheHit | undefined> {
  if (cacheKey === undefined || request.cache?.refresh === true || !isOutage(error))
    return undefined
  const stale = await deps.cache.lookupStale(cacheKey)
  return stale && mayServe(deps, stale, request) ? stale : undefined
}

const OUTAGE: readonly string[] = ['PROVIDER_UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED']

function isOutage(error: unknown): boolean {
  // A full queue is ours, not a provider's failure.
  return (
    RaptorflowError.isInstance(error) &&
    OUTAGE.includes(error.code) &&
    error.details.reason !== 'queue_full'
  )
}
