/** What will be asked again: a bounded sketch of keys, each with its rate, scaled by the hour of the day. */
import type { Clock } from '../../contracts/clock.js'
import type { ParsedRequest } from '../../contracts/request.js'
import type { DemandObserver, Landing, Observation } from '../../contracts/warming.js'
import {
  averageHours,
  decayedHours,
  HOUR_MS,
  HourProfile,
  type HourFactors,
} from './hour-profile.js'
import { isRepeatable, usesCache } from './repeatable.js'
import { SpaceSaving } from './space-saving.js'
import { trackedKey, type TrackedKey } from './tracked-key.js'

/** Told of what happens to tracked keys. Must be fast and must not throw. */
export interface DemandWatcher {
  observed(tracked: TrackedKey, at: number, hit: boolean): void
  /** It made room for another key. */
  displaced(tracked: TrackedKey): void
}

export interface DemandForecast extends DemandObserver {
  /**
   * How likely the key is asked for in the span (epoch milliseconds), 0-1:
   * `1 - exp(-integral of its rate)`, arrivals being a Poisson process. 0 for a key that is not tracked.
   */
  probability(key: string, fromMs: number, toMs: number): number
  /** Milliseconds an answer to the request stays fresh, jitter apart. */
  ttlMs(request: ParsedRequest): number
  get(key: string): TrackedKey | undefined
  tracked(): Iterable<TrackedKey>
  /** Keys tracked now, at most `maxKeys`. */
  readonly size: number
  /** Requests not tracked: unsafe to ask again, or too large to keep. */
  readonly untracked: number
  /** One watcher at a time. */
  watch(watcher: DemandWatcher): void
}

export interface DemandForecastOptions {
  readonly clock: Clock
  /** @default 1_000 */
  readonly maxKeys?: number | undefined
  /** Seconds an answer is fresh when its request says nothing. @default 3_600 */
  readonly ttlSeconds?: number | undefined
}

export function createDemandForecast(options: DemandForecastOptions): DemandForecast {
  return new SketchedForecast(options)
}

/** Of an arrival's weight, 1/e is left after so long (reference value of EWMA forecasts: 6 h). */
const TAU_MS = 6 * HOUR_MS
/** Weights are `exp(t / tau)` since a landmark, which moves before they become too large. */
const MOST_TAUS = 200
/** Less watching than this is not extrapolated from. */
const LEAST_HOURS = 1

interface View {
  readonly now: number
  readonly factors: HourFactors
  /** Decayed arrivals that a rate of one an average hour would have left by now. */
  readonly decayed: number
}

/**
 * Counts are sums of `exp((t_i - landmark) / tau)`: forward decay (Cormode, Shkapenyuk, Srivastava, Xu:
 * "Forward Decay", ICDE 2009). Old counts need no touching, so one number per key serves the sketch's
 * order and its rate. A key's rate in average hours is `S / E`, with
 * `S = (count - error) exp(-(now - landmark) / tau)`, arrivals surely seen, and
 * `E = integral of profile(u) exp(-(now - u) / tau) du` since the start: arrivals without the season.
 * At t it is `S / E * profile(t)`.
 */
class SketchedForecast implements DemandForecast {
  readonly #clock: Clock
  readonly #sketch: SpaceSaving<TrackedKey>
  readonly #profile: HourProfile
  readonly #ttlSeconds: number
  readonly #start: number
  #landmark: number
  #latest: number
  #untracked = 0
  #watcher: DemandWatcher | undefined
  #view: View | undefined

  constructor({ clock, maxKeys = 1_000, ttlSeconds = 3_600 }: DemandForecastOptions) {
    const now = clock.now()
    this.#clock = clock
    this.#sketch = new SpaceSaving(maxKeys)
    this.#profile = new HourProfile(now)
    this.#ttlSeconds = ttlSeconds
    this.#start = now
    this.#landmark = now
    this.#latest = now
  }

  get size(): number {
    return this.#sketch.size
  }

  get untracked(): number {
    return this.#untracked
  }

  watch(watcher: DemandWatcher): void {
    this.#watcher = watcher
  }

  get(key: string): TrackedKey | undefined {
    return this.#sketch.get(key)
  }

  tracked(): Iterable<TrackedKey> {
    return this.#sketch.values()
  }

  ttlMs({ cache }: ParsedRequest): number {
    return (cache?.ttl_seconds ?? this.#ttlSeconds) * 1_000
  }

  observe({ key, request, at, hit }: Observation): void {
    if (!usesCache(request)) return
    const now = this.#noEarlier(at)
    this.#profile.count(now)
    const weight = this.#weight(now)
    let tracked = this.#sketch.get(key)
    if (tracked !== undefined) {
      this.#sketch.increase(tracked, weight)
    } else if (isRepeatable(request)) {
      tracked = trackedKey(key, request, this.ttlMs(request))
      const displaced = this.#sketch.admit(tracked, weight)
      if (displaced !== undefined) this.#watcher?.displaced(displaced)
    } else {
      this.#untracked += 1
      return
    }
    this.#watcher?.observed(tracked, now, hit)
  }

  landed({ key, at, cost, duration_ms }: Landing): void {
    const tracked = this.#sketch.get(key)
    if (tracked === undefined) return
    tracked.freshUntil = at + tracked.ttlMs
    tracked.exact = false
    tracked.refused = false
    // A background call waits for others: that is not what a caller would have waited or paid.
    if (tracked.refreshing) return
    tracked.cost = cost
    tracked.durationMs = duration_ms
  }

  probability(key: string, fromMs: number, toMs: number): number {
    const tracked = this.#sketch.get(key)
    if (tracked === undefined || !(toMs > fromMs)) return 0
    const { now, factors, decayed } = this.#viewOf(this.#noEarlier(this.#clock.now()))
    const seen = (tracked.count - tracked.error) * Math.exp((this.#landmark - now) / TAU_MS)
    const perHour = seen / Math.max(LEAST_HOURS, decayed)
    return -Math.expm1(-perHour * averageHours(factors, fromMs, toMs))
  }

  /** A corrected wall clock may go back; weights and hours must not. */
  #noEarlier(at: number): number {
    if (at > this.#latest) this.#latest = at
    return this.#latest
  }

  #weight(now: number): number {
    const taus = (now - this.#landmark) / TAU_MS
    if (taus < MOST_TAUS) return Math.exp(taus)
    this.#sketch.scale(Math.exp(-taus))
    this.#landmark = now
    return 1
  }

  #viewOf(now: number): View {
    if (this.#view?.now !== now) {
      const factors = this.#profile.factors(now)
      this.#view = { now, factors, decayed: decayedHours(factors, this.#start, now, TAU_MS) }
    }
    return this.#view
  }
}
