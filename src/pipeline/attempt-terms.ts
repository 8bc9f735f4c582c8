/** What one attempt may cost and generate: price, bounds, and the reservation that covers it. */
import type { ModelPrice } from '../contracts/model.js'
import type { Offer } from '../contracts/provider.js'
import type { RequestBudget, Reservation } from '../features/budget/request-budget.js'
import { affordableOutputTokens, worstCaseCost } from '../features/pricing/cost.js'
import type { Estimates } from './estimates.js'

/** Below this many tokens an answer is not worth paying for: the budget refuses instead of capping. */
const LEAST_CAPPED_TOKENS = 64

/** Output assumed for a model whose own limit nobody knows, when a budget needs a bound. */
const ASSUMED_MAX_OUTPUT = 16_384

export interface AttemptTerms {
  readonly price: ModelPrice | null
  /** Sent upstream; undefined leaves it to the vendor. */
  readonly maxTokens: number | undefined
  readonly capped: boolean
  readonly reservation: Reservation
}

/** Why the budget refused, in nano-USD: what the attempt could cost at worst. Null: unknown price. */
export interface BudgetRefusal {
  readonly refused: true
  readonly worstCase: number | null
}

/**
 * Reserves the worst case of one attempt: an upper bound of the input and all output it may generate.
 * Without `max_tokens` the output is capped at what the budget still affords.
 */
export async function agreeTerms(
  offer: Offer,
  price: ModelPrice | null,
  budget: RequestBudget,
  estimates: Estimates,
): Promise<AttemptTerms | BudgetRefusal> {
  const requested = estimates.request.max_tokens
  const remaining = budget.remaining()
  if (remaining === null) {
    return reserved(budget, price, { worstCase: 0, maxTokens: requested, capped: false })
  }
  if (price === null) return { refused: true, worstCase: null }
  const fit = (inputTokens: number): Fit => fitInto(remaining, inputTokens, offer, price, requested)
  // Counting exactly takes milliseconds: only when the bound from bytes would refuse or cap.
  let terms = fit(estimates.inputUpperBound(offer))
  if (terms.worstCase > remaining || terms.capped) {
    terms = fit(await estimates.inputCounted(offer))
  }
  return terms.worstCase > remaining
    ? { refused: true, worstCase: terms.worstCase }
    : reserved(budget, price, terms)
}

interface Fit {
  readonly worstCase: number
  readonly maxTokens: number | undefined
  readonly capped: boolean
}

function fitInto(
  remaining: number,
  inputTokens: number,
  { model }: Offer,
  price: ModelPrice,
  requested: number | undefined,
): Fit {
  const most = requested ?? model.maxOutputTokens ?? ASSUMED_MAX_OUTPUT
  const worstCase = worstCaseCost(inputTokens, most, price)
  // A model without a known limit must be told one, or the bound would not bind.
  const bound = requested ?? (model.maxOutputTokens === null ? most : undefined)
  if (worstCase <= remaining || requested !== undefined) {
    return { worstCase, maxTokens: bound, capped: false }
  }
  const affordable = Math.min(most, affordableOutputTokens(remaining, inputTokens, price))
  if (affordable < LEAST_CAPPED_TOKENS) {
    const least = worstCaseCost(inputTokens, Math.min(most, LEAST_CAPPED_TOKENS), price)
    return { worstCase: least, maxTokens: bound, capped: false }
  }
  return {
    worstCase: worstCaseCost(inputTokens, affordable, price),
    maxTokens: affordable,
    capped: true,
  }
}

function reserved(
  budget: RequestBudget,
  price: ModelPrice | null,
  fit: Fit,
): AttemptTerms | BudgetRefusal {
  const reservation = budget.reserve(fit.worstCase)
  if (!reservation) return { refused: true, worstCase: fit.worstCase }
  return { price, maxTokens: fit.maxTokens, capped: fit.capped, reservation }
}
