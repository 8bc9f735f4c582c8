/** The cache levels as one: read from the first down, copied back up, written to all. */
import type {
  CacheEntry,
  CacheTier,
  MaybePromise,
  SemanticRecord,
  StoredAnswer,
  TierHealth,
  TierStats,
} from '../../contracts/cache-tier.js'
import type { Clock, Random } from '../../contracts/clock.js'
import type { Logger } from '../../contracts/logger.js'
import { TIMED_OUT, withDeadline } from '../../util/deadline.js'
import { silentLogger } from '../../util/logger.js'
import { isCacheable } from './cacheable.js'
import { createEntry } from './entry.js'
import { Invalidation, type LevelResults } from './invalidation.js'
import { entriesInScope, preload, type ScopeEntries } from './listed-entries.js'
import { Marks } from './marks.js'
import { MAX_PENDING_WRITES, SafeTier } from './safe-tier.js'
import type { TierErrorListener, TierStateListener } from './tier-health.js'
import { stateLog } from './tier-state-log.js'
import { isFresh, isFreshExact, TierSearch, type CacheHit } from './tier-search.js'

export type { CacheHit } from './tier-search.js'

type Level = CacheTier['level']

export interface StoreOptions {
  /** @default the stack's `ttlSeconds` */
  readonly ttl_seconds?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** The stack's generation when the call that made the answer began. */
  readonly generation: number
  readonly semantic?: SemanticRecord | undefined
  /** True for an answer that was asked for anew: the memory of other processes forgets the old one. */
  readonly replaces?: boolean | undefined
}

/**
 * Never throws and never rejects: a tier's failure is a miss and a count, and so is one that takes
 * longer than 100 ms to read (250 ms when it guards itself).
 */
export interface CacheStack {
  /** The sequence of the newest invalidation of any kind: what `store` is given back. */
  readonly generation: number
  /** The sequence of the newest clear or invalidation of one of these tags: calls before it are not joined. */
  versionOf(tags: readonly string[] | undefined): number
  /**
   * A fresh answer, else one within `staleWhileRevalidateSeconds` of its time, `stale: true`; without
   * a promise as long as the tiers asked so far answer without one.
   */
  lookup(key: string): MaybePromise<CacheHit | undefined>
  /** An answer within its grace period; a fresh one that appeared meanwhile counts as well. */
  lookupStale(key: string): MaybePromise<CacheHit | undefined>
  /**
   * Writes to every tier. Dropped when a clear, or an invalidation of one of its tags, came after
   * `generation`, when the answer is not cacheable, and when it is a substitute and any tier holds a
   * fresh exact answer.
   * @returns false when it was dropped, also by a clear or an invalidation during the writes; true when
   * every tier has written or given up, without a promise when nothing is pending
   */
  store(key: string, answer: StoredAnswer, options: StoreOptions): MaybePromise<boolean>
  /** Everywhere, other processes included. */
  delete(keys: readonly string[]): void
  /**
   * What is there is not served from now on, whatever comes of this.
   * @returns per level whether it is empty within 1 s and, where it keeps invalidations, has this one;
   * a level that does not exist counts as cleared
   */
  clear(level: Level | 'all'): Promise<LevelResults>
  /**
   * What carries one of these tags is not served from now on, whatever comes of this.
   * @returns per level whether other processes and a later start know; a level that does not exist counts
   */
  invalidateTags(tags: readonly string[]): Promise<LevelResults>
  /**
   * Copies up to `limit` fresh entries, those used last, from L3 (else L2) into L1; ends at `close`.
   * @returns how many
   */
  preload(limit: number): Promise<number>
  /**
   * Valid entries of L2 and L3 with that `semantic.scope`, created after `since`, newest first, and
   * whether every level that knows scopes was able to tell.
   */
  inScope(scope: string, since: number, limit: number): Promise<ScopeEntries>
  /** Undefined when the level does not exist or cannot tell. */
  tier(level: Level): (TierStats & TierHealth) | undefined
  /** Failures of a level since the start, of any kind. */
  errors(level: Level): number
  /** True once every tier answers reads, false when one does not within `ms`. Somebody waits. */
  ready(ms: number): Promise<boolean>
  /** Resolves when the writes begun so far are through; a tier that hangs is left behind after 1 s. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface CacheStackOptions {
  /** Fastest first. */
  readonly tiers: readonly CacheTier[]
  readonly clock: Clock
  readonly random: Random
  /** Told of a level that becomes ill or well. @default none */
  readonly logger?: Logger | undefined
  /** Seconds an answer is fresh. @default 3_600 */
  readonly ttlSeconds?: number | undefined
  /** Seconds it may be served after that when every provider fails. @default 86_400 */
  readonly graceSeconds?: number | undefined
  /** Seconds after its time in which `lookup` gives it all the same, within the grace. @default 0 */
  readonly staleWhileRevalidateSeconds?: number | undefined
  readonly onTierError?: TierErrorListener | undefined
  readonly onTierState?: TierStateListener | undefined
}

export function createCacheStack(options: CacheStackOptions): CacheStack {
  return new TieredStack(options)
}

