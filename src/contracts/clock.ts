/** Time as everything here sees it, so that tests need not sleep. Types only. */

export interface Timer {
  readonly cancel: () => void
}

export interface ScheduleOptions {
  /** Whether the process waits for it: only where a caller does. @default false */
  readonly keepAlive?: boolean | undefined
}

export interface Clock {
  /** Wall clock, milliseconds since 1970: for timestamps and stored expiry only. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  monotonic(): number
  /** Runs once after `ms`. */
  schedule(ms: number, run: () => void, options?: ScheduleOptions): Timer
}

/** 0 <= x < 1, injectable so that jitter is repeatable. */
export type Random = () => number
