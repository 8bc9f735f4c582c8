/** The cache levels as one: read from the first down, copied back up, written to all. */
import type {
  CacheEntry,
  CacheTier,
  MaybePromise,
  StoredAnswer,
  TierStats,
} from '../../contracts/cache-tier.js'
import type { Clock, Random } from '../../contracts/clock.js'
import { isCacheable } from './cacheable.js'
import { createEntry } from './entry.js'
import { MAX_PENDING_WRITES, SafeTier } from './safe-tier.js'
import type { TierErrorListener } from './safe-tier.js'

type Level = CacheTier['level']

export interface CacheHit {
  readonly entry: CacheEntry
  readonly level: Level
  /** True when the answer is past its time and within the grace period. */
  readonly stale: boolean
}

interface StoreOptions {
  /** @default the stack's `ttlSeconds` */
  readonly ttl_seconds?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** The stack's generation when the call that made the answer began. */
  readonly generation: number
}

/**
 * Never throws and never rejects: a tier's failure is a miss and a count in `errors`, and so is one
 * that takes longer than 250 ms to read.
 */
export interface CacheStack {
  /** Moves with every `clear`. */
  readonly generation: number
  /** A fresh answer; without a promise as long as the tiers asked so far answer without one. */
  lookup(key: string): MaybePromise<CacheHit | undefined>
  /** An answer within its grace period; a fresh one that appeared meanwhile counts as well. */
  lookupStale(key: string): MaybePromise<CacheHit | undefined>
  /**
   * Writes to every tier, in the background where a tier is asynchronous. Dropped when the
   * generation has moved, when the answer is not cacheable, and when it is a substitute and any
   * tier holds a fresh exact answer.
   */
  store(key: string, answer: StoredAnswer, options: StoreOptions): void
  delete(keys: readonly string[]): void
  /** Per level whether it is empty within 1 s; a level that does not exist counts as cleared. */
  clear(level: Level | 'all'): Promise<{ readonly [level: string]: { readonly success: boolean } }>
  tier(level: Level): TierStats | undefined
  /** Failures of a level since the start. */
  errors(level: Level): number
  /** Resolves when the writes begun so far are through; a tier that hangs is left behind after 1 s. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface CacheStackOptions {
  /** Fastest first. */
  readonly tiers: readonly CacheTier[]
  readonly clock: Clock
  readonly random: Random
  /** Seconds an answer is fresh. @default 3_600 */
  readonly ttlSeconds?: number | undefined
  /** Seconds it may be served after that when every provider fails. @default 86_400 */
  readonly graceSeconds?: number | undefined
  readonly onTierError?: TierErrorListener | undefined
}

type Accepts = (entry: CacheEntry, now: number) => boolean

const LEVELS: readonly Level[] = ['l1', 'l2', 'l3']
const isUsable: Accepts = () => true
const isFresh: Accepts = (entry, now) => now < entry.fresh_until
const isFreshExact: Accepts = (entry, now) =>
  now < entry.fresh_until && entry.answer.substitution === 'none'

export function createCacheStack(options: CacheStackOptions): CacheStack {
  return new TieredStack(options)
}

class TieredStack implements CacheStack {
  readonly #tiers: readonly SafeTier[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #ttlSeconds: number
  readonly #graceSeconds: number
  readonly #pending = new Set<Promise<void>>()
  #generation = 0
  #deletions = 0
  #closing: Promise<void> | undefined

