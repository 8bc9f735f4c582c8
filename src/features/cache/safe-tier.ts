/** A tier behind a shield: whatever it throws, rejects with or gives back is at worst a miss. */
import type { CacheEntry, CacheTier, MaybePromise, TierStats } from '../../contracts/cache-tier.js'
import type { Clock, ScheduleOptions } from '../../contracts/clock.js'
import { isThenable, TIMED_OUT, withDeadline } from './deadline.js'
import { adoptEntry } from './entry.js'

/**
 * What went wrong in a tier. `timeout`: it did not answer in time; `malformed`: it gave back no valid
 * entry; `overflow`: too slow to take writes.
 */
export type TierErrorKind =
  | 'get'
  | 'set'
  | 'delete'
  | 'clear'
  | 'stats'
  | 'flush'
  | 'close'
  | 'timeout'
  | 'malformed'
  | 'overflow'

export type TierErrorListener = (level: CacheTier['level'], kind: TierErrorKind) => void

/** Writes a slow tier may have under way; further ones are dropped, since memory must stay bounded. */
export const MAX_PENDING_WRITES = 1_000
/** Clocks of two machines may differ that much; what is created later than that is garbage. */
const MAX_SKEW_MS = 5 * 60_000

/** A request waits that long for a level: more than a store on the network needs, little beside a call. */
const READ_MS = 250
/** What nobody's answer waits for: writes and deletions in the background, `clear`, `flush`, `close`. */
const WORK_MS = 1_000
/** Where a caller waits, the process does. A request's own deadline keeps it alive by itself. */
const AWAITED = { keepAlive: true }

/** Never throws, never rejects, and never waits longer than the deadlines above. */
export class SafeTier {
  readonly level: CacheTier['level']
  readonly #tier: CacheTier
  readonly #clock: Clock
  readonly #onError: TierErrorListener | undefined
  /** What a flush waits for: nothing in it outlasts its deadline. */
  readonly #pending = new Set<Promise<void>>()
  /** Writes and deletions the tier has not answered yet, also those nobody waits for any more. */
  #underWay = 0
  #clears = 0
  /** Entries created up to then outlived a clear that is under way or has failed. */
  #refusedUntil = -Infinity
  #errors = 0

  constructor(tier: CacheTier, clock: Clock, onError: TierErrorListener | undefined) {
    this.level = tier.level
    this.#tier = tier
    this.#clock = clock
    this.#onError = onError
  }

  /** Failures since the start. */
  get errors(): number {
    return this.#errors
  }

  /** A valid entry within its grace period. @param now epoch milliseconds */
  get(key: string, now: number): MaybePromise<CacheEntry | undefined> {
    try {
      const found: unknown = this.#tier.get(key)
      if (found === undefined) return undefined
      return isThenable(found) ? this.#getLater(key, found) : this.#accept(key, found, now)
    } catch {
      this.#fail('get')
      return undefined
    }
  }

  async #getLater(key: string, found: PromiseLike<unknown>): Promise<CacheEntry | undefined> {
    try {
      const value = await withDeadline(this.#clock, READ_MS, found)
      if (value !== TIMED_OUT) return this.#accept(key, value, this.#clock.now())
      this.#fail('timeout')
    } catch {
      this.#fail('get')
    }
    return undefined
  }

