/** Calls of a tier: each ends in time, and none throws. A tier without a guard of its own gets one. */
import type { CacheEntry, CacheTier, MaybePromise, TierState } from '../../contracts/cache-tier.js'
import type { Clock, ScheduleOptions } from '../../contracts/clock.js'
import { isThenable, TIMED_OUT, withDeadline } from '../../util/deadline.js'
import { createGuard, GuardError, type Guard } from '../../util/guard.js'
import { newCounts } from './tier-health.js'
import type { TierCounts, TierErrorKind, TierErrorListener } from './tier-health.js'

/** What a failed call gives. */
export const FAILED = Symbol('failed')

/** `read`: a request waits for it. `write`: nobody's answer does. `work`: it may be a lot. */
export type CallLimit = 'read' | 'write' | 'work'

/** Milliseconds. A request waits for a read: more than a store needs, little beside a call. */
const GUARDED: Record<CallLimit, number> = { read: 100, write: 250, work: 1_000 }
/** For a tier that ends its calls by itself, should it not. */
const CEILING: Record<CallLimit, number> = { read: 250, write: 1_000, work: 1_000 }

interface TierCallsOptions {
  readonly tier: CacheTier
  readonly clock: Clock
  readonly onError: TierErrorListener | undefined
  readonly onState: ((state: TierState, reason: string) => void) | undefined
}

export class TierCalls {
  readonly counts: TierCounts = newCounts()
  readonly #tier: CacheTier
  readonly #clock: Clock
  readonly #onError: TierErrorListener | undefined
  readonly #onState: TierCallsOptions['onState']
  /** Made at the first promise: a synchronous tier cannot hang. */
  #guard: Guard | undefined

  constructor({ tier, clock, onError, onState }: TierCallsOptions) {
    this.#tier = tier
    this.#clock = clock
    this.#onError = onError
    this.#onState = onState
  }

  /** What the call comes to, or `FAILED`; without a promise when the tier answers without one. */
  run<T>(
    kind: TierErrorKind,
    limit: CallLimit,
    call: () => MaybePromise<T>,
    options?: ScheduleOptions,
  ): MaybePromise<T | typeof FAILED> {
    const guard = this.#guard
    if (guard && guard.state !== 'ok') {
      const operation = async (): Promise<T> => call()
      return this.#outcome(kind, guard.run(GUARDED[limit], operation, options))
    }
    try {
      return this.#taken(kind, limit, call(), options)
    } catch (error) {
      return this.#failed(kind, error)
    }
  }

  /** `run` of a read, without a closure: every hit in memory comes by here. */
  get(key: string): MaybePromise<CacheEntry | undefined | typeof FAILED> {
    if (this.#guard && this.#guard.state !== 'ok') {
      return this.run('get', 'read', () => this.#tier.get(key))
    }
    try {
      return this.#taken('get', 'read', this.#tier.get(key))
    } catch (error) {
      return this.#failed('get', error)
    }
  }

  /** Like `run`, also for a tier that is down: what a flush or a close does. */
  finish(
    kind: TierErrorKind,
    call: () => MaybePromise<unknown>,
    options?: ScheduleOptions,
  ): MaybePromise<unknown> {
    try {
      const result = call()
      if (!isThenable(result)) return result
      return this.#outcome(kind, this.#below(CEILING.work, result, options))
    } catch (error) {
      return this.#failed(kind, error)
    }
  }

  /** Counts and tells. A tier that is down was told of already. */
  fail(kind: TierErrorKind): void {
    const { counts } = this
    if (kind === 'timeout') counts.timeouts += 1
    else if (kind === 'overflow') counts.dropped += 1
    else counts.errors += 1
    try {
      this.#onError?.(this.#tier.level, kind)
    } catch {
      // A listener's failure is its own.
    }
  }

  changed(state: TierState, reason: string): void {
    this.counts.state = state
    try {
      this.#onState?.(state, reason)
    } catch {
      // A listener's failure is its own.
    }
  }

  close(): void {
    this.#guard?.close()
  }

  #taken<T>(
    kind: TierErrorKind,
    limit: CallLimit,
    result: MaybePromise<T>,
    options?: ScheduleOptions,
  ): MaybePromise<T | typeof FAILED> {
    if (!isThenable(result)) return result
    return this.#outcome(kind, this.#inTime(limit, result, options))
  }

  #inTime<T>(limit: CallLimit, work: PromiseLike<T>, options?: ScheduleOptions): Promise<T> {
    if (this.#tier.guarded === true) return this.#below(CEILING[limit], work, options)
    this.#guard ??= createGuard({
      clock: this.#clock,
      onChange: (state, reason) => {
        this.changed(state, reason)
      },
    })
    return this.#guard.run(GUARDED[limit], () => work, options)
  }

  async #below<T>(ms: number, work: PromiseLike<T>, options?: ScheduleOptions): Promise<T> {
    const value = await withDeadline(this.#clock, ms, work, options)
    if (value === TIMED_OUT) throw new GuardError('timeout')
    return value
  }

  async #outcome<T>(kind: TierErrorKind, work: Promise<T>): Promise<T | typeof FAILED> {
    try {
      return await work
    } catch (error) {
      return this.#failed(kind, error)
    }
  }

  #failed(kind: TierErrorKind, error: unknown): typeof FAILED {
    if (!(error instanceof GuardError)) this.fail(kind)
    else if (error.kind === 'timeout') this.fail('timeout')
    else this.counts.skipped += 1
    return FAILED
  }
}
