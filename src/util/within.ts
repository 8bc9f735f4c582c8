/** Waiting that ends. */
import type { Clock } from '../contracts/clock.js'

/** The promise's value, or undefined when it takes longer than `ms`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  let expire: () => void = () => undefined
  const late = new Promise<undefined>((resolve) => {
    expire = () => {
      resolve(undefined)
    }
  })
  const timer = clock.schedule(ms, expire)
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.cancel()
  }
}