class TieredStack implements CacheStack {
  readonly #tiers: readonly SafeTier[]
  readonly #marks: Marks
  readonly #search: TierSearch
  readonly #invalidation: Invalidation
  readonly #clock: Clock
  readonly #random: Random
  readonly #ttlSeconds: number
  readonly #graceSeconds: number
  readonly #revalidateMs: number
  readonly #pending = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(options: CacheStackOptions) {
    const { clock, random, logger = silentLogger, onTierError: onError } = options
    this.#clock = clock
    this.#random = random
    this.#ttlSeconds = options.ttlSeconds ?? 3_600
    this.#graceSeconds = options.graceSeconds ?? 86_400
    this.#revalidateMs = (options.staleWhileRevalidateSeconds ?? 0) * 1_000
    const marks = new Marks(clock, () => {
      this.#invalidation.clockSetBack()
    })
    const onState = stateLog(logger, options.onTierState)
    this.#marks = marks
    this.#tiers = options.tiers.map(
      (tier) => new SafeTier(tier, { clock, marks, onError, onState }),
    )
    this.#search = new TierSearch(this.#tiers, clock)
    this.#invalidation = new Invalidation(this.#tiers, marks)
    for (const tier of this.#tiers) {
      tier.open({ clock, random, logger, ttlSeconds: this.#ttlSeconds }, (marks) => {
        this.#invalidation.receive(marks)
      })
    }
  }

  get generation(): number {
    return this.#marks.generation
  }

  versionOf(tags: readonly string[] | undefined): number {
    return this.#marks.versionOf(tags)
  }

  lookup(key: string): MaybePromise<CacheHit | undefined> {
    return this.#search.find(key, isFresh, this.#revalidateMs)
  }

  lookupStale(key: string): MaybePromise<CacheHit | undefined> {
    return this.#search.find(key, isFresh, Infinity)
  }

  store(key: string, answer: StoredAnswer, options: StoreOptions): MaybePromise<boolean> {
    const { tags, generation, semantic, replaces } = options
    if (this.#marks.versionOf(tags) > generation || !isCacheable(answer)) return false
    const entry = createEntry(answer, {
      ttl_seconds: options.ttl_seconds ?? this.#ttlSeconds,
      graceSeconds: this.#graceSeconds,
      now: this.#marks.birth(key, tags, replaces),
      random: this.#random,
      tags,
      semantic,
    })
    if (answer.substitution !== 'none') return this.#storeSubstitute(key, entry, generation)
    const written = together(this.#tiers.map((tier) => tier.set(key, entry)))
    const end = (): boolean => {
      if (replaces === true) this.#invalidation.replaced(key, entry.created_at)
      return this.#stays(entry, generation)
    }
    // Told afterwards, so that who hears of it finds the new one.
    return written ? this.#track(written.then(end)) : end()
  }

  #storeSubstitute(key: string, entry: CacheEntry, generation: number): MaybePromise<boolean> {
    const stays = (): boolean => this.#stays(entry, generation)
    const write = (exact: CacheHit | undefined): MaybePromise<boolean> => {
      if (exact !== undefined || !stays()) return false
      const keeps = (held: CacheEntry): boolean => isFreshExact(held, this.#clock.now())
      const written = together(this.#tiers.map((tier) => tier.setUnless(key, entry, keeps)))
      return written ? written.then(stays) : true
    }
    const exact = this.#search.find(key, isFreshExact, 0)
    if (!(exact instanceof Promise)) return write(exact)
    if (this.#pending.size >= MAX_PENDING_WRITES) return false
    return this.#track(exact.then(write))
  }

  #stays({ tags }: CacheEntry, generation: number): boolean {
    return this.#marks.versionOf(tags) <= generation
  }

  delete(keys: readonly string[]): void {
    this.#invalidation.delete(keys)
  }

  clear(level: Level | 'all'): Promise<LevelResults> {
    return this.#invalidation.clear(level)
  }

  invalidateTags(tags: readonly string[]): Promise<LevelResults> {
    return this.#invalidation.invalidateTags(tags)
  }

  preload(limit: number): Promise<number> {
    return preload(this.#tiers, limit, this.#slicing)
  }

  inScope(scope: string, since: number, limit: number): Promise<ScopeEntries> {
    return entriesInScope(this.#tiers, { scope, since, limit }, this.#slicing)
  }

  tier(level: Level): (TierStats & TierHealth) | undefined {
    const tier = this.#at(level)
    const stats = tier?.stats()
    return tier && stats && { ...stats, ...tier.health }
  }

  errors(level: Level): number {
    const health = this.#at(level)?.health
    return health === undefined ? 0 : health.errors + health.timeouts + health.dropped
  }

  async ready(ms: number): Promise<boolean> {
    const all = Promise.all(this.#tiers.map((tier) => tier.connected))
    return (await withDeadline(this.#clock, ms, all, { keepAlive: true })) !== TIMED_OUT
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

  get #slicing() {
    return { clock: this.#clock, stopped: (): boolean => this.#closing !== undefined }
  }

  #at(level: Level): SafeTier | undefined {
    return this.#tiers.find((tier) => tier.level === level)
  }

  /** @param work never rejects */
  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
    return tracked
  }
}

/** Undefined when nothing is pending. */
function together(writes: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const pending = writes.filter((write) => write !== undefined)
  return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined)
}
