/** Matching by meaning in the line: after the exact cache, before any model is asked. */
import { semanticBase } from '../features/request/semantic-base.js'
import type { Decision, FlightResult } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import { mayServe } from './serving.js'

/** The answer to a question that means the same, or undefined; never rejects but with the signal's reason. */
export async function matchByMeaning(
  deps: PipelineDependencies,
  decision: Decision,
  signal: AbortSignal,
): Promise<FlightResult | undefined> {
  const { request, cacheKey } = decision
  if (cacheKey === undefined || !deps.semantic.wants(request)) return undefined
  const matcher = await deps.semantic.load()
  const probe = matcher.probe(request, semanticBase(request, decision.defaultModel))
  if (probe === undefined) return undefined
  const outcome = await matcher.match(probe, signal)
  decision.semantic = outcome
  if (request.cache?.refresh === true) return undefined
  for (const near of outcome.accepted) {
    const hit = await deps.cache.lookup(near.key)
    if (hit === undefined) {
      matcher.forget([near.key])
    } else if (!hit.stale && mayServe(deps, hit, request)) {
      return {
        answer: hit.entry.answer,
        sponsor: decision,
        served: { kind: 'semantic', hit, near },
      }
    }
  }
  if (matcher.shadow && outcome.wouldServe !== undefined) {
    const { similarity } = outcome.wouldServe
    const { threshold } = outcome
    deps.events.emit('semantic:shadow', { request_id: decision.id, similarity, threshold })
  }
  return undefined
}
