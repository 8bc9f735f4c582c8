/** Who may be asked for a request, what that will probably cost, and what it must not exceed. */
import type { Offer } from '../contracts/provider.js'
import type { ParsedRequest } from '../contracts/request.js'
import { estimatedCost, worstCaseCost } from '../features/pricing/cost.js'
import { changesPrice } from '../features/pricing/repricing.js'
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

/** Of a call made ahead of demand. Nano-USD. */
export interface CallCost {
  /** At the first candidate. */
  readonly likely: number
  /**
   * A budget with which hardly any answer is cut off: room for ten times the usual output. With
   * `max_tokens` it is `worst`, below which such a request is refused.
   */
  readonly enough: number
  /** What no candidate's first attempt exceeds; Infinity where nothing bounds it. */
  readonly worst: number
}

const ROOM = 10
/** What a model usually writes is learned; until then, many write more than is supposed. */
const LEAST_ROOM = 4_096

/** Null without a candidate, or without the first one's price. */
export async function callCostOf(
  deps: Dependencies,
  request: ParsedRequest,
): Promise<CallCost | null> {
  await pricesFor(deps, request)
  const estimates = createEstimates(request, inputOf(request), deps.tokens)
  const offers = candidatesFor(deps, request, estimates).accepted.map(({ offer }) => offer)
  const [first] = offers
  if (first === undefined || repriced(request, first)) return null
  const likely = likelyCost(deps, first, estimates)
  if (likely === null) return null
  const { max_tokens } = request
  const dearest = (output: (offer: Offer) => number): number =>
    Math.max(...offers.map((offer) => boundedCost(deps, offer, estimates, output(offer))))
  const most = ({ model }: Offer): number => max_tokens ?? model.maxOutputTokens ?? Infinity
  const room = (offer: Offer): number =>
    Math.min(most(offer), Math.max(LEAST_ROOM, ROOM * estimates.outputTokens(offer)))
  const worst = dearest(most)
  return { likely, enough: max_tokens === undefined ? dearest(room) : worst, worst }
}

/** An offer of unknown price counts for nothing: a budget keeps it from being asked. */
function boundedCost(
  { catalogue }: Pick<Dependencies, 'catalogue'>,
  offer: Offer,
  estimates: Estimates,
  output: number,
): number {
  const price = catalogue.price(offer)
  if (price === null || repriced(estimates.request, offer)) return 0
  return worstCaseCost(estimates.inputUpperBound(offer), output, price)
}

function repriced({ provider_options }: ParsedRequest, { provider }: Offer): boolean {
  return changesPrice(provider_options?.[provider.name])
}
