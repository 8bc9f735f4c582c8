/** Reading the levels from the first down, and copying what is found back up. */
import type { CacheEntry, CacheTier, MaybePromise } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import type { SafeTier } from './safe-tier.js'

export interface CacheHit {
  readonly entry: CacheEntry
  readonly level: CacheTier['level']
  /** True when the answer is past its time and within the grace period. */
  readonly stale: boolean
}

type Accepts = (entry: CacheEntry, now: number) => boolean

export const isFresh: Accepts = (entry, now) => now < entry.fresh_until
export const isFreshExact: Accepts = (entry, now) =>
  now < entry.fresh_until && entry.answer.substitution === 'none'

/** The newest answer past its time, while the levels below are asked for a better one. */
interface Progress {
  readonly index: number
  readonly best: CacheHit | undefined
}

export class TierSearch {
  readonly #tiers: readonly SafeTier[]
  readonly #clock: Clock

  constructor(tiers: readonly SafeTier[], clock: Clock) {
    this.#tiers = tiers
    this.#clock = clock
  }

  /**
   * The first answer that is accepted, else the newest one that is not more than `staleMs` past its
   * time; without a promise as long as the tiers asked so far answer without one.
   */
  find(key: string, accepts: Accepts, staleMs: number): MaybePromise<CacheHit | undefined> {
    const now = this.#clock.now()
    let best: CacheHit | undefined
    let index = -1
    for (const tier of this.#tiers) {
      index += 1
      const found = tier.get(key, now)
      if (found instanceof Promise) {
        return this.#findOn(key, accepts, staleMs, { index, best }, found)
      }
      if (found === undefined) continue
      if (accepts(found, now)) return this.#hit(key, found, index, now)
      best = newer(best, found, tier, staleMs, now)
    }
    return best
  }

  async #findOn(
    key: string,
    accepts: Accepts,
    staleMs: number,
    { index: from, best }: Progress,
    first: Promise<CacheEntry | undefined>,
  ): Promise<CacheHit | undefined> {
    let found = await first
    for (const [index, tier] of this.#tiers.entries()) {
      if (index < from) continue
      if (index > from) found = await tier.get(key, this.#clock.now())
      if (found === undefined) continue
      const now = this.#clock.now()
      if (accepts(found, now)) return this.#hit(key, found, index, now)
      best = newer(best, found, tier, staleMs, now)
    }
    return this.#again(key, accepts, from) ?? this.#still(key, best)
  }

  /** What was found before the levels below were asked, unless it was invalidated meanwhile. */
  #still(key: string, best: CacheHit | undefined): CacheHit | undefined {
    const tier = this.#tiers.find(({ level }) => level === best?.level)
    return best === undefined || tier?.refuses(key, best.entry) === true ? undefined : best
  }

  /** What came into the levels above while those below were asked: nobody should pay for it twice. */
  #again(key: string, accepts: Accepts, until: number): CacheHit | undefined {
    const now = this.#clock.now()
    for (const [index, tier] of this.#tiers.slice(0, until).entries()) {
      const found = tier.peek(key, now)
      if (found !== undefined && accepts(found, now)) return this.#hit(key, found, index, now)
    }
    return undefined
  }

  #hit(key: string, entry: CacheEntry, index: number, now: number): CacheHit | undefined {
    const tier = this.#tiers[index]
    if (tier === undefined) return undefined
    if (index > 0) this.#promote(key, entry, index, now)
    return { entry, level: tier.level, stale: false }
  }

  /** The same entry goes up with its own times, so that no tier prolongs its life. */
  #promote(key: string, entry: CacheEntry, below: number, now: number): void {
    const substitute = entry.answer.substitution !== 'none'
    const keeps = (held: CacheEntry): boolean =>
      isFresh(held, now) &&
      (held.created_at >= entry.created_at || (substitute && isFreshExact(held, now)))
    for (const tier of this.#tiers.slice(0, below)) void tier.setUnless(key, entry, keeps)
  }
}

function newer(
  best: CacheHit | undefined,
  entry: CacheEntry,
  { level }: SafeTier,
  staleMs: number,
  now: number,
): CacheHit | undefined {
  const usable = staleMs > 0 && now < Math.min(entry.fresh_until + staleMs, entry.stale_until)
  if (!usable || (best && best.entry.created_at >= entry.created_at)) return best
  return { entry, level, stale: true }
}
