/** Bounds one attempt in time, whatever its source does: vendor timeouts do not cover bodies. */
import { ProviderError } from '../../errors.js'
import type { Delta } from '../../contracts/provider.js'
import { openAttempt } from './attempt-signal.js'
import type { CallLimits, StreamLimits } from './limits.js'
import { StreamWatch } from './stream-watch.js'

/**
 * Runs one unary attempt. The signal it gets is aborted when this settles, however it settles.
 * @throws ProviderError `timeout` after `totalMs`, `aborted` with the parent; else what `run` throws
 */
export async function watchCall<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { totalMs, clock, signal }: CallLimits,
): Promise<T> {
  if (signal.aborted) throw new ProviderError({ reason: 'aborted' })
  let release = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const attempt = openAttempt(signal, reject)
      const timer = clock.schedule(totalMs, () => {
        reject(new ProviderError({ reason: 'timeout' }))
      })
      release = () => {
        timer.cancel()
        attempt.release()
      }
      // Once this promise is settled, a late outcome of `run` changes nothing and bothers nobody.
      run(attempt.signal).then(resolve, reject)
    })
  } finally {
    release()
  }
}

/**
 * Reads one streaming attempt, which opens with the first `next()`; one `next()` at a time.
 * The signal it gets is aborted when the stream ends, fails or is left. `finish` ends it: nothing
 * is read after. The pauses of a slow reader do not count as silence of the source.
 * @throws ProviderError `timeout` (first byte, total), `stream_idle`, `aborted` with the parent;
 *   else what the source throws
 */
export function watchStream(
  open: (signal: AbortSignal) => AsyncIterable<Delta>,
  limits: StreamLimits,
): AsyncIterable<Delta> {
  return { [Symbol.asyncIterator]: () => new StreamWatch(open, limits) }
}
