/** The real clock. */
import type { Clock } from '../contracts/clock.js'

/** System time; its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (ms, run) => {
    const timer = setTimeout(run, Math.max(0, Math.min(ms, 2_147_483_647)))
    timer.unref()
    return {
      cancel: () => {
        clearTimeout(timer)
      },
    }
  },
}
