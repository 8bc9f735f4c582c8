/** The only retry loop: candidates in order, failover at once, one retry as the last resort. */
import { ProviderError } from '../../errors.js'
import type { RaptorflowError } from '../../errors.js'
import type { Clock, Random } from '../../contracts/clock.js'
import { delay, retryDelay } from './backoff.js'
import { classify } from './classify.js'
import type { Failure } from './failure.js'

export interface AttemptFailure<C> {
  readonly candidate: C
  readonly failure: Failure
  readonly duration_ms: number
}

/** `failed`: nothing left to try, or no use in trying. */
export type AttemptsEnd = 'failed' | 'deadline' | 'aborted'

/**
 * Thrown by a `call` that was not dispatched, for instance because the budget does not allow it:
 * the candidate is skipped, and nothing is held against its provider.
 */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** For instance `budget`. */
  readonly reason: string
  /** What to tell the caller when every candidate is refused. */
  readonly error: RaptorflowError | undefined

  constructor(reason: string, error?: RaptorflowError) {
    super(`The attempt was refused before dispatch: ${reason}`)
    this.reason = reason
    this.error = error
  }
}

/**
 * Thrown when no attempt succeeded. To have `failures` typed after `instanceof`, bind the class
 * once: `const OfferAttemptsFailed = AttemptsFailed<Offer>`.
 */
export class AttemptsFailed<C> extends Error {
  override readonly name = 'AttemptsFailed'
  /** In the order they happened; empty when time was up, or the caller gone, before the first. */
  readonly failures: readonly AttemptFailure<C>[]
  readonly ended: AttemptsEnd
  /** The first refusal, where candidates were skipped beside those that failed. */
  readonly refusal: Refused | undefined

  constructor(failures: readonly AttemptFailure<C>[], ended: AttemptsEnd, refusal?: Refused) {
    super(`No attempt of ${String(failures.length)} succeeded: ${ended}`)
    this.failures = failures
    this.ended = ended
    this.refusal = refusal
  }
}

export interface AttemptsOptions<C, R> {
  /** Best first. */
  readonly candidates: Iterable<C>
  /** One call of a provider, with all that belongs to it: reservation, slot, watchdog. */
  readonly call: (candidate: C, attempt: Attempt) => Promise<R>
  /** The flight's: when it aborts, nothing further is called. */
  readonly signal: AbortSignal
  /** On `clock.monotonic()`; read again before every attempt, since it may move. */
  readonly latestDeadline: () => number
  /** True once content reached a reader: from then on a failure is final. */
  readonly delivered: () => boolean
  /** After `context_length`, whether `candidate` takes more than `failed` did. @default none does */
  readonly hasLargerContext?: (candidate: C, failed: C) => boolean
  /**
   * After a failure of the whole provider, whether `candidate` is not worth a try because it would
   * ask the same provider for yet another model. @default always worth it
   */
  readonly sharesFate?: (candidate: C, failed: C) => boolean
  readonly clock: Clock
  readonly random: Random
  /** Dispatched calls at most; refused ones do not count. @default 4 */
  readonly maxAttempts?: number
  /** `next` is what is tried next, unless it refuses or time runs out while waiting. */
  readonly onFailure?: (failure: AttemptFailure<C>, next: C | undefined) => void
}

export interface Attempt {
  /** From 0; refused calls are not counted. */
  readonly index: number
  readonly signal: AbortSignal
  /** Until the deadline; > 0. */
  readonly remainingMs: number
}

export interface AttemptsResult<C, R> {
  readonly result: R
  readonly candidate: C
  readonly failures: readonly AttemptFailure<C>[]
}

interface Step<C> {
  readonly candidate: C
  readonly waitMs: number
}

const DEFAULT_MAX_ATTEMPTS = 4
/** A longer Retry-After is not waited for. */
const MAX_RETRY_AFTER_MS = 2_000

/**
 * Calls candidates until one succeeds, each at most once and one of them twice.
 * @throws AttemptsFailed with every failure
 * @throws Refused the first refusal, when every candidate was refused
 */
