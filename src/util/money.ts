/** Money as integer nano-USD: sums of floats drift (a million times 0.000115 is not 115). */

const NANO_PER_USD = 1e9

/** Nearest whole nano-USD; exact up to 9 million USD. */
export function toNano(usd: number): number {
  return Math.round(usd * NANO_PER_USD)
}

export function toUsd(nano: number): number {
  return nano / NANO_PER_USD
}

/** For costs that may be unknown. */
export function toUsdOrNull(nano: number | null): number | null {
  return nano === null ? null : nano / NANO_PER_USD
}

/** A sum in which one unknown makes the whole unknown. */
export function addNano(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
