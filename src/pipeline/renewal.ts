/** Stale answers that are served while a new one is asked for behind them. */
import type { Clock } from '../contracts/clock.js'
import type { InferenceResponse } from '../contracts/response.js'
import { RecentKeys } from '../util/recent-keys.js'
import type { ParsedRequest } from '../contracts/request.js'

const FIRST_REST_MS = 1_000
const LAST_REST_MS = 60_000
/** Keys whose renewal failed lately. */
const REMEMBERED = 10_000

interface Rest {
  /** On `clock.monotonic()`; Infinity while the renewal runs. */
  readonly until: number
  readonly ms: number
}

/**
 * Asks anew, as an ordinary reader of the lowest priority that nobody waits for; once for each key,
 * however many are served meanwhile. What fails, or comes to an answer that may not be stored, is left
 * alone for a second, then for twice as long each time, up to a minute: every stale hit would pay for
 * it again.
 */
export function createRenewal(
  clock: Clock,
  infer: (request: unknown) => Promise<InferenceResponse>,
): (found: { readonly key: string; readonly request: ParsedRequest }) => void {
  const rests = new RecentKeys<Rest>(REMEMBERED)
  return ({ key, request }) => {
    const rest = rests.get(key)
    if (rest !== undefined && clock.monotonic() < rest.until) return
    const ms = rest === undefined ? FIRST_REST_MS : Math.min(2 * rest.ms, LAST_REST_MS)
    rests.set(key, { until: Infinity, ms })
    const cache = { ...request.cache, refresh: true }
    // A streamed request says so of itself; nobody reads this one piece by piece.
    infer({ ...request, cache, priority: 1, stream: undefined })
      .then(isNew, () => false)
      .then((renewed) => {
        if (renewed) rests.delete(key)
        else rests.set(key, { until: clock.monotonic() + ms, ms })
      })
      .catch(() => undefined)
  }
}

/** Whether it is in the cache now, where the old one was. */
function isNew({ cache, finish_reason, response, tool_calls }: InferenceResponse): boolean {
  // It may have joined a caller's call, which may end with an older answer.
  if (cache.stale || cache.level === 'semantic' || (response === '' && tool_calls.length === 0))
    return false
  return finish_reason === 'stop' || finish_reason === 'tool_calls'
}