export async function runAttempts<C, R>(
  options: AttemptsOptions<C, R>,
): Promise<AttemptsResult<C, R>> {
  const { call, clock, latestDeadline, signal } = options
  const failures: AttemptFailure<C>[] = []
  const next = planner(options, failures)
  let refusal: Refused | undefined

  let step = next()
  while (typeof step === 'object') {
    const { candidate, waitMs } = step
    if (waitMs > 0) await delay(waitMs, clock, signal)
    const started = clock.monotonic()
    const remainingMs = latestDeadline() - started
    if (signal.aborted) throw new AttemptsFailed(failures, 'aborted', refusal)
    if (remainingMs <= 0) throw new AttemptsFailed(failures, 'deadline', refusal)
    try {
      const result = await call(candidate, { index: failures.length, signal, remainingMs })
      return { result, candidate, failures }
    } catch (error) {
      if (error instanceof Refused) {
        refusal ??= error
        step = next()
        continue
      }
      const failure = judge(error, signal)
      failures.push({ candidate, failure, duration_ms: clock.monotonic() - started })
    }
    step = next()
    notify(options, failures, step)
  }
  if (step === 'failed' && failures.length === 0 && refusal) throw refusal
  throw new AttemptsFailed(failures, step, refusal)
}

/** What to do after `failures` so far: the next step, or why there is none. */
function planner<C, R>(
  options: AttemptsOptions<C, R>,
  failures: readonly AttemptFailure<C>[],
): () => Step<C> | AttemptsEnd {
  const { clock, delivered, latestDeadline, signal } = options
  const maxAttempts = options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS
  const untried = options.candidates[Symbol.iterator]()
  let lastResortPlanned = false

  return () => {
    if (signal.aborted) return 'aborted'
    const last = failures.at(-1)
    if (last && (!last.failure.failoverable || delivered())) return 'failed'
    if (failures.length >= maxAttempts) return 'failed'
    const remainingMs = latestDeadline() - clock.monotonic()
    for (let item = untried.next(); !item.done; item = untried.next()) {
      if (!isWorthTrying(item.value, failures, options)) continue
      return remainingMs > 0 ? { candidate: item.value, waitMs: 0 } : 'deadline'
    }
    if (lastResortPlanned) return 'failed'
    lastResortPlanned = true
    return lastResort(failures, remainingMs, options.random) ?? 'failed'
  }
}

/** The best-ranked candidate that may do better a second time, after a wait that time allows. */
function lastResort<C>(
  failures: readonly AttemptFailure<C>[],
  remainingMs: number,
  random: Random,
): Step<C> | undefined {
  const jitter = retryDelay(random)
  for (const { candidate, failure } of failures) {
    const asked = failure.retryAfterMs ?? 0
    const waitMs = asked + jitter
    if (failure.retryable && asked <= MAX_RETRY_AFTER_MS && waitMs < remainingMs) {
      return { candidate, waitMs }
    }
  }
  return undefined
}

function isWorthTrying<C, R>(
  candidate: C,
  failures: readonly AttemptFailure<C>[],
  { hasLargerContext, sharesFate }: AttemptsOptions<C, R>,
): boolean {
  return failures.every(({ candidate: failed, failure }) => {
    if (failure.needsLargerContext && !hasLargerContext?.(candidate, failed)) return false
    return !(failure.wholeProvider && sharesFate?.(candidate, failed))
  })
}

/** A provider that throws the signal's reason was aborted, not broken. */
function judge(error: unknown, signal: AbortSignal): Failure {
  const failure = classify(error)
  if (!signal.aborted || failure.kind !== 'internal') return failure
  return classify(new ProviderError({ reason: 'aborted' }))
}

function notify<C, R>(
  options: AttemptsOptions<C, R>,
  failures: readonly AttemptFailure<C>[],
  step: Step<C> | AttemptsEnd,
): void {
  const last = failures.at(-1)
  if (last) options.onFailure?.(last, typeof step === 'object' ? step.candidate : undefined)
}
