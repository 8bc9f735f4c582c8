/** What a flight does: candidates, attempts, store. Runs once for all who wait for the same answer. */
import { RaptorflowError } from '../errors.js'
import type { Offer } from '../contracts/provider.js'
import type { FlightControl } from '../features/dedup/flight.js'
import { createRequestBudget, type RequestBudget } from '../features/budget/request-budget.js'
import { changesPrice } from '../features/pricing/repricing.js'
import { AttemptsFailed, Refused, runAttempts } from '../features/resilience/attempts.js'
import type { Candidate, Candidates } from '../features/routing/candidates.js'
import { mayReplaceAtOnce } from '../features/routing/substitution.js'
import { toNano, toUsdOrNull } from '../util/money.js'
import { agreeTerms } from './attempt-terms.js'
import { candidatesFor, likelyCost, pricesFor } from './choice.js'
import type { Decision, FlightResult } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import type { AttemptContext, AttemptResult } from './attempt-meter.js'
import { dispatch } from './dispatch.js'
import { createEstimates, type Estimates } from './estimates.js'
import { type Arriving, land, landEmpty, rescue } from './landing.js'
import { matchByMeaning } from './meaning.js'
import { noCandidate, overBudget, type RefusedOffer } from './refusals.js'
import { inputOf, type Input } from './provider-call.js'

type Flight = FlightControl<Decision>

interface Journey extends Arriving {
  readonly input: Input
  readonly estimates: Estimates
  readonly budget: RequestBudget
  /** What the budget refused, and what it could have cost at worst. */
  readonly refused: RefusedOffer[]
}

/** @throws RaptorflowError, the same for every waiter */
export async function launch(
  deps: PipelineDependencies,
  flight: Flight,
  decision: Decision,
): Promise<FlightResult> {
  const { request } = decision
  const similar = await matchByMeaning(deps, decision, flight.signal)
  if (similar) return similar
  const input = inputOf(request)
  const estimates = createEstimates(request, input, deps.tokens)
  const limit = request.budget_limit === undefined ? null : toNano(request.budget_limit)
  const budget = createRequestBudget(limit)
  const journey: Journey = { deps, flight, decision, input, estimates, budget, refused: [] }
  flight.progress(1, 'Choosing a model')
  await pricesFor(deps, request)
  const candidates = plan(journey)
  try {
    return await fly(journey, candidates)
  } catch (error) {
    const stale = await rescue(journey, error)
    if (stale) return stale
    throw error
  }
}

function plan(journey: Journey): Candidates {
  const candidates = candidatesFor(journey.deps, journey.decision.request, journey.estimates)
  disclose(journey, candidates)
  return candidates
}

/** Frozen, because all who share the answer are shown it. */
function disclose({ deps, decision, estimates }: Journey, candidates: Candidates): void {
  decision.routing = Object.freeze({
    candidates: frozenList(candidates.accepted, ({ offer }) => ({
      provider: offer.provider.name,
      model: offer.model.id,
      estimated_cost: toUsdOrNull(likelyCost(deps, offer, estimates)),
    })),
    rejected: frozenList(candidates.rejected, ({ offer, reason }) => ({
      provider: offer.provider.name,
      model: offer.model.id,
      reason,
    })),
  })
}

/** Substitutes come, and are worked out, only once everything before them has failed. */
function* inTurn(journey: Journey, candidates: Candidates): Generator<Candidate> {
  yield* [...candidates.accepted]
  // A refusal by the budget is no failure: the model that was named would have answered.
  const failed = journey.decision.attempts.length > 0
  if (!failed && !mayReplaceAtOnce(journey.decision.request)) return
  const substitutes = candidates.addSubstitutes()
  disclose(journey, candidates)
  yield* substitutes
}

function frozenList<Item, Shown>(
  items: readonly Item[],
  show: (item: Item) => Shown,
): readonly Shown[] {
  return Object.freeze(items.map((item) => Object.freeze(show(item))))
}

/** Where the named model cannot serve, others only may at once if the request says so. */
function hasAny(journey: Journey, candidates: Candidates): boolean {
  if (candidates.accepted.length > 0) return true
  const added = mayReplaceAtOnce(journey.decision.request) ? candidates.addSubstitutes() : []
  disclose(journey, candidates)
  return added.length > 0
}

