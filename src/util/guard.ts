/** A shield around a store that may fail or hang: a deadline for every call, and a breaker. */
import type { Clock, ScheduleOptions, Timer } from '../contracts/clock.js'
import { watch } from './deadline.js'

/** `ok`: every call is made. `down`: none is. `probing`: one is, which decides what comes next. */
export type GuardState = 'ok' | 'probing' | 'down'

/** Why a guard gave no answer of the store's. `down`: not asked, or no longer waited for. */
export class GuardError extends Error {
  override readonly name = 'GuardError'
  readonly kind: 'down' | 'timeout'

  constructor(kind: 'down' | 'timeout') {
    super(kind === 'down' ? 'The store is left alone for a while' : 'The store took too long')
    this.kind = kind
  }
}

export interface GuardPolicy {
  /** That many failures within `windowMs` mean `down`. @default 3 */
  readonly failures?: number | undefined
  /** Also how long the store must be well for the next wait to be the first one again. @default 10_000 */
  readonly windowMs?: number | undefined
  /** The first wait. Short: a blip must not cost a minute of the store. @default 1_000 */
  readonly openMs?: number | undefined
  /** Each wait is twice the one before, up to this. @default 30_000 */
  readonly maxOpenMs?: number | undefined
}

export interface GuardOptions {
  readonly clock: Clock
  /**
   * Told of every change of state, and of nothing else. The reason is one word: `timeout`, `error`,
   * what `fail` was given, `retry` (probing) or `recovered` (ok). Must not throw.
   */
  readonly onChange?: ((state: GuardState, reason: string) => void) | undefined
  /**
   * Asks the store whether it is well, in the background when a wait is over; callers are refused
   * until it said so. Without it the first call after the wait is the probe.
   */
  readonly probe?: (() => PromiseLike<unknown>) | undefined
  readonly policy?: GuardPolicy | undefined
}

export interface Guard {
  readonly state: GuardState
  /**
   * Calls `operation` unless the store is down, and rejects with its error, or with a `GuardError`:
   * after `ms`, or at once when the store is or goes down. An operation nobody waits for any more
   * goes on and is ignored.
   * @param options whether the process waits for the deadline: only where a caller does
   */
  run<T>(ms: number, operation: () => PromiseLike<T>, options?: ScheduleOptions): Promise<T>
  /** Counts a failure found elsewhere, such as a lost connection. @param reason one word */
  fail(reason: string): void
  /** Ends the wait: the store gave a sign of life. */
  retry(): void
  /** Refuses everything from now on, releases who waits, cancels all timers, reports nothing. */
  close(): void
}

/** One for all refusals: to capture a stack takes longer than everything else about them. */
const DOWN = new GuardError('down')

/** Longer than any call waits, since nobody waits for it: a busy process should not fail it. */
const PROBE_MS = 1_000

/** Shields one store. State follows time only where somebody acts: no timer runs while it is well. */
export function createGuard(options: GuardOptions): Guard {
  return new StoreGuard(options)
}

class StoreGuard implements Guard {
  readonly #clock: Clock
  readonly #onChange: GuardOptions['onChange']
  readonly #probe: GuardOptions['probe']
  readonly #limits: { readonly [K in keyof GuardPolicy]-?: number }
  /** How to release each call that waits. */
  readonly #waiting = new Set<() => void>()
  /** When the latest failures happened, on the monotonic clock; fewer than `failures` of them. */
  #failures: number[] = []
  #state: GuardState = 'ok'
  #closed = false
  /** The latest wait; 0 before the first. */
  #openMs = 0
  #downUntil = 0
  #recoveredAt = -Infinity
  #timer: Timer | undefined

