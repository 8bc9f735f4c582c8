/** The real clock. */
import type { Clock } from '../contracts/clock.js'

/** System time; its timers keep the process alive only when told to. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (ms, run, options) => {
    const timer = setTimeout(run, Math.max(0, Math.min(ms, 2_147_483_647)))
    if (options?.keepAlive !== true) timer.unref()
    return {
      cancel: () => {
        clearTimeout(timer)
      },
    }
  },
}
