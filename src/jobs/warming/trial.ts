/** Whether warming pays: what it cost, what it saved, and what the keys without it do meanwhile. */
import type { Clock } from '../../contracts/clock.js'
import type { WarmingReport } from '../../contracts/warming.js'
import { toUsd } from '../../util/money.js'
import type { DemandForecast, DemandWatcher } from './demand-forecast.js'
import { HOUR_MS } from './hour-profile.js'
import type { TrackedKey } from './tracked-key.js'

export interface WarmedEntry {
  /** When it stops being fresh. Epoch milliseconds. */
  readonly until: number
  /** When the entry it replaced would have. */
  readonly plainUntil: number
  /** Nano-USD. */
  readonly cost: number
}

interface Tally {
  calls: number
  used: number
  extraHits: number
  cost: number
  saved: number
  latencyMs: number
}

interface HourTally extends Tally {
  readonly hour: number
}

const HOURS_JUDGED = 24
/** Of fewer calls a day nothing can be said: 20 at a true ratio of 0.75 fall below 0.5 once in 250 times. */
const LEAST_CALLS = 20
const LEAST_USED = 0.5

/**
 * For each key that was warmed it also follows the entry that would be there without warming: made by
 * the first request after the last one ended, fresh for one TTL. A hit while that one is gone is an
 * extra hit; a miss while it is there, because warming had moved the expiry, counts against.
 */
export class WarmingTrial implements DemandWatcher {
  readonly #clock: Clock
  readonly #holdout: number
  /** Nano-USD. */
  readonly #valuePerSecond: number
  /** Entries whose fate is known, since the start; `#calls` and `#cost` count the others as well. */
  readonly #total = emptyTally()
  #calls = 0
  #cost = 0
  #hours: HourTally[] = []
  #since: number | undefined

  constructor(clock: Clock, holdout: number, valuePerSecond: number) {
    this.#clock = clock
    this.#holdout = holdout
    this.#valuePerSecond = valuePerSecond
  }

  /** By the key alone, so that all processes hold out the same ones. */
  isHeldOut(key: string): boolean {
    return this.#holdout > 0 && share(key) < this.#holdout
  }

  observed(tracked: TrackedKey, at: number, hit: boolean): void {
    if (tracked.group === undefined) return
    tracked.asked += 1
    if (hit) tracked.hits += 1
    const warm = at < tracked.warmedUntil
    if (hit && warm) this.#judge(tracked, true)
    if (tracked.plainUntil > 0) this.#compare(tracked, at, hit, warm)
  }

  displaced(tracked: TrackedKey): void {
    this.#judge(tracked, false)
  }

  warmed(tracked: TrackedKey, entry: WarmedEntry): void {
    this.#since ??= this.#clock.now()
    this.#calls += 1
    this.#cost += entry.cost
    this.#judge(tracked, false)
    tracked.group = 'warmed'
    tracked.warmedUntil = entry.until
    tracked.unusedCost = entry.cost
    // Once the two histories differ, the one without warming goes on by itself.
    if (tracked.plainUntil === 0) tracked.plainUntil = entry.plainUntil
  }

  /** Spent on an answer that was not kept. */
  wasted(cost: number): void {
    this.#since ??= this.#clock.now()
    this.#cost += cost
    this.#add({ cost })
  }

  /** Closes the books of entries that ended unused. */
  sweep(tracked: Iterable<TrackedKey>): void {
    const now = this.#clock.now()
    for (const key of tracked) if (now >= key.warmedUntil) this.#judge(key, false)
  }

