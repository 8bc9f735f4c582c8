/** How long to wait before the last resort, and a wait that time or an abort ends. */
import type { Clock, Random } from '../../contracts/clock.js'

const SHORTEST_MS = 50
const LONGEST_MS = 500

/**
 * Full jitter: evenly spread over 50-500 ms, so that callers who failed together do not return
 * together. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function retryDelay(random: Random): number {
  return SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS)
}

/**
 * Resolves after `ms`, or as soon as the signal aborts. Never rejects: whoever waits looks at the
 * signal afterwards, as at the deadline.
 */
export function delay(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const timer = clock.schedule(ms, wake)
    signal.addEventListener('abort', wake)
  })
}
