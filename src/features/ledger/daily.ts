/** One roll-up per UTC day. */
import { RollUp } from './rollup.js'
import type { Sums } from './rollup.js'

const DAY_MS = 86_400_000
/** A leap year's worth, so that 365 whole days can be asked for. */
const MAX_DAYS = 366

/** Days since 1970 in UTC. */
const dayOf = (at: number): number => Math.floor(at / DAY_MS)

export class DailyRollUps {
  readonly #days = new Map<number, RollUp>()
  #latest = { day: NaN, rollup: new RollUp() }

  /** The roll-up of the day of `at` (epoch milliseconds); one that nobody reads if too long ago. */
  at(at: number): RollUp {
    const day = dayOf(at)
    if (day === this.#latest.day) return this.#latest.rollup
    const rollup = this.#days.get(day) ?? this.#open(day)
    this.#latest = { day, rollup }
    return rollup
  }

  #open(day: number): RollUp {
    const rollup = new RollUp()
    this.#days.set(day, rollup)
    if (this.#days.size > MAX_DAYS) this.#days.delete(Math.min(...this.#days.keys()))
    return rollup
  }

  /** Sums over the last `days` days up to the day of `now`. */
  sum(days: number, now: number): Sums {
    const sum = new RollUp()
    for (const day of lastDays(days, now)) {
      const rollup = this.#days.get(day)
      if (rollup) sum.addAll(rollup)
    }
    return sum
  }

  /** Nano-USD per day `YYYY-MM-DD`, oldest first, exactly `days` of them. */
  costs(days: number, now: number): ReadonlyMap<string, number> {
    const costs = new Map<string, number>()
    for (const day of lastDays(days, now)) {
      const name = new Date(day * DAY_MS).toISOString().slice(0, 10)
      costs.set(name, this.#days.get(day)?.cost ?? 0)
    }
    return costs
  }
}

function lastDays(days: number, now: number): readonly number[] {
  const first = dayOf(now) - days + 1
  return Array.from({ length: days }, (_, index) => first + index)
}
