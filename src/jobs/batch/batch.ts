/** Many requests as one: bounded concurrency, equal items answered once, totals over all. */
import type { BatchCallOptions } from '../../contracts/request.js'
import type { BatchResponse } from '../../contracts/response.js'
import { RaptorflowError } from '../../errors.js'
import type { ParsedBatch } from '../../features/request/parse-batch.js'
import { batchResponse, isAnswer } from './batch-response.js'
import { BatchRun } from './batch-run.js'
import type { BatchDependencies } from './dependencies.js'

/**
 * Answers a batch. Items that fail, and those unfinished when `fail_fast` or the timeout ends the
 * batch, are in `errors`; the batch itself resolves.
 * @throws RaptorflowError ABORTED when the caller's signal aborts, its reason as `cause`
 */
export type BatchRunner = (input: ParsedBatch, options: BatchCallOptions) => Promise<BatchResponse>

export function createBatchRunner(deps: BatchDependencies): BatchRunner {
  const { clock } = deps
  return async (input, options) => {
    if (options.signal?.aborted) throw aborted(options)
    const started = clock.monotonic()
    const run = new BatchRun(deps, input, options)
    const outcomes = await run.finished()
    const answered = outcomes.reduce((count, item) => count + (isAnswer(item) ? 1 : 0), 0)
    deps.record(outcomes.length, outcomes.length - answered)
    if (run.stopped === 'aborted') throw aborted(options)
    return batchResponse(outcomes, {
      batch_id: input.batch_id ?? deps.newId('batch'),
      duplicates: run.duplicates,
      stopped: run.stopped,
      endedAt: clock.now(),
      wallMs: clock.monotonic() - started,
    })
  }
}

function aborted({ request_id, signal }: BatchCallOptions): RaptorflowError {
  return new RaptorflowError('ABORTED', 'The batch was aborted before it was complete.', {
    details: { reason: 'aborted' },
    request_id,
    cause: signal?.reason,
  })
}
