/** Who may be asked for a request, and what that will probably cost. */
import type { Offer } from '../contracts/provider.js'
import type { ParsedRequest } from '../contracts/request.js'
import { estimatedCost } from '../features/pricing/cost.js'
import { findCandidates, type Candidates } from '../features/routing/candidates.js'
import { within } from '../util/within.js'
import type { PipelineDependencies } from './dependencies.js'
import { createEstimates, type Estimates } from './estimates.js'
import { inputOf } from './provider-call.js'

type Dependencies = Pick<
  PipelineDependencies,
  'catalogue' | 'clock' | 'defaultModel' | 'fallback' | 'tokens'
>

const PATIENCE_WITH_PRICES_MS = 1_000

/** Prices load lazily. One whose source hangs is unknown: it must not hold up the answer. */
export async function pricesFor(deps: Dependencies, { model_name }: ParsedRequest): Promise<void> {
  const named = deps.catalogue.find(model_name ?? deps.defaultModel)
  await within(deps.clock, PATIENCE_WITH_PRICES_MS, deps.catalogue.ready(named))
}

export function candidatesFor(
  deps: Dependencies,
  request: ParsedRequest,
  estimates: Estimates,
): Candidates {
  return findCandidates(request, {
    find: (name) => deps.catalogue.find(name),
    all: () => deps.catalogue.all(),
    defaultModel: deps.defaultModel,
    fallback: deps.fallback,
    inputTokens: (offer) => estimates.inputTokens(offer),
    // Substitutes of unknown price come last.
    priceRank: (offer) => likelyCost(deps, offer, estimates) ?? Number.MAX_VALUE,
  })
}

/** Nano-USD; null when the price is unknown. */
export function likelyCost(
  { catalogue }: Pick<Dependencies, 'catalogue'>,
  offer: Offer,
  estimates: Estimates,
): number | null {
  const price = catalogue.price(offer)
  if (price === null) return null
  return estimatedCost(estimates.inputTokens(offer), estimates.outputTokens(offer), price)
}

/** What the first candidate will probably cost, in nano-USD; null without one or without its price. */
export async function likelyCostOf(
  deps: Dependencies,
  request: ParsedRequest,
): Promise<number | null> {
  await pricesFor(deps, request)
  const estimates = createEstimates(request, inputOf(request), deps.tokens)
  const first = candidatesFor(deps, request, estimates).accepted[0]
  return first === undefined ? null : likelyCost(deps, first.offer, estimates)
}
