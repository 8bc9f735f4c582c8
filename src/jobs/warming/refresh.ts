/** One warming call: asked at the lowest priority, paid from a purse. */
import type { ParsedRequest } from '../../contracts/request.js'
import { RaptorflowError, type RaptorflowErrorCode } from '../../errors.js'
import { abortedError } from '../../pipeline/patience.js'
import { toNano, toUsd } from '../../util/money.js'
import type { WarmerDependencies } from './dependencies.js'
import type { Reservation } from './purse.js'

export interface Refreshed {
  readonly outcome: 'warmed' | 'failed' | 'refused'
  /** Nano-USD; null when unknown. */
  readonly cost: number | null
  /** True when a caller's own call answered it. */
  readonly shared: boolean
}

/** Nobody was called when a request ends so, or the only one who was refused to answer. */
const UNPAID: readonly RaptorflowErrorCode[] = [
  'INVALID_REQUEST',
  'MODEL_NOT_SUPPORTED',
  'BUDGET_EXCEEDED',
]

const FAILED_UNPAID: Refreshed = Object.freeze({ outcome: 'failed', cost: 0, shared: false })

/**
 * Resolves for every failure of the call itself; the reservation is settled either way.
 * @throws RaptorflowError ABORTED when the signal aborts
 */
export async function refresh(
  { infer }: Pick<WarmerDependencies, 'infer'>,
  request: ParsedRequest,
  reservation: Reservation,
  signal: AbortSignal | undefined,
): Promise<Refreshed> {
  let paid: number | null = null
  try {
    if (signal?.aborted === true) {
      paid = 0
      throw abortedError(signal)
    }
    const answer = await infer(asWarming(request, reservation), { signal })
    paid = answer.actual_cost === null ? null : toNano(answer.actual_cost)
    const { cache, finish_reason, coalesced } = answer
    // It may have joined a caller's call that ended with an older answer.
    if (cache.stale || cache.level === 'semantic') return FAILED_UNPAID
    // Cut off or refused: the cache does not keep it, and asking again would end the same way.
    const kept = finish_reason === 'stop' || finish_reason === 'tool_calls'
    return { outcome: kept ? 'warmed' : 'refused', cost: paid, shared: coalesced }
  } catch (error) {
    if (signal?.aborted === true) throw abortedError(signal)
    if (!isUnpaid(error)) {
      // It may have been billed all the same.
      return { outcome: 'failed', cost: null, shared: false }
    }
    paid = 0
    return FAILED_UNPAID
  } finally {
    reservation.settle(paid)
  }
}

function isUnpaid(error: unknown): boolean {
  if (!RaptorflowError.isInstance(error) || !UNPAID.includes(error.code)) return false
  const { attempts } = error.details
  return !Array.isArray(attempts) || attempts.length <= 1
}

/**
 * The answer belongs to everybody of the workspace: no single user is charged for it. What is reserved
 * is the request's own budget, since retries and other models might together cost more.
 */
function asWarming(request: ParsedRequest, { amount }: Reservation): ParsedRequest {
  const { cache, user_id } = request
  return {
    ...request,
    budget_limit: amount === undefined ? request.budget_limit : toUsd(amount),
    priority: 1,
    user_id: cache?.scope === 'user' ? user_id : undefined,
    cache: { ...cache, refresh: true },
  }
}
