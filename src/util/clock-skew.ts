/** How far the clocks of machines that work together may be apart. */

/** Milliseconds. What claims to be made later than that from now is of a clock that is wrong. */
export const CLOCK_SKEW_MS = 1_000

/** What is known to be that far ahead was made before the clock here was set back. Milliseconds. */
export const SET_BACK_MS = 2 * CLOCK_SKEW_MS

/**
 * The time of a mark as it counts here: one of a clock that is far ahead holds as if made within the
 * skew, or what is made after it could not be served before that clock's time has come.
 */
export function markTime(at: number, now: number): number {
  // One less: what is made after the mark is a millisecond younger, and served.
  return Math.min(at, now + CLOCK_SKEW_MS - 1)
}