  constructor({ clock, onChange, probe, policy = {} }: GuardOptions) {
    this.#clock = clock
    this.#onChange = onChange
    this.#probe = probe
    this.#limits = {
      failures: policy.failures ?? 3,
      windowMs: policy.windowMs ?? 10_000,
      openMs: policy.openMs ?? 1_000,
      maxOpenMs: policy.maxOpenMs ?? 30_000,
    }
  }

  get state(): GuardState {
    return this.#state
  }

  run<T>(ms: number, operation: () => PromiseLike<T>, options?: ScheduleOptions): Promise<T> {
    if (this.#state === 'ok') return this.#call(ms, operation, options)
    if (!this.#mayProbe()) return Promise.reject(DOWN)
    this.#change('probing', 'retry')
    return this.#call(ms, operation, options)
  }

  fail(reason: string): void {
    if (this.#state !== 'ok') return
    const now = this.#clock.monotonic()
    const recent = this.#failures.filter((at) => now - at < this.#limits.windowMs)
    recent.push(now)
    this.#failures = recent
    if (recent.length >= this.#limits.failures) this.#goDown(reason)
  }

  retry(): void {
    if (this.#state !== 'down' || this.#closed) return
    this.#downUntil = this.#clock.monotonic()
    if (this.#probe) this.#startProbe(this.#probe)
  }

  close(): void {
    this.#closed = true
    this.#state = 'down'
    this.#timer?.cancel()
    this.#release()
  }

  #mayProbe(): boolean {
    if (this.#state !== 'down' || this.#closed || this.#probe) return false
    return this.#clock.monotonic() >= this.#downUntil
  }

  #call<T>(ms: number, operation: () => PromiseLike<T>, options?: ScheduleOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        stop()
        reject(DOWN)
      }
      const outcome = {
        value: (value: T) => {
          this.#waiting.delete(release)
          resolve(value)
          if (this.#state === 'probing') this.#recover()
        },
        error: (error: Error) => {
          this.#waiting.delete(release)
          reject(error)
          this.#failed('error')
        },
        timeout: () => {
          this.#waiting.delete(release)
          reject(new GuardError('timeout'))
          this.#failed('timeout')
        },
      }
      const stop = watch(this.#clock, ms, attempt(operation), outcome, options)
      // The operation itself may have counted the failure that was one too many.
      if (this.#state === 'down') release()
      else this.#waiting.add(release)
    })
  }

  /** Whoever still waits while probing is the probe: all others were released when it went down. */
  #failed(reason: string): void {
    if (this.#state === 'probing') this.#goDown(reason)
    else this.fail(reason)
  }

  /**
   * A recovery that did not last counts as a failed probe, or a store that answers only its probes
   * in time would cost its callers `failures` deadlines a second for ever.
   */
  #goDown(reason: string): void {
    const now = this.#clock.monotonic()
    const { windowMs, openMs, maxOpenMs } = this.#limits
    const relapsed = this.#state === 'probing' || now - this.#recoveredAt < windowMs
    this.#openMs = relapsed ? Math.min(this.#openMs * 2, maxOpenMs) : openMs
    this.#downUntil = now + this.#openMs
    this.#failures = []
    const probe = this.#probe
    if (probe) {
      this.#timer = this.#clock.schedule(this.#openMs, () => {
        this.#startProbe(probe)
      })
    }
    this.#change('down', reason)
    this.#release()
  }

  #startProbe(probe: () => PromiseLike<unknown>): void {
    this.#timer?.cancel()
    this.#change('probing', 'retry')
    this.#call(PROBE_MS, probe).catch(() => undefined)
  }

  #recover(): void {
    this.#recoveredAt = this.#clock.monotonic()
    this.#change('ok', 'recovered')
  }

  #release(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const release of waiting) release()
  }

  #change(state: GuardState, reason: string): void {
    this.#state = state
    this.#onChange?.(state, reason)
  }
}

/** Rejects with what the operation throws. Not async, which would make a settled promise look pending. */
function attempt<T>(operation: () => PromiseLike<T>): PromiseLike<T> {
  try {
    return operation()
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error('Thrown with no error'))
  }
}
