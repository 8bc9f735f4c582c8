/** Waiting that ends. */
import type { Clock } from '../contracts/clock.js'
import { TIMED_OUT, withDeadline } from './deadline.js'

/** The promise's value, or undefined when it takes longer than `ms`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  const value = await withDeadline(clock, ms, promise)
  return value === TIMED_OUT ? undefined : value
}
