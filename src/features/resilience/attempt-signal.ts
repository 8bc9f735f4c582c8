/** An attempt's own AbortController: a timed-out attempt must not abort its successors. */
import { ProviderError } from '../../errors.js'

export interface AttemptSignal {
  readonly signal: AbortSignal
  /** Unlinks from the parent and aborts whatever of the attempt still runs. */
  readonly release: () => void
}

/** What a finished attempt's signal aborts with; shared, because making a stack trace is dear. */
const ATTEMPT_OVER = new ProviderError({ reason: 'aborted' })

/** @param onAbort told when the parent aborts before `release`; it then has to release */
export function openAttempt(
  parent: AbortSignal,
  onAbort: (error: ProviderError) => void,
): AttemptSignal {
  const controller = new AbortController()
  const abort = (): void => {
    onAbort(new ProviderError({ reason: 'aborted' }))
  }
  parent.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    release: () => {
      parent.removeEventListener('abort', abort)
      controller.abort(ATTEMPT_OVER)
    },
  }
}
