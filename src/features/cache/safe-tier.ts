/** A tier behind a shield: whatever it throws, rejects with or gives back is at worst a miss. */
import type { CacheEntry, CacheTier, MaybePromise, TierStats } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import { adoptEntry } from './entry.js'

/** What went wrong in a tier. `malformed`: it gave back no valid entry; `overflow`: too slow to take writes. */
export type TierErrorKind =
  'get' | 'set' | 'delete' | 'clear' | 'stats' | 'flush' | 'close' | 'malformed' | 'overflow'

export type TierErrorListener = (level: CacheTier['level'], kind: TierErrorKind) => void

/** Writes a slow tier may have under way; further ones are dropped, since memory must stay bounded. */
export const MAX_PENDING_WRITES = 1_000
/** Clocks of two machines may differ that much; what is created later than that is garbage. */
const MAX_SKEW_MS = 5 * 60_000

/** Never throws, never rejects. Deadlines are the tier's own business. */
export class SafeTier {
  readonly level: CacheTier['level']
  readonly #tier: CacheTier
  readonly #clock: Clock
  readonly #onError: TierErrorListener | undefined
  readonly #pending = new Set<Promise<void>>()
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
      return this.#accept(key, await found, this.#clock.now())
    } catch {
      this.#fail('get')
      return undefined
    }
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

  /** Resolves when the write is through; a tier that answers at once gives no promise. */
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

  /** False when the tier failed to; what it held then is refused from now on. */
  async clear(): Promise<boolean> {
    const started = this.#clock.now()
    this.#clears += 1
    this.#refusedUntil = Math.max(this.#refusedUntil, started)
    try {
      const cleared: unknown = this.#tier.clear()
      if (isThenable(cleared)) await cleared
      if (this.#refusedUntil <= started) this.#refusedUntil = -Infinity
      return true
    } catch {
      this.#fail('clear')
      return false
    }
  }

  stats(): TierStats | undefined {
    try {
      return this.#tier.stats()
    } catch {
      this.#fail('stats')
      return undefined
    }
  }

  /** Resolves when the writes begun so far are through. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending)
    await this.#run('flush', () => this.#tier.flush?.())
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#run('close', () => this.#tier.close?.())
  }

  #overflows(): boolean {
    if (this.#pending.size < MAX_PENDING_WRITES) return false
    this.#fail('overflow')
    return true
  }

  #run(
    kind: TierErrorKind,
    call: () => unknown,
    afterwards?: () => void,
  ): Promise<void> | undefined {
    try {
      const result = call()
      return isThenable(result) ? this.#track(this.#settle(kind, result, afterwards)) : undefined
    } catch {
      this.#fail(kind)
      return undefined
    }
  }

  async #settle(kind: TierErrorKind, result: PromiseLike<unknown>, afterwards?: () => void) {
    try {
      await result
    } catch {
      this.#fail(kind)
    }
    afterwards?.()
  }

  /** @param work never rejects */
  #track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.#pending.delete(tracked))
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
