/** How far the clocks of machines that work together may be apart. */

/** Milliseconds. What claims to be made later than that from now is of a clock that is wrong. */
export const CLOCK_SKEW_MS = 1_000

/** What is known to be that far ahead was made before the clock here was set back. Milliseconds. */
export const SET_BACK_MS = 2 * CLOCK_SKEW_MS

/** An entry that claims to be made later than that from now is garbage. Milliseconds. */
export const MAX_SKEW_MS = 5 * 60_000

/** Whether a mark is of a clock that is wrong, of its maker or here. */
export const isAhead = (at: number, now: number): boolean => at >= now + CLOCK_SKEW_MS

/**
 * The time of a mark as it counts here: one of a clock that is wrong holds from its arrival, or what is
 * made after it could not be served before that clock's time has come.
 */
export const markTime = (at: number, now: number): number => (isAhead(at, now) ? now : at)
