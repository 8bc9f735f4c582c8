/** The errors of a request nobody may or can answer, made before anybody is called. */
import { RaptorflowError } from '../errors.js'
import type { Offer } from '../contracts/provider.js'
import type { Candidates } from '../features/routing/candidates.js'
import { closest } from '../util/closest.js'
import { toUsd } from '../util/money.js'
import type { Decision } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'

export function closedError(): RaptorflowError {
  return new RaptorflowError(
    'PROVIDER_UNAVAILABLE',
    'Expected an open client, but close() was called. Create a new client.',
    { details: { reason: 'closed' }, retryable: false },
  )
}

/** No candidate at all: the model is unknown here, or no model can do what the request asks. */
export function noCandidate(
  decision: Decision,
  { rejected }: Candidates,
  deps: Pick<PipelineDependencies, 'catalogue' | 'defaultModel'>,
): RaptorflowError {
  const first = rejected[0]
  const request_id = decision.id
  const rejections = decision.routing.rejected
  if (!first) {
    const model = decision.request.model_name ?? deps.defaultModel
    const offers = deps.catalogue.all()
    const providers = [...new Set(offers.map(({ provider }) => provider.name))]
    const meant = closest(
      model,
      offers.map((offer) => offer.model.id),
    )
    return new RaptorflowError(
      'MODEL_NOT_SUPPORTED',
      `Expected \`model_name\` to be a model that a configured provider (${providers.join(', ')}) serves, got \`${model}\`. ` +
        (meant === undefined ? '' : `Did you mean \`${meant}\`? `) +
        'Configure a provider that serves it, use `provider/model` for a model that is not listed, or set `substitution: "any"`.',
      { details: { field: 'model_name', validation: 'supported', model, providers }, request_id },
    )
  }
  const reason = first.reason === 'context_length' ? 'context_length' : 'capability'
  return new RaptorflowError(
    'INVALID_REQUEST',
    `Expected \`${first.field}\` to be something the model can do (${first.reason}). ` +
      'Change the field, name another model, or allow another one with `fallback` or `substitution`.',
    {
      details: { field: first.field, validation: 'supported', reason, rejected: rejections },
      request_id,
    },
  )
}

/** A candidate the budget refused; `worstCase` in nano-USD, null when its price is unknown. */
export interface RefusedOffer {
  readonly offer: Offer
  readonly worstCase: number | null
}

/** Every candidate might cost more than `budget_limit`, or has no known price. */
export function overBudget(decision: Decision, refused: readonly RefusedOffer[]): RaptorflowError {
  const budget_limit = decision.request.budget_limit ?? 0
  const cheapest = refused
    .flatMap(({ offer: { provider, model }, worstCase }) =>
      worstCase === null
        ? []
        : [{ provider: provider.name, model: model.id, cost: toUsd(worstCase) }],
    )
    .sort((a, b) => a.cost - b.cost)[0]
  return new RaptorflowError(
    'BUDGET_EXCEEDED',
    cheapest
      ? `Expected the request to fit into \`budget_limit\` (${budget_limit}) at its worst case, but the least of its candidates may cost ${cheapest.cost} USD. Raise the limit, lower \`max_tokens\`, or use a cheaper model.`
      : 'Expected a known price to hold against `budget_limit`, but no candidate has one. Pass `prices` to the client, or leave the limit out.',
    {
      details: {
        reason: cheapest ? 'budget_limit' : 'price_unknown',
        budget_limit,
        estimated_cost: cheapest?.cost ?? null,
        cheapest: cheapest ?? null,
      },
      request_id: decision.id,
    },
  )
}
