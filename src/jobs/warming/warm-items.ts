/** Warming one thing, a named prompt or a key the forecast chose, and what to say of it. */
import { parseRequest } from '../../features/request/parse.js'
import type { ParsedRequest } from '../../contracts/request.js'
import type { WarmItem } from '../../contracts/warming.js'
import { toNano, toUsdOrNull } from '../../util/money.js'
import type { CallCost } from '../../pipeline/choice.js'
import type { Candidate } from './candidates.js'
import type { WarmerDependencies } from './dependencies.js'
import type { Purse } from './purse.js'
import { refresh, type Refreshed } from './refresh.js'
import type { WarmingTrial } from './trial.js'

/** How all items of a run are paid and ended. */
export interface WarmTerms {
  readonly purse: Purse
  readonly dryRun: boolean
  readonly signal: AbortSignal | undefined
}

interface Wanted {
  readonly index: number | null
  readonly request: ParsedRequest
  readonly probability: number | null
  readonly estimate: CallCost | null
}

/** Rejects with nothing but ABORTED, when the signal aborts. */
export async function warmPrompt(
  deps: WarmerDependencies,
  terms: WarmTerms,
  prompt: { readonly index: number; readonly request: ParsedRequest; readonly key: string },
): Promise<WarmItem> {
  const { index, request, key } = prompt
  const { forecast, clock } = deps
  const now = clock.now()
  const probability = forecast?.probability(key, now, now + forecast.ttlMs(request)) ?? null
  const times = request.cache?.refresh === true ? undefined : await deps.cached(request)
  if (times !== undefined && times.fresh_until > now) {
    return { index, outcome: 'fresh', estimated_cost: null, actual_cost: 0, probability }
  }
  const estimate = await deps.estimate(request)
  const { item } = await warm(deps, terms, { index, request, probability, estimate })
  return item
}

/** The same for a key of the forecast, with books kept of what comes of it. */
export async function warmCandidate(
  deps: WarmerDependencies,
  terms: WarmTerms,
  trial: WarmingTrial,
  { tracked, endsAt, probability, estimate }: Candidate,
): Promise<WarmItem> {
  const { request } = tracked
  if (!terms.dryRun) tracked.triedFor = endsAt
  tracked.refreshing = true
  try {
    const { item, refreshed } = await warm(deps, terms, {
      index: null,
      request,
      probability,
      estimate,
    })
    if (!refreshed || refreshed.shared) return item
    const cost = refreshed.cost ?? estimate?.likely ?? 0
    if (refreshed.outcome !== 'warmed') {
      tracked.refused = refreshed.outcome === 'refused'
      trial.wasted(cost)
      return item
    }
    const times = await deps.cached(request)
    const now = deps.clock.now()
    const renewed = times !== undefined && times.fresh_until > endsAt
    const until = renewed ? times.fresh_until : now + tracked.ttlMs
    tracked.freshUntil = until
    tracked.exact = renewed
    trial.warmed(tracked, { until, plainUntil: endsAt, cost })
    return item
  } finally {
    tracked.refreshing = false
  }
}

interface Warmed {
  readonly item: WarmItem
  /** Undefined when nobody was called. */
  readonly refreshed: Refreshed | undefined
}

async function warm(
  deps: WarmerDependencies,
  { purse, dryRun, signal }: WarmTerms,
  { index, request, probability, estimate }: Wanted,
): Promise<Warmed> {
  const estimated_cost = toUsdOrNull(estimate?.likely ?? null)
  const uncalled = (outcome: 'refused' | 'over_budget' | 'planned'): Warmed => ({
    item: {
      index,
      outcome,
      estimated_cost,
      actual_cost: 0,
      probability,
    },
    refreshed: undefined,
  })
  if (estimate === null && purse.limited) return uncalled('refused')
  const reservation = await purse.reserve(budgetOf(request, estimate, purse.left()))
  if (reservation === undefined) return uncalled('over_budget')
  if (dryRun) {
    // It spends nothing, but what it plans has to fit the budget together.
    reservation.settle(estimate?.likely ?? null)
    return uncalled('planned')
  }
  const refreshed = await refresh(deps, request, reservation, signal)
  return {
    item: {
      index,
      // An answer that was cut off or refused is no warm entry.
      outcome: refreshed.outcome === 'warmed' ? 'warmed' : 'failed',
      estimated_cost,
      actual_cost: toUsdOrNull(refreshed.cost),
      probability,
    },
    refreshed,
  }
}

/**
 * Nano-USD; null when unknown. The worst case while that much is left. It may be a dollar, since
 * without `max_tokens` a model may write all it can: a cap below that must not keep everything from
 * being called, so then it is what is enough for nearly every answer. A longer one is cut off by the
 * request's budget: it is paid for and not stored, but the cap holds.
 */
function budgetOf(
  { budget_limit }: ParsedRequest,
  estimate: CallCost | null,
  left: number,
): number | null {
  if (estimate === null) return null
  const { enough, worst } = estimate
  const own = budget_limit === undefined ? Infinity : toNano(budget_limit)
  return Math.min(own, worst <= left ? worst : enough)
}

/** What can be said of a prompt that is no valid request, or one the cache does not keep. */
export function hopeless(index: number, outcome: 'failed' | 'refused'): WarmItem {
  return { index, outcome, estimated_cost: null, actual_cost: 0, probability: null }
}

/** Undefined for an invalid request. */
export function tryParse(raw: unknown): ParsedRequest | undefined {
  try {
    const request = parseRequest(raw)
    // Batches, plans and warming have nobody to stream to.
    return request.stream === true ? undefined : request
  } catch {
    return undefined
  }
}
