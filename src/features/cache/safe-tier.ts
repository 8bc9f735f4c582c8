/** A tier behind a shield: whatever it throws, rejects with or gives back is at worst a miss. */
import type {
  CacheEntry,
  CacheTier,
  KeyedEntry,
  MaybePromise,
  TierContext,
  TierHealth,
  TierStats,
} from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import type { Mark } from '../../contracts/coordination.js'
import { CLOCK_SKEW_MS, MAX_SKEW_MS } from '../../util/clock-skew.js'
import { isThenable } from '../../util/deadline.js'
import { isObject, listOf } from './cacheable.js'
import { adoptEntry } from './entry.js'
import type { Marks } from './marks.js'
import { FAILED, TierCalls } from './tier-calls.js'
import type { TierErrorListener, TierStateListener } from './tier-health.js'

/** Writes a slow tier may have under way; further ones are dropped, since memory must stay bounded. */
export const MAX_PENDING_WRITES = 1_000

/** Where a caller waits, the process does. A request's own deadline keeps it alive by itself. */
const AWAITED = { keepAlive: true }

export interface SafeTierOptions {
  readonly clock: Clock
  readonly marks: Marks
  readonly onError?: TierErrorListener | undefined
  readonly onState?: TierStateListener | undefined
}

/** Never throws, never rejects, and never waits longer than the deadlines of `TierCalls`. */
export class SafeTier {
  readonly level: CacheTier['level']
  readonly #tier: CacheTier
  readonly #clock: Clock
  readonly #marks: Marks
  readonly #calls: TierCalls
  /** What a flush waits for: nothing in it outlasts its deadline. */
  readonly #pending = new Set<Promise<void>>()
  /** Writes and deletions the tier has not answered yet, also those nobody waits for any more. */
  #underWay = 0
  /** Reads under way, for all who want the same: each of them ends in time. */
  readonly #reads = new Map<string, Promise<CacheEntry | undefined | typeof FAILED>>()
  #unsubscribe = (): void => undefined
  #connected: Promise<void> = Promise.resolve()