async function fly(journey: Journey, candidates: Candidates): Promise<FlightResult> {
  const { deps, flight, decision } = journey
  if (!hasAny(journey, candidates)) throw noCandidate(decision, candidates, deps)
  try {
    const { result, candidate } = await runAttempts<Candidate, AttemptResult>({
      candidates: inTurn(journey, candidates),
      call: async (candidate, { signal }) =>
        attemptWith(journey, candidate, { signal, isLast: () => candidates.isLast(candidate) }),
      signal: flight.signal,
      latestDeadline: () => flight.latestDeadline(),
      delivered: () => flight.delivered,
      hasLargerContext: (candidate, failed) => contextOf(candidate) > contextOf(failed),
      sharesFate: (candidate, failed) =>
        candidate.substitute && candidate.offer.provider === failed.offer.provider,
      clock: deps.clock,
      random: deps.random,
      onFailure: (failed, next) => {
        reportFailure(journey, failed, next)
      },
    })
    return land(journey, candidate, result)
  } catch (error) {
    if (error instanceof Refused) {
      throw error.error ?? overBudget(decision, journey.refused)
    }
    if (isAttemptsFailed(error)) return landEmpty(journey, error)
    throw error
  }
}

/** Only candidates are tried here: `instanceof` alone cannot know. */
function isAttemptsFailed(error: unknown): error is AttemptsFailed<Candidate> {
  return error instanceof AttemptsFailed
}

function contextOf({ offer }: Candidate): number {
  return offer.model.contextWindow ?? 0
}

async function attemptWith(
  journey: Journey,
  candidate: Candidate,
  turn: Pick<AttemptContext, 'signal' | 'isLast'>,
): Promise<AttemptResult> {
  const { deps, decision, flight, input, estimates, budget } = journey
  const { offer } = candidate
  const options = decision.request.provider_options?.[offer.provider.name]
  const price = changesPrice(options) ? null : deps.catalogue.price(offer)
  const terms = await agreeTerms(offer, price, budget, estimates)
  if ('refused' in terms) {
    journey.refused.push({ offer, worstCase: terms.worstCase })
    throw new Refused('budget')
  }
  try {
    if (price === null) announceUnknownPrice(deps, offer)
    decision.estimatedCost = price === null ? null : likelyCost(deps, offer, estimates)
    decision.maxTokensCapped = terms.capped ? terms.maxTokens : undefined
    const chosen = { provider: offer.provider.name, model: offer.model.id }
    deps.logger.debug({ request_id: decision.id, ...chosen }, 'calling a provider')
    flight.expectTokens(estimates.outputTokens(offer))
    flight.progress(5, `Asking ${offer.provider.name}`)
    return await dispatch(deps, { decision, flight, candidate, terms, estimates, input, ...turn })
  } catch (error) {
    // No slot is not the provider's failure.
    if (RaptorflowError.isInstance(error) && error.details.reason === 'queue_full') {
      throw new Refused('queue_full', error)
    }
    throw error
  } finally {
    terms.reservation.release()
  }
}

function announceUnknownPrice(deps: PipelineDependencies, { provider, model }: Offer): void {
  const payload = { provider: provider.name, model: model.id }
  deps.logger.warn(payload, 'the price of this model is unknown: its cost is reported as null')
  deps.events.emit('price:unknown', payload)
}

function reportFailure(
  { deps, decision }: Journey,
  failed: {
    readonly candidate: Candidate
    readonly failure: { readonly kind: string; readonly status?: number | undefined }
    readonly duration_ms: number
  },
  next: Candidate | undefined,
): void {
  const from = {
    provider: failed.candidate.offer.provider.name,
    model: failed.candidate.offer.model.id,
  }
  const { kind, status } = failed.failure
  const fields = { request_id: decision.id, ...from, kind, status, duration_ms: failed.duration_ms }
  deps.logger.warn(fields, 'an attempt failed')
  deps.events.emit('attempt:failed', fields)
  if (!next || next === failed.candidate) return
  const to = { provider: next.offer.provider.name, model: next.offer.model.id }
  deps.events.emit('provider:failover', { request_id: decision.id, from, to, kind })
}
