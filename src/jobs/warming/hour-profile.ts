/** How busy each hour of the day (UTC) is, compared with the average hour. */

export const HOUR_MS = 3_600_000
const BINS = 24
/** What an hour's bin keeps of its past when that hour comes again: a memory of about ten days. */
const KEPT = 0.9
/** The prior that every hour is average: so many arrivals, and so many hours' worth of them. */
const PRIOR_ARRIVALS = 20
const PRIOR_HOURS = 2
/** After a longer silence nothing of the past is known to hold. */
const LONGEST_GAP_HOURS = 24 * 60

/** 24 factors with mean 1; index 0 is 00:00-01:00 UTC. */
export type HourFactors = Float64Array

export class HourProfile {
  readonly #arrivals = new Float64Array(BINS)
  /** Hours watched. */
  readonly #watched = new Float64Array(BINS)
  #hour: number
  #accounted: number

  /** @param start epoch milliseconds */
  constructor(start: number) {
    this.#hour = Math.floor(start / HOUR_MS)
    this.#accounted = start
  }

  /** One arrival. `at`: epoch milliseconds, never going back. */
  count(at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (hour !== this.#hour) this.#watchUntil(at)
    const bin = hour % BINS
    this.#arrivals[bin] = (this.#arrivals[bin] ?? 0) + 1
  }

  /**
   * Bin h has n arrivals in e hours, all bins together r an hour: its factor is
   * `(a + n) / (a + r e)`, the posterior mean of a Poisson rate with a Gamma(a, a) prior around the
   * average (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6), `a = 20 + 2 r`. So it is 1
   * without data, and the data of a few days outweigh the prior.
   */
  factors(now: number): HourFactors {
    this.#watchUntil(now)
    const hours = sum(this.#watched)
    if (hours === 0) return new Float64Array(BINS).fill(1)
    const rate = sum(this.#arrivals) / hours
    const prior = PRIOR_ARRIVALS + PRIOR_HOURS * rate
    const factors = this.#arrivals.map(
      (arrivals, bin) => (prior + arrivals) / (prior + rate * (this.#watched[bin] ?? 0)),
    )
    const mean = sum(factors) / BINS
    return factors.map((factor) => factor / mean)
  }

  #watchUntil(now: number): void {
    if (now - this.#accounted > LONGEST_GAP_HOURS * HOUR_MS) {
      this.#arrivals.fill(0)
      this.#watched.fill(0)
      this.#accounted = now
      this.#hour = Math.floor(now / HOUR_MS)
    }
    while (this.#accounted < now) {
      const end = Math.min(now, (this.#hour + 1) * HOUR_MS)
      const bin = this.#hour % BINS
      this.#watched[bin] = (this.#watched[bin] ?? 0) + (end - this.#accounted) / HOUR_MS
      this.#accounted = end
      if (end === (this.#hour + 1) * HOUR_MS) this.#enter(this.#hour + 1)
    }
  }

  #enter(hour: number): void {
    this.#hour = hour
    const bin = hour % BINS
    this.#arrivals[bin] = (this.#arrivals[bin] ?? 0) * KEPT
    this.#watched[bin] = (this.#watched[bin] ?? 0) * KEPT
  }
}

/** The integral of the factors over a span, in average hours. */
export function averageHours(factors: HourFactors, fromMs: number, toMs: number): number {
  const days = Math.max(0, Math.floor((toMs - fromMs) / (BINS * HOUR_MS)))
  let hours = days * BINS
  eachHour(fromMs + days * BINS * HOUR_MS, toMs, (bin, from, to) => {
    hours += ((factors[bin] ?? 1) * (to - from)) / HOUR_MS
  })
  return hours
}

/** The same integral up to `toMs`, each moment weighted by `exp(-(toMs - t) / tau)`. */
export function decayedHours(
  factors: HourFactors,
  fromMs: number,
  toMs: number,
  tauMs: number,
): number {
  // Older than 8 tau weighs less than 0.04 % of the whole.
  const start = Math.max(fromMs, toMs - 8 * tauMs)
  let hours = 0
  eachHour(start, toMs, (bin, from, to) => {
    const weight = Math.exp((to - toMs) / tauMs) - Math.exp((from - toMs) / tauMs)
    hours += ((factors[bin] ?? 1) * tauMs * weight) / HOUR_MS
  })
  return hours
}

function eachHour(
  fromMs: number,
  toMs: number,
  visit: (bin: number, from: number, to: number) => void,
): void {
  let from = fromMs
  while (from < toMs) {
    const hour = Math.floor(from / HOUR_MS)
    const to = Math.min(toMs, (hour + 1) * HOUR_MS)
    visit(hour % BINS, from, to)
    from = to
  }
}

function sum(values: Float64Array): number {
  let total = 0
  for (const value of values) total += value
  return total
}
