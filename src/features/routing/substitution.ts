/** Which answering model satisfies which request: a model's name is a contract. */
import type { StoredAnswer, SubstitutionDegree } from '../../contracts/cache-tier.js'
import type { Offer } from '../../contracts/provider.js'
import type { ParsedRequest, SubstitutionPolicy } from '../../contracts/request.js'

/** Quality an `equivalent` may fall short of the named model by (DESIGN: a floor of -0.02). */
export const EQUIVALENT_TOLERANCE = 0.02

const RANK: { readonly [degree in SubstitutionDegree | 'never']: number } = {
  never: 0,
  none: 0,
  same_model: 1,
  equivalent: 2,
  any: 3,
}

/** True when the request names the model it wants. */
export function namesModel(request: ParsedRequest): boolean {
  return request.model_name !== undefined && request.model_name !== 'auto'
}

/**
 * What the request allows when it does not say: a pinned request the same model elsewhere,
 * a named model an equivalent (failover needs it), an open choice anything above the floor.
 */
export function policyOf(request: ParsedRequest): SubstitutionPolicy {
  if (request.substitution !== undefined) return request.substitution
  if (request.cost_optimize === false) return 'same_model'
  return namesModel(request) ? 'equivalent' : 'any'
}

/**
 * Whether other models may stand in before anything has failed: the request left the choice open,
 * or said how far one may go. A model that was merely named is replaced only when it fails.
 */
export function mayReplaceAtOnce(request: ParsedRequest): boolean {
  return !namesModel(request) || request.substitution !== undefined
}

export function allows(policy: SubstitutionPolicy, degree: SubstitutionDegree): boolean {
  return RANK[degree] <= RANK[policy]
}

export interface FallbackNames {
  /** The client's own list. */
  readonly fallback: readonly string[]
  /** Offers for `model`, an alias, or `provider/model`. */
  readonly find: (name: string) => readonly Offer[]
}

/** True when `answer` may be served to `request`: its policy allows it, or its fallback list names it. */
export function satisfies(
  answer: StoredAnswer,
  request: ParsedRequest,
  fallback: FallbackNames,
): boolean {
  if (answer.substitution === 'none' || allows(policyOf(request), answer.substitution)) return true
  // A fallback list is consent to its models, unless the request also says how far one may go.
  if (request.substitution !== undefined) return false
  return (request.fallback ?? fallback.fallback).some((name) =>
    fallback
      .find(name)
      .some(
        ({ provider, model }) =>
          model.id === answer.model_used && provider.name === answer.provider_used,
      ),
  )
}
