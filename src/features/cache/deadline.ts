/** Waiting for a tier that may never answer. */
import type { Clock, ScheduleOptions, Timer } from '../../contracts/clock.js'

/** What `withDeadline` gives when the time is up. */
export const TIMED_OUT = Symbol('timed out')

/**
 * What `work` comes to, or `TIMED_OUT` after `ms`; whatever it comes to later is ignored. What has
 * settled already needs no timer.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: PromiseLike<T>,
  options?: ScheduleOptions,
): Promise<T | typeof TIMED_OUT> {
  return new Promise((resolve, reject) => {
    let settled = false
    let timer: Timer | undefined
    const settle = (): void => {
      settled = true
      timer?.cancel()
    }
    Promise.resolve(work).then(
      (value) => {
        settle()
        resolve(value)
      },
      (error: unknown) => {
        settle()
        reject(error instanceof Error ? error : new Error('A tier rejected with no error'))
      },
    )
    // Queued behind the reactions above: a promise that has settled already has told so by then.
    queueMicrotask(() => {
      if (settled) return
      timer = clock.schedule(
        ms,
        () => {
          resolve(TIMED_OUT)
        },
        options,
      )
    })
  })
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
