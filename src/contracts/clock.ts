/** Time as everything here sees it, so that tests need not sleep. Types only. */

export interface Timer {
  readonly cancel: () => void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970: for timestamps and stored expiry only. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  monotonic(): number
  /** Runs once after `ms`; never keeps the process alive. */
  schedule(ms: number, run: () => void): Timer
}

/** 0 <= x < 1, injectable so that jitter is repeatable. */
export type Random = () => number
