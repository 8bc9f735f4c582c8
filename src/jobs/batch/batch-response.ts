/** What a batch answers with: items in order, errors by index, totals. */
import type {
  BatchItemError,
  BatchResponse,
  CacheInfo,
  InferenceResponse,
} from '../../contracts/response.js'
import { RaptorflowError } from '../../errors.js'
import { isoTime } from '../../util/iso-time.js'
import { addNano, toNano, toUsdOrNull } from '../../util/money.js'

/** What became of one item. */
export type Outcome = InferenceResponse | RaptorflowError

/** Why a batch ended before all its items did. */
export type Stop = 'fail_fast' | 'batch_timeout' | 'aborted'

export interface BatchFacts {
  readonly batch_id: string
  readonly duplicates: number
  readonly stopped: Stop | undefined
  /** Epoch milliseconds. */
  readonly endedAt: number
  readonly wallMs: number
}

export function isAnswer(outcome: Outcome | undefined): outcome is InferenceResponse {
  return outcome !== undefined && !RaptorflowError.isInstance(outcome)
}

const NOT_CACHED: CacheInfo = Object.freeze({
  level: null,
  age_seconds: 0,
  similarity: null,
  stale: false,
})
const NO_ATTEMPTS: InferenceResponse['attempts'] = Object.freeze([])

/** The first item's outcome as an equal item sees it: its own id, and an answer that cost nothing. */
export function copyForDuplicate(first: Outcome, request_id: string): Outcome {
  if (!isAnswer(first)) return first.forRequest(request_id)
  const shared = first.cache_hit || first.coalesced
  return {
    ...first,
    request_id,
    // It was not looked up itself: what it counts as is a copy.
    cache_hit: false,
    cache: NOT_CACHED,
    actual_cost: 0,
    cost_saved: shared ? first.cost_saved : (first.actual_cost ?? first.estimated_cost),
    coalesced: true,
    // The calls were the first one's, and so is what they cost.
    attempts: NO_ATTEMPTS,
    metadata: { ...first.metadata },
    // What one caller changes in its own stays with it.
    ...('parsed' in first && { parsed: structuredClone(first.parsed) }),
  }
}

/** Why an item has no answer although nothing is wrong with it. */
export function unfinishedError(reason: Stop | undefined): RaptorflowError {
  if (reason === 'batch_timeout') {
    return new RaptorflowError(
      'TIMEOUT',
      'Expected the batch to finish within its timeout_seconds, but this item was not done by then. Raise timeout_seconds or max_batch_size, or send the item again.',
      { details: { reason } },
    )
  }
  return new RaptorflowError(
    'ABORTED',
    'Another item failed first and fail_fast ended the batch. Send this item again, or set fail_fast to false.',
    { details: { reason: 'fail_fast' } },
  )
}

/** @param outcomes one per request, in order; undefined for what did not finish */
export function batchResponse(
  outcomes: readonly (Outcome | undefined)[],
  facts: BatchFacts,
): BatchResponse {
  const responses: InferenceResponse[] = []
  const errors: BatchItemError[] = []
  let seconds = 0
  let estimated: number | null = 0
  let actual: number | null = 0
  let hits = 0
  for (const [index, outcome] of outcomes.entries()) {
    if (!isAnswer(outcome)) {
      errors.push({ index, error: outcome ?? unfinishedError(facts.stopped) })
      continue
    }
    responses.push(outcome)
    seconds += outcome.processing_time
    estimated = addNano(estimated, nanoOrNull(outcome.estimated_cost))
    actual = addNano(actual, nanoOrNull(outcome.actual_cost))
    if (outcome.cache_hit) hits += 1
  }
  const answered = responses.length
  return {
    batch_id: facts.batch_id,
    responses,
    total_requests: outcomes.length,
    successful_requests: answered,
    failed_requests: errors.length,
    duplicate_requests: facts.duplicates,
    total_processing_time: seconds,
    avg_processing_time: answered === 0 ? 0 : seconds / answered,
    total_estimated_cost: toUsdOrNull(estimated),
    total_actual_cost: toUsdOrNull(actual),
    cache_hits: hits,
    cache_hit_rate: answered === 0 ? 0 : hits / answered,
    timestamp: isoTime(facts.endedAt),
    wall_time: facts.wallMs / 1_000,
    errors,
  }
}

function nanoOrNull(usd: number | null): number | null {
  return usd === null ? null : toNano(usd)
}