  #accept(key: string, found: unknown, now: number): CacheEntry | undefined {
    if (found === undefined || found === null) return undefined
    const entry = adoptEntry(found)
    if (entry === undefined || entry.created_at > now + MAX_SKEW_MS) {
      this.#fail('malformed')
      this.delete([key])
      return undefined
    }
    if (entry.created_at <= this.#refusedUntil) {
      this.delete([key])
      return undefined
    }
    // A negative age means that a clock was set back: how old the entry is, nobody knows.
    return entry.created_at <= now && now < entry.stale_until ? entry : undefined
  }

  /** Resolves when the write is through or late; a tier that answers at once gives no promise. */
  set(key: string, entry: CacheEntry): Promise<void> | undefined {
    if (this.#overflows()) return undefined
    const clears = this.#clears
    return this.#run(
      'set',
      () => this.#tier.set(key, entry),
      () => {
        // The write may have landed behind the clear that overtook it.
        if (clears !== this.#clears) this.delete([key])
      },
    )
  }

  /** Writes unless the tier holds an entry that `keeps` prefers; atomic in a synchronous tier. */
  setUnless(
    key: string,
    entry: CacheEntry,
    keeps: (held: CacheEntry) => boolean,
  ): Promise<void> | undefined {
    if (this.#overflows()) return undefined
    const held = this.get(key, this.#clock.now())
    if (!(held instanceof Promise)) {
      return held !== undefined && keeps(held) ? undefined : this.set(key, entry)
    }
    const clears = this.#clears
    return this.#track(
      held.then((found) => {
        if (clears !== this.#clears || (found !== undefined && keeps(found))) return
        return this.set(key, entry)
      }),
    )
  }

  delete(keys: readonly string[]): void {
    void this.#run('delete', () => this.#tier.delete(keys))
  }

  /** False when the tier failed to, or did not in time; what it held then is refused from now on. */
  async clear(): Promise<boolean> {
    const started = this.#clock.now()
    this.#clears += 1
    this.#refusedUntil = Math.max(this.#refusedUntil, started)
    const cleared = await this.#call('clear', () => this.#tier.clear(), AWAITED)
    if (cleared && this.#refusedUntil <= started) this.#refusedUntil = -Infinity
    return cleared
  }

  stats(): TierStats | undefined {
    try {
      return this.#tier.stats()
    } catch {
      this.#fail('stats')
      return undefined
    }
  }

  /** Resolves when the writes begun so far are through, or late. */
  async flush(): Promise<void> {
    await this.#call('flush', () => this.#drain(), AWAITED)
  }

  /** Keeps no process alive: whoever closes has a deadline of its own. */
  async close(): Promise<void> {
    await this.#call('flush', () => this.#drain())
    await this.#call('close', () => this.#tier.close?.())
  }

  #drain(): Promise<void> | undefined {
    if (this.#pending.size === 0) return this.#tier.flush?.()
    return Promise.all(this.#pending).then(() => this.#tier.flush?.())
  }

  #overflows(): boolean {
    if (Math.max(this.#pending.size, this.#underWay) < MAX_PENDING_WRITES) return false
    this.#fail('overflow')
    return true
  }

  /** In the background. @param landed called when the tier has answered, however late */
  #run(
    kind: 'set' | 'delete',
    call: () => unknown,
    landed?: () => void,
  ): Promise<void> | undefined {
    const outcome = this.#call(kind, () => {
      const result = call()
      if (!isThenable(result)) return undefined
      const work = Promise.resolve(result)
      const onLanding = (): void => {
        this.#underWay -= 1
        landed?.()
      }
      this.#underWay += 1
      work.then(onLanding, onLanding)
      return work
    })
    return outcome instanceof Promise ? this.#track(outcome) : undefined
  }

  /** True when it went well; without a promise when the tier answered without one. Never rejects. */
  #call(
    kind: TierErrorKind,
    call: () => unknown,
    options?: ScheduleOptions,
  ): MaybePromise<boolean> {
    try {
      const result = call()
      return isThenable(result) ? this.#inTime(kind, result, options) : true
    } catch {
      this.#fail(kind)
      return false
    }
  }

  async #inTime(
    kind: TierErrorKind,
    work: PromiseLike<unknown>,
    options?: ScheduleOptions,
  ): Promise<boolean> {
    try {
      if ((await withDeadline(this.#clock, WORK_MS, work, options)) !== TIMED_OUT) return true
      this.#fail('timeout')
    } catch {
      this.#fail(kind)
    }
    return false
  }

  /** @param work never rejects */
  #track(work: Promise<unknown>): Promise<void> {
    const tracked = work.then(() => void this.#pending.delete(tracked))
    this.#pending.add(tracked)
    return tracked
  }

  #fail(kind: TierErrorKind): void {
    this.#errors += 1
    try {
      this.#onError?.(this.level, kind)
    } catch {
      // A listener's failure is its own.
    }
  }
}
