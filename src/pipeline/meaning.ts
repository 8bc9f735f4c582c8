/** Matching by meaning in the line: after the exact cache, before any model is asked. */
import type { CacheStack } from '../features/cache/stack.js'
import { semanticBase } from '../features/request/semantic-base.js'
import type { SemanticMatcher } from '../features/semantic/matcher.js'
import { errorKind } from '../util/error-kind.js'
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
  const matcher = await loadMatcher(deps, decision)
  if (matcher === undefined) return undefined
  const probe = matcher.probe(request, semanticBase(request, decision.defaultModel))
  if (probe === undefined) return undefined
  const outcome = await matcher.match(probe, signal)
  decision.semantic = outcome
  if (request.cache?.refresh === true) return undefined
  for (const near of outcome.accepted) {
    const hit = await deps.cache.lookup(near.key)
    if (hit === undefined) {
      if (await isGone(deps.cache, near.key)) matcher.forget([near.key])
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

/** Undefined when its code cannot be loaded, as after a deployment in place: the question is asked anew. */
async function loadMatcher(
  { semantic, logger }: PipelineDependencies,
  { id }: Decision,
): Promise<SemanticMatcher | undefined> {
  try {
    return await semantic.load()
  } catch (error) {
    const fields = { request_id: id, error: errorKind(error) }
    logger.warn(fields, 'matching by meaning could not be loaded')
    return undefined
  }
}

/**
 * Whether no level has it. A level that is away may, and would not tell this process again of a
 * question that was forgotten: so it is asked once more, and any call that failed meanwhile is doubt.
 */
async function isGone(cache: CacheStack, key: string): Promise<boolean> {
  const before = unanswered(cache)
  return (await cache.lookup(key)) === undefined && unanswered(cache) === before
}

/** Calls of the lower levels that failed or were not made, since the start. */
function unanswered(cache: CacheStack): number {
  const of = (level: 'l2' | 'l3'): number => cache.errors(level) + (cache.tier(level)?.skipped ?? 0)
  return of('l2') + of('l3')
}