  /** From a day after the first call on, over the last 24 hours. */
  verdict(): 'unused' | 'unprofitable' | null {
    const now = this.#clock.now()
    if (this.#since === undefined || now - this.#since < HOURS_JUDGED * HOUR_MS) return null
    const oldest = Math.floor(now / HOUR_MS) - HOURS_JUDGED
    this.#hours = this.#hours.filter(({ hour }) => hour >= oldest)
    const day = emptyTally()
    for (const hour of this.#hours) add(day, hour)
    if (day.calls < LEAST_CALLS) return null
    if (day.used / day.calls < LEAST_USED) return 'unused'
    const worth = day.saved + (day.latencyMs / 1_000) * this.#valuePerSecond
    return day.cost > worth ? 'unprofitable' : null
  }

  /** Gives it another day. */
  restart(): void {
    this.#since = undefined
    this.#hours = []
  }

  report(
    forecast: DemandForecast,
    state: Pick<WarmingReport, 'enabled' | 'stopped'>,
  ): WarmingReport {
    let heldOut = 0
    for (const { key } of forecast.tracked()) if (this.isHeldOut(key)) heldOut += 1
    this.sweep(forecast.tracked())
    const { calls, used, extraHits, saved, latencyMs } = this.#total
    return {
      enabled: state.enabled,
      stopped: state.stopped,
      tracked_keys: forecast.size,
      holdout_keys: heldOut,
      warm_calls: this.#calls,
      used_before_expiry: ratio(used, calls),
      extra_hits: extraHits,
      hit_rate_warmed: hitRate(forecast.tracked(), 'warmed'),
      hit_rate_holdout: hitRate(forecast.tracked(), 'holdout'),
      cost: toUsd(this.#cost),
      cost_saved: toUsd(saved),
      latency_saved: latencyMs / 1_000,
    }
  }

  #compare(tracked: TrackedKey, at: number, hit: boolean, warm: boolean): void {
    const gone = at >= tracked.plainUntil
    if (gone && hit) {
      this.#extra(tracked, 1)
      tracked.plainUntil = at + tracked.ttlMs
    } else if (!gone && !hit && !warm) {
      this.#extra(tracked, -1)
    } else if (!hit) {
      // Both missed, or the cache lost the entry: from here on the two histories are one again.
      tracked.plainUntil = 0
      tracked.warmedUntil = 0
      this.#judge(tracked, false)
    }
  }

  #extra(tracked: TrackedKey, hits: 1 | -1): void {
    const { cost, durationMs } = tracked
    this.#add({ extraHits: hits, saved: hits * (cost ?? 0), latencyMs: hits * (durationMs ?? 0) })
  }

  #judge(tracked: TrackedKey, used: boolean): void {
    if (tracked.unusedCost === undefined) return
    this.#add({ calls: 1, used: used ? 1 : 0, cost: tracked.unusedCost })
    tracked.unusedCost = undefined
  }

  #add(part: Partial<Tally>): void {
    const hour = Math.floor(this.#clock.now() / HOUR_MS)
    let current = this.#hours.at(-1)
    if (current?.hour !== hour) {
      current = { hour, ...emptyTally() }
      this.#hours.push(current)
      if (this.#hours.length > HOURS_JUDGED + 1) this.#hours.shift()
    }
    add(current, part)
    add(this.#total, part)
  }
}

function emptyTally(): Tally {
  return { calls: 0, used: 0, extraHits: 0, cost: 0, saved: 0, latencyMs: 0 }
}

function add(to: Tally, part: Partial<Tally>): void {
  to.calls += part.calls ?? 0
  to.used += part.used ?? 0
  to.extraHits += part.extraHits ?? 0
  to.cost += part.cost ?? 0
  to.saved += part.saved ?? 0
  to.latencyMs += part.latencyMs ?? 0
}

/**
 * The mean over the group's keys of each one's hit rate, in percent. Not over requests: it is keys that
 * are held out by chance, and the one most asked for would decide the comparison alone. With fewer than
 * some dozens of keys on each side, chance decides it still; `extra_hits` does not depend on that.
 */
function hitRate(tracked: Iterable<TrackedKey>, group: TrackedKey['group']): number {
  let keys = 0
  let rates = 0
  for (const key of tracked) {
    if (key.group !== group || key.asked === 0) continue
    keys += 1
    rates += key.hits / key.asked
  }
  return 100 * ratio(rates, keys)
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** Where in [0, 1) the key falls: FNV-1a over its UTF-16 units (Fowler, Noll, Vo; draft-eastlake-fnv). */
function share(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) / 2 ** 32
}
