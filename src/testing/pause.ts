/** Waiting that a signal can cut short. */
import type { Clock } from '../contracts/clock.js'

/** Resolves after `ms` (`Infinity`: never) or once the signal is aborted, whichever comes first. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      timer?.cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = ms === Infinity ? undefined : clock.schedule(ms, finish)
    signal.addEventListener('abort', finish)
  })
}
