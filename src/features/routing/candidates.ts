/** Which offers may answer a request, best first, and why the others may not. */
import type { SubstitutionDegree } from '../../contracts/cache-tier.js'
import type { Offer } from '../../contracts/provider.js'
import type { ParsedRequest, SubstitutionPolicy } from '../../contracts/request.js'
import { rejectionOf, requirementsOf, type Rejection } from './requirements.js'
import { EQUIVALENT_TOLERANCE, allows, namesModel, policyOf } from './substitution.js'

export interface Candidate {
  readonly offer: Offer
  /** How far it departs from the model that was named. */
  readonly degree: SubstitutionDegree
  /** Proposed by the substitution policy: neither the named model nor of the fallback list. */
  readonly substitute: boolean
  /** Why another model stands here; undefined for the named one. */
  readonly substitution_reason: string | undefined
}

export interface RejectedOffer extends Rejection {
  readonly offer: Offer
}

export interface Candidates {
  /** Best first; grows by `addSubstitutes`. */
  readonly accepted: readonly Candidate[]
  readonly rejected: readonly RejectedOffer[]
  /**
   * What the substitution policy also allows, cheapest first. Pricing and sorting the whole
   * catalogue is work that most requests never need, so it is done here, at the first call.
   */
  addSubstitutes(): readonly Candidate[]
  /**
   * True when nobody is left to ask should `candidate`'s provider hang: of that provider, only what
   * was named counts. Works out the substitutes.
   */
  isLast(candidate: Candidate): boolean
}

export interface CandidateSource {
  /** Offers for `model` or `provider/model`, in the order of the client's providers. */
  readonly find: (name: string) => readonly Offer[]
  readonly all: () => readonly Offer[]
  readonly defaultModel: string
  /** The client's own fallback list. */
  readonly fallback: readonly string[]
  /** Estimated input tokens at this offer. */
  readonly inputTokens: (offer: Offer) => number
  /** What orders substitutes: a relative price of the offer for this request, lowest first. */
  readonly priceRank: (offer: Offer) => number
}

/**
 * The named model first (at each provider that has it), then the fallback list, then, on demand,
 * what the substitution policy allows, cheapest first. Each offer appears once, at its best place.
 */
export function findCandidates(request: ParsedRequest, source: CandidateSource): Candidates {
  const accepted: Candidate[] = []
  const rejected: RejectedOffer[] = []
  const needs = requirementsOf(request)
  const seen = new Set<Offer>()
  const take = (proposals: Iterable<Candidate>): readonly Candidate[] => {
    const start = accepted.length
    for (const candidate of proposals) {
      const { offer } = candidate
      if (seen.has(offer)) continue
      seen.add(offer)
      const rejection = rejectionOf(offer, request, needs, source.inputTokens(offer))
      if (rejection) rejected.push({ offer, ...rejection })
      else accepted.push(candidate)
    }
    return accepted.slice(start)
  }
  const policy = policyOf(request)
  const name = namesModel(request) ? (request.model_name ?? '') : source.defaultModel
  const named = source.find(name)
  take(namedOffers(named, source, policy))
  take(fromFallbackList(request, source, named[0], policy))
  let substitutes: readonly Candidate[] | undefined
  const addSubstitutes = (): readonly Candidate[] =>
    (substitutes ??= take(substitutesOf(request, source, named[0], policy)))
  return {
    accepted,
    rejected,
    addSubstitutes,
    isLast: (candidate) => {
      addSubstitutes()
      return accepted
        .slice(accepted.indexOf(candidate) + 1)
        .every((next) => next.substitute && next.offer.provider === candidate.offer.provider)
    },
  }
}

function* namedOffers(
  named: readonly Offer[],
  source: CandidateSource,
  policy: SubstitutionPolicy,
): Generator<Candidate> {
  for (const [position, offer] of named.entries()) {
    const degree = position === 0 ? 'none' : 'same_model'
    if (allows(policy, degree)) yield namedCandidate(offer, degree)
  }
  // `provider/model` found one provider's offer: the same model elsewhere comes next.
  const reference = named[0]
  if (!reference || !allows(policy, 'same_model')) return
  for (const offer of source.find(reference.model.id)) {
    yield namedCandidate(offer, 'same_model')
  }
}

function namedCandidate(offer: Offer, degree: SubstitutionDegree): Candidate {
  return { offer, degree, substitute: false, substitution_reason: undefined }
}

function* fromFallbackList(
  request: ParsedRequest,
  source: CandidateSource,
  reference: Offer | undefined,
  policy: SubstitutionPolicy,
): Generator<Candidate> {
  for (const name of request.fallback ?? source.fallback) {
    for (const offer of source.find(name)) {
      const degree = degreeOf(offer, reference)
      // Naming a fallback is consent to it, unless the request also says how far one may go.
      if (request.substitution !== undefined && !allows(policy, degree)) continue
      yield { offer, degree, substitute: false, substitution_reason: 'fallback_list' }
    }
  }
}

function* substitutesOf(
  request: ParsedRequest,
  source: CandidateSource,
  reference: Offer | undefined,
  policy: SubstitutionPolicy,
): Generator<Candidate> {
  if (!allows(policy, 'equivalent')) return
  // Nobody serves the named model: only an explicit `any` may put another in its place.
  if (!reference && namesModel(request) && policy !== 'any') return
  const floorOffer =
    policy === 'any' && namesModel(request) ? source.find(source.defaultModel)[0] : reference
  const floor = floorOffer?.model.qualityScore ?? null
  const open = source
    .all()
    .filter((offer) =>
      floor === null
        ? policy === 'any'
        : (offer.model.qualityScore ?? -1) >= floor - EQUIVALENT_TOLERANCE,
    )
    .map((offer) => ({ offer, rank: source.priceRank(offer) }))
    .sort((a, b) => a.rank - b.rank)
  const reason = namesModel(request) ? 'failover' : 'open_choice'
  for (const { offer } of open) {
    const degree = degreeOf(offer, reference)
    if (allows(policy, degree)) {
      yield { offer, degree, substitute: true, substitution_reason: reason }
    }
  }
}

function degreeOf(offer: Offer, reference: Offer | undefined): SubstitutionDegree {
  if (!reference) return 'any'
  if (offer.model.id === reference.model.id) return 'same_model'
  const floor = reference.model.qualityScore
  const quality = offer.model.qualityScore
  const known = floor !== null && quality !== null
  return known && quality >= floor - EQUIVALENT_TOLERANCE ? 'equivalent' : 'any'
}
