/** The cache's part of the line: ask it, wait for slower levels, answer from it. */
import type { CallOptions, ParsedRequest } from '../contracts/request.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { CacheHit } from '../features/cache/stack.js'
import { cacheKey } from '../features/request/fingerprint.js'
import type { PipelineDependencies } from './dependencies.js'
import { whilePatient } from './patience.js'
import { closedError } from './refusals.js'
import type { Arrival, Reporter } from './reporter.js'
import { responseFromHit } from './result.js'
import { mayServe } from './serving.js'

const DEFAULT_TIMEOUT_SECONDS = 300

export interface Lookup {
  /** Undefined when the request may neither read nor write the cache. */
  readonly key: string | undefined
  readonly found: CacheHit | undefined | Promise<CacheHit | undefined>
}

export function lookUp(
  deps: PipelineDependencies,
  request: ParsedRequest,
  arrival: Arrival,
): Lookup {
  if (request.use_cache === false) return { key: undefined, found: undefined }
  const key = cacheKey(request, deps.defaultModel)
  arrival.served_key = key
  if (request.cache?.refresh === true) return { key, found: undefined }
  arrival.lookedUp = true
  const accept = (hit: CacheHit | undefined): CacheHit | undefined =>
    hit && mayServe(deps, hit, request) ? hit : undefined
  const found = deps.cache.lookup(key)
  return { key, found: found instanceof Promise ? found.then(accept) : accept(found) }
}

/** Slower levels have a deadline each; the caller's own may come before. */
export async function waitFor(
  deps: PipelineDependencies,
  found: Promise<CacheHit | undefined>,
  arrival: Arrival,
  { signal }: CallOptions,
): Promise<CacheHit | undefined> {
  const { clock, lookups } = deps
  const patience = { clock, arrived: arrival.at, deadline: deadlineOf(arrival), signal }
  lookups.underWay += 1
  try {
    const hit = await whilePatient(patience, found)
    if (!hit && lookups.over) throw closedError()
    return hit
  } finally {
    lookups.underWay -= 1
  }
}

export function deadlineOf({ at, request }: Arrival): number {
  return at + (request?.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000
}

export function answerHit(
  deps: PipelineDependencies,
  reporter: Reporter,
  hit: CacheHit,
  request: ParsedRequest,
  arrival: Arrival,
): InferenceResponse {
  const moment = reporter.moment(arrival)
  const response = responseFromHit(hit, request, deps.defaultModel, moment)
  reporter.answered(arrival, response, hit.entry.answer.cost)
  const { served_key: key } = arrival
  if (deps.demand && key !== undefined) {
    deps.demand.observe({ key, request, at: moment.now, hit: true })
  }
  return response
}
