/** Waiting for work that may never end. */
import type { Clock, ScheduleOptions, Timer } from '../contracts/clock.js'

/** What `withDeadline` gives when the time is up. */
export const TIMED_OUT = Symbol('timed out')

/** What `watch` tells: one of these, once. */
export interface Outcome<T> {
  readonly value: (value: T) => void
  readonly error: (error: Error) => void
  readonly timeout: () => void
}

/**
 * Tells what `work` comes to within `ms`; whatever it comes to later is ignored, as it is after the
 * returned function was called, which ends the watch without an outcome. What has settled already
 * needs no timer.
 */
export function watch<T>(
  clock: Clock,
  ms: number,
  work: PromiseLike<T>,
  outcome: Outcome<T>,
  options?: ScheduleOptions,
): () => void {
  let over = false
  let timer: Timer | undefined
  /** False when it was over before. */
  const end = (): boolean => {
    if (over) return false
    over = true
    timer?.cancel()
    return true
  }
  Promise.resolve(work).then(
    (value) => {
      if (end()) outcome.value(value)
    },
    (error: unknown) => {
      if (end()) outcome.error(toError(error))
    },
  )
  // Queued behind the reactions above: a promise that has settled already has told so by then.
  queueMicrotask(() => {
    if (over) return
    const late = (): void => {
      if (end()) outcome.timeout()
    }
    // Timers run before what has arrived meanwhile: after a pause of the whole process, the answer may
    // be there, or the question may not even be out. So it is looked for once more, after as long as the
    // timer was late, and a process that was busy does not blame the store.
    const due = clock.monotonic() + ms
    const look = (): void => {
      const busyMs = Math.min(Math.max(clock.monotonic() - due, 0), ms)
      timer = clock.schedule(busyMs, late, options)
    }
    timer = clock.schedule(ms, look, options)
  })
  return end
}

/** What `work` comes to, or `TIMED_OUT` after `ms`. */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: PromiseLike<T>,
  options?: ScheduleOptions,
): Promise<T | typeof TIMED_OUT> {
  return new Promise((resolve, reject) => {
    const timeout = (): void => {
      resolve(TIMED_OUT)
    }
    watch(clock, ms, work, { value: resolve, error: reject, timeout }, options)
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

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('Rejected with no error')
}