  constructor(tier: CacheTier, { clock, marks, onError, onState }: SafeTierOptions) {
    const { level } = tier
    this.level = level
    this.#tier = tier
    this.#clock = clock
    this.#marks = marks
    this.#calls = new TierCalls({
      tier,
      clock,
      onError,
      onState: (state, reason) => onState?.(level, state, reason),
    })
  }

  get health(): TierHealth {
    return { ...this.#calls.counts }
  }

  /** Whether it keeps invalidations for other processes and for a later start. */
  get keepsMarks(): boolean {
    return this.#tier.marks !== undefined
  }

  /** Begins to connect, and to hear of invalidations of others. */
  open(context: Omit<TierContext, 'onState'>, onMarks: (marks: readonly Mark[]) => void): void {
    void this.#calls.run('open', 'work', () => {
      this.#tier.open?.({
        ...context,
        onState: (state, reason) => {
          this.#calls.changed(state, reason)
        },
      })
    })
    void this.#calls.run('marks', 'work', () => {
      if (this.#tier.marks === undefined) return
      let connect = (): void => undefined
      this.#connected = new Promise((resolve) => {
        connect = resolve
      })
      this.#unsubscribe = this.#tier.marks.subscribe((marks) => {
        connect()
        onMarks(marks)
      })
    })
  }

  /** Resolves when it answers reads: at once, unless it has invalidations to tell before. */
  get connected(): Promise<void> {
    return this.#connected
  }

  /** A valid entry within its grace period. @param now epoch milliseconds */
  get(key: string, now: number): MaybePromise<CacheEntry | undefined> {
    // A tier that answers at once never has any.
    const reading = this.#reads.size > 0 ? this.#reads.get(key) : undefined
    if (reading) return this.#getLater(key, reading)
    const found = this.#calls.get(key)
    if (!(found instanceof Promise)) return this.#counted(key, found, now)
    this.#reads.set(key, found)
    void found.then(() => {
      if (this.#reads.get(key) === found) this.#reads.delete(key)
    })
    return this.#getLater(key, found)
  }

  /** A look into a tier that answers at once, which counts nothing. */
  peek(key: string, now: number): CacheEntry | undefined {
    const found = this.#calls.get(key)
    return found instanceof Promise || found === FAILED ? undefined : this.#accept(key, found, now)
  }

  async #getLater(
    key: string,
    found: Promise<CacheEntry | undefined | typeof FAILED>,
  ): Promise<CacheEntry | undefined> {
    return this.#counted(key, await found, this.#clock.now())
  }

  #counted(key: string, found: unknown, now: number): CacheEntry | undefined {
    if (found === FAILED) return undefined
    const { counts } = this.#calls
    const entry = found === undefined ? undefined : this.#accept(key, found, now)
    if (entry) counts.hits += 1
    else counts.misses += 1
    return entry
  }

  /** True when an invalidation that is known now concerns an entry found here. */
  refuses(key: string, entry: CacheEntry): boolean {
    return this.#marks.refuses(key, entry, this.level)
  }

  #accept(key: string, found: unknown, now: number): CacheEntry | undefined {
    if (found === undefined || found === null) return undefined
    const entry = this.#adopt(found)
    if (entry === undefined || entry.created_at > now + MAX_SKEW_MS) {
      this.#calls.fail('malformed')
      this.delete([key])
      return undefined
    }
    if (this.#marks.refuses(key, entry, this.level)) {
      this.delete([key])
      return undefined
    }
    // Further ahead than clocks differ: one was set back, and how old the entry is, nobody knows.
    const usable = entry.created_at <= now + CLOCK_SKEW_MS && now < entry.stale_until
    return usable ? entry : undefined
  }

  #adopt(found: unknown): CacheEntry | undefined {
    try {
      return adoptEntry(found)
    } catch {
      return undefined
    }
  }

  /**
   * Resolves when the write is through or late; a tier that answers at once gives no promise. What
   * is refused is not written: nothing comes back with a promotion that began before a mark.
   */
  set(key: string, entry: CacheEntry): Promise<void> | undefined {
    if (this.#marks.refuses(key, entry, this.level) || this.#overflows()) return undefined
    return this.#write(
      'set',
      [key],
      () => this.#tier.set(key, entry),
      () => {
        if (this.#marks.refuses(key, entry, this.level)) this.delete([key])
      },
    )
  }

  /** Writes unless the tier holds an entry that `keeps` prefers; atomic in a synchronous tier. */
  setUnless(
    key: string,
    entry: CacheEntry,
    keeps: (held: CacheEntry) => boolean,
  ): Promise<void> | undefined {
    if (this.#marks.refuses(key, entry, this.level) || this.#overflows()) return undefined
    const found = this.#calls.get(key)
    const write = (held: unknown): Promise<void> | undefined => {
      const kept = held === FAILED ? undefined : this.#accept(key, held, this.#clock.now())
      return kept && keeps(kept) ? undefined : this.set(key, entry)
    }
    return found instanceof Promise ? this.#track(found.then(write)) : write(found)
  }

  delete(keys: readonly string[]): void {
    void this.#write('delete', keys, () => this.#tier.delete(keys))
  }

  /** False when the tier failed to, or did not in time. */
  clear(): MaybePromise<boolean> {
    const done = this.#calls.run('clear', 'work', () => this.#tier.clear(), AWAITED)
    if (done instanceof Promise) return done.then((outcome) => outcome !== FAILED)
    const cleared = done !== FAILED
    // With no write of before under way, what is copied up from now on may be older than the mark.
    if (cleared && this.#underWay === 0 && !this.keepsMarks) this.#marks.settled(this.level)
    return cleared
  }

  /** True when the tier keeps them; undefined when it cannot. */
  record(marks: readonly Mark[]): Promise<boolean> | undefined {
    const store = this.#tier.marks
    if (!store) return undefined
    // Also while it is down: what it cannot keep now, it keeps for its return.
    const put = this.#calls.finish('marks', () => store.put(marks), AWAITED)
    const recorded = Promise.resolve(put).then((outcome) => outcome !== FAILED)
    void this.#track(recorded)
    return recorded
  }

  /** Whether it lists its entries. */
  get lists(): boolean {
    return this.#tier.recent !== undefined
  }

  /** Unchecked entries, newest first as the tier gives them; undefined when it could not. */
  recent(limit: number): Promise<readonly unknown[] | undefined> {
    return this.#list('recent', () => this.#tier.recent?.(limit))
  }

  /** The same of one scope; none for a tier that knows no scopes. */
  async inScope(scope: string, since: number, limit: number) {
    if (this.#tier.inScope === undefined) return []
    return this.#list('scope', () => this.#tier.inScope?.(scope, since, limit))
  }

  async #list(kind: 'recent' | 'scope', call: () => unknown) {
    const found = await this.#calls.run(kind, 'work', call)
    return found === FAILED ? undefined : listOf(found)
  }

  /** An item of a list the tier gave, checked like what `get` gives. */
  check(item: unknown): KeyedEntry | undefined {
    try {
      const { key, entry: found } = isObject(item) ? item : {}
      if (typeof key !== 'string') return undefined
      const entry = this.#accept(key, found, this.#clock.now())
      return entry && { key, entry }
    } catch {
      return undefined
    }
  }

  stats(): TierStats | undefined {
    const stats = this.#calls.finish('stats', () => this.#tier.stats())
    return stats === FAILED ? undefined : (stats as TierStats)
  }

  /** Resolves when the writes begun so far are through, or late. */
  async flush(): Promise<void> {
    await this.#calls.finish('flush', () => this.#drain(), AWAITED)
  }

  /** Keeps no process alive: whoever closes has a deadline of its own. */
  async close(): Promise<void> {
    await this.#calls.finish('flush', () => this.#drain())
    await this.#calls.finish('close', () => {
      this.#unsubscribe()
      return this.#tier.close?.()
    })
    this.#calls.close()
  }

  #drain(): MaybePromise<void> {
    if (this.#pending.size === 0) return this.#tier.flush?.()
    return Promise.all(this.#pending).then(() => this.#tier.flush?.())
  }

  #overflows(): boolean {
    if (Math.max(this.#pending.size, this.#underWay) < MAX_PENDING_WRITES) return false
    this.#calls.fail('overflow')
    return true
  }

  /** In the background. @param landed called when the tier has answered, however late */
  #write(
    kind: 'set' | 'delete',
    keys: readonly string[],
    call: () => MaybePromise<void>,
    landed?: () => void,
  ): Promise<void> | undefined {
    // Who comes from now on is not to be told what was there before.
    for (const key of keys) this.#reads.delete(key)
    const outcome = this.#calls.run(kind, 'write', () => {
      const result = call()
      if (!isThenable(result)) return undefined
      const onLanding = (): void => {
        this.#underWay -= 1
        landed?.()
      }
      this.#underWay += 1
      result.then(onLanding, onLanding)
      return result
    })
    return outcome instanceof Promise ? this.#track(outcome) : undefined
  }

  /** @param work never rejects */
  #track(work: Promise<unknown>): Promise<void> {
    const tracked = work.then(() => void this.#pending.delete(tracked))
    this.#pending.add(tracked)
    return tracked
  }
}
