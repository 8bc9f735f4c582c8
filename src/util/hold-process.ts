/** Keeping the process while a caller waits for what would not: sockets and timers of stores. */
import type { Clock } from '../contracts/clock.js'

/** The longest a timer can be set for; nobody waits until then. */
const LONGEST_TIMER_MS = 2_147_483_647

/** What `work` comes to; a process with nothing else to do does not end before. */
export async function holdProcess<T>(clock: Clock, work: () => T | Promise<T>): Promise<T> {
  const hold = clock.schedule(LONGEST_TIMER_MS, () => undefined, { keepAlive: true })
  try {
    return await work()
  } finally {
    hold.cancel()
  }
}