  constructor(options: CacheStackOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.#ttlSeconds = options.ttlSeconds ?? 3_600
    this.#graceSeconds = options.graceSeconds ?? 86_400
    this.#tiers = options.tiers.map(
      (tier) => new SafeTier(tier, options.clock, options.onTierError),
    )
  }

  get generation(): number {
    return this.#generation
  }

  lookup(key: string): MaybePromise<CacheHit | undefined> {
    return this.#search(key, isFresh)
  }

  lookupStale(key: string): MaybePromise<CacheHit | undefined> {
    return this.#search(key, isUsable)
  }

  #search(key: string, accepts: Accepts): MaybePromise<CacheHit | undefined> {
    const now = this.#clock.now()
    for (const [index, tier] of this.#tiers.entries()) {
      const found = tier.get(key, now)
      if (found instanceof Promise) return this.#searchOn(key, accepts, index, found)
      if (found !== undefined && accepts(found, now)) return this.#hit(key, found, index, now)
    }
    return undefined
  }

  async #searchOn(
    key: string,
    accepts: Accepts,
    from: number,
    first: Promise<CacheEntry | undefined>,
  ): Promise<CacheHit | undefined> {
    const generation = this.#generation
    const deletions = this.#deletions
    let found = await first
    for (const [index, tier] of this.#tiers.entries()) {
      if (index < from) continue
      if (index > from) found = await tier.get(key, this.#clock.now())
      if (generation !== this.#generation) return undefined
      const now = this.#clock.now()
      if (found === undefined || !accepts(found, now)) continue
      // A deleted entry must not come back through a promotion.
      return this.#hit(key, found, index, now, deletions === this.#deletions)
    }
    return undefined
  }

  #hit(
    key: string,
    entry: CacheEntry,
    index: number,
    now: number,
    mayPromote = true,
  ): CacheHit | undefined {
    const tier = this.#tiers[index]
    if (tier === undefined) return undefined
    const stale = !isFresh(entry, now)
    if (index > 0 && !stale && mayPromote) this.#promote(key, entry, index, now)
    return { entry, level: tier.level, stale }
  }

  /** The same entry goes up with its own times, so that no tier prolongs its life. */
  #promote(key: string, entry: CacheEntry, below: number, now: number): void {
    const substitute = entry.answer.substitution !== 'none'
    const keeps = (held: CacheEntry): boolean =>
      isFresh(held, now) &&
      (held.created_at >= entry.created_at || (substitute && isFreshExact(held, now)))
    for (const tier of this.#tiers.slice(0, below)) void tier.setUnless(key, entry, keeps)
  }

  store(key: string, answer: StoredAnswer, options: StoreOptions): void {
    if (options.generation !== this.#generation || !isCacheable(answer)) return
    const entry = createEntry(answer, {
      ttl_seconds: options.ttl_seconds ?? this.#ttlSeconds,
      graceSeconds: this.#graceSeconds,
      now: this.#clock.now(),
      random: this.#random,
      tags: options.tags,
    })
    if (answer.substitution === 'none') {
      for (const tier of this.#tiers) void tier.set(key, entry)
    } else {
      this.#storeSubstitute(key, entry)
    }
  }

  #storeSubstitute(key: string, entry: CacheEntry): void {
    const generation = this.#generation
    const write = (exact: CacheHit | undefined): void => {
      if (exact !== undefined || generation !== this.#generation) return
      const keeps = (held: CacheEntry): boolean => isFreshExact(held, this.#clock.now())
      for (const tier of this.#tiers) void tier.setUnless(key, entry, keeps)
    }
    const exact = this.#search(key, isFreshExact)
    if (!(exact instanceof Promise)) {
      write(exact)
      return
    }
    if (this.#pending.size >= MAX_PENDING_WRITES) return
    const written = exact.then(write).finally(() => this.#pending.delete(written))
    this.#pending.add(written)
  }

  delete(keys: readonly string[]): void {
    this.#deletions += 1
    for (const tier of this.#tiers) tier.delete(keys)
  }

  async clear(level: Level | 'all'): Promise<{ [level: string]: { success: boolean } }> {
    this.#generation += 1
    const levels = level === 'all' ? LEVELS : [level]
    const results = levels.map(async (name): Promise<[string, { success: boolean }]> => {
      const tiers = this.#tiers.filter((tier) => tier.level === name)
      const cleared = await Promise.all(tiers.map((tier) => tier.clear()))
      return [name, { success: cleared.every(Boolean) }]
    })
    return Object.fromEntries(await Promise.all(results))
  }

  tier(level: Level): TierStats | undefined {
    return this.#tiers.find((tier) => tier.level === level)?.stats()
  }

  errors(level: Level): number {
    return this.#tiers.find((tier) => tier.level === level)?.errors ?? 0
  }

  async flush(): Promise<void> {
    await Promise.all(this.#pending)
    await Promise.all(this.#tiers.map((tier) => tier.flush()))
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#pending)
      .then(() => Promise.all(this.#tiers.map((tier) => tier.close())))
      .then(() => undefined)
    return this.#closing
  }
}
