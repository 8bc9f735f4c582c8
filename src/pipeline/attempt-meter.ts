/** Measures one attempt: what came of it, what it cost, and the one row that says so. */
import type { ModelPrice } from '../contracts/model.js'
import type { ProviderAnswer, Usage } from '../contracts/provider.js'
import type { FlightControl } from '../features/dedup/flight.js'
import { costOf } from '../features/pricing/cost.js'
import type { Failure } from '../features/resilience/failure.js'
import type { Candidate } from '../features/routing/candidates.js'
import { newId } from '../util/id.js'
import { addNano, toUsdOrNull } from '../util/money.js'
import { createAnswerCollector, type AnswerCollector } from './answer-collector.js'
import type { AttemptTerms } from './attempt-terms.js'
import { lengthOf } from './check-answer.js'
import type { Decision } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import type { Estimates } from './estimates.js'
import type { Input } from './provider-call.js'

export interface AttemptContext {
  readonly decision: Decision
  readonly flight: FlightControl<Decision>
  readonly candidate: Candidate
  readonly terms: AttemptTerms
  readonly estimates: Estimates
  readonly input: Input
  readonly signal: AbortSignal
  /** True when no other candidate is left: this one may use all the time there is. */
  readonly isLast: () => boolean
}

export interface AttemptResult {
  readonly answer: ProviderAnswer
  readonly usage: Usage
  /** Nano-USD; null when the price is unknown. */
  readonly cost: number | null
}

export interface Meter {
  readonly collector: AnswerCollector
  /** A piece of content came. */
  content(): void
  succeeded(answer: ProviderAnswer): AttemptResult
  failed(failure: Failure): void
}

interface Charge {
  readonly usage: Usage | undefined
  readonly cost: number | null
  readonly estimated: boolean
}

export function createMeter(deps: PipelineDependencies, context: AttemptContext): Meter {
  const { candidate, decision, terms, estimates } = context
  const { offer } = candidate
  const started = deps.clock.monotonic()
  const collector = createAnswerCollector()
  let firstContentMs: number | undefined

  const estimatedUsage = (outputLength: number): Usage =>
    Object.freeze({
      input: estimates.inputTokens(offer),
      cache_read: 0,
      cache_write: 0,
      output: Math.ceil(outputLength / 4),
      reasoning: 0,
    })
  const record = (charge: Charge, failure: Failure | undefined): void => {
    terms.reservation.settle(charge.cost)
    decision.cost = addNano(decision.cost, charge.cost)
    recordAttempt(deps, context, charge, failure, {
      durationMs: deps.clock.monotonic() - started,
      firstContentMs,
    })
  }

  return {
    collector,
    content: () => {
      firstContentMs ??= deps.clock.monotonic() - started
    },
    succeeded(answer) {
      const usage = answer.usage ?? estimatedUsage(lengthOf(answer))
      const cost = priced(usage, terms.price)
      record({ usage, cost, estimated: answer.usage === undefined }, undefined)
      if (answer.usage) learn(deps, context, answer.usage)
      return { answer, usage, cost }
    },
    failed(failure) {
      record(chargeFor(failure, collector, estimatedUsage, terms.price), failure)
    },
  }
}

/** What a failed attempt is charged: nothing, what the provider reported, or an estimate. */
function chargeFor(
  failure: Failure,
  collector: AnswerCollector,
  estimatedUsage: (outputLength: number) => Usage,
  price: ModelPrice | null,
): Charge {
  const reported = failure.usage ?? collector.usage
  if (reported && isFinal(reported, failure, collector)) {
    return { usage: reported, cost: priced(reported, price), estimated: false }
  }
  if (reported) {
    const usage = { ...reported, output: delivered(collector) - reported.reasoning }
    return { usage, cost: priced(usage, price), estimated: true }
  }
  if (failure.billable === 'no' && collector.length === 0) {
    return { usage: undefined, cost: 0, estimated: false }
  }
  const usage = estimatedUsage(collector.length)
  return { usage, cost: priced(usage, price), estimated: true }
}

/** Counts that came at the start of a stream which broke off say nothing of what followed. */
function isFinal(reported: Usage, failure: Failure, collector: AnswerCollector): boolean {
  const counted = reported.output + reported.reasoning
  return failure.kind === 'content_filter' || counted >= delivered(collector)
}

/** Tokens that came, by the usual 4 characters each. */
function delivered({ length }: AnswerCollector): number {
  return Math.ceil(length / 4)
}

function priced(usage: Usage, price: ModelPrice | null): number | null {
  return price === null ? null : costOf(usage, price)
}

function learn(deps: PipelineDependencies, context: AttemptContext, usage: Usage): void {
  const { provider, model } = context.candidate.offer
  const input = usage.input + usage.cache_read + usage.cache_write
  deps.tokens.learn(context.estimates.bytes, input, provider.vendor ?? provider.name, model.id)
  deps.tokens.learnOutput(model.id, usage.output + usage.reasoning)
}

function recordAttempt(
  deps: PipelineDependencies,
  { candidate, decision, signal }: AttemptContext,
  charge: Charge,
  failure: Failure | undefined,
  times: { readonly durationMs: number; readonly firstContentMs: number | undefined },
): void {
  const provider = candidate.offer.provider.name
  const model = candidate.offer.model.id
  const outcome = failure === undefined ? 'ok' : signal.aborted ? 'aborted' : 'failed'
  decision.attempts.push({
    provider,
    model,
    outcome,
    kind: failure?.kind ?? null,
    status: failure?.status ?? null,
    duration_ms: times.durationMs,
    cost: toUsdOrNull(charge.cost),
    cost_estimated: charge.estimated,
  })
  deps.ledger.recordAttempt({
    attempt_id: newId('att'),
    request_id: decision.id,
    workspace_id: decision.request.workspace_id ?? 'default',
    user_id: decision.request.user_id,
    key_id: decision.key_id,
    at: deps.clock.now(),
    provider,
    model,
    outcome,
    kind: failure?.kind,
    counts_for_health: outcome !== 'aborted' && (failure?.countsForHealth ?? true),
    usage: charge.usage,
    cost: charge.cost,
    cost_estimated: charge.estimated,
    duration_ms: times.durationMs,
    first_content_ms: times.firstContentMs,
  })
}
