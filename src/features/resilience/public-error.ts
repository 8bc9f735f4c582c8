/** What a caller is told when every attempt failed: the most actionable of the failures. */
import { RaptorflowError } from '../../errors.js'
import type { AttemptsEnd } from './attempts.js'
import type { Failure, FailureKind } from './failure.js'
import { VERDICTS } from './verdicts.js'

/** A failed attempt by names, as `details.attempts` shows it. */
export interface NamedFailure {
  readonly provider: string
  readonly model: string
  readonly failure: Failure
  readonly duration_ms: number
}

/** Kinds that end the attempts, and so decide whatever failed before. */
const FINAL: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'aborted',
  'content_filter',
  'invalid_request',
  'answer_too_large',
])

/** Kinds that time alone does not mend. */
const LASTING: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'package_missing',
  'auth',
  'quota_exhausted',
  'answer_too_large',
  'context_length',
  'too_large',
  'model_not_found',
  'invalid_request',
])

/**
 * The one error for a request whose attempts all failed, without any upstream text.
 * `details.reason` is the deciding kind, `details.attempts` lists `{ provider, model, kind, ms }`,
 * `details.retry_after` (RATE_LIMITED only) is the shortest wait over the providers, whole seconds.
 * `details.partial` is true when a part of the answer had reached the caller.
 * @param ended how the attempts ended; `deadline` and `aborted` decide alone. @default 'failed'
 */
export function publicError(
  failures: readonly NamedFailure[],
  request_id: string,
  ended: AttemptsEnd = 'failed',
  partial = false,
): RaptorflowError {
  const kind = decidingKind(failures, ended)
  const { code, message } = VERDICTS[kind]
  const lasting = failures.every(({ failure }) => LASTING.has(failure.kind))
  return new RaptorflowError(code, message, {
    request_id,
    retryable: code === 'PROVIDER_UNAVAILABLE' ? !lasting : undefined,
    details: {
      reason: kind,
      ...(partial && { partial }),
      ...(code === 'RATE_LIMITED' && { retry_after: shortestWait(failures) }),
      attempts: failures.map(({ provider, model, failure, duration_ms }) => ({
        provider,
        model,
        kind: failure.kind,
        ms: Math.round(duration_ms),
      })),
    },
  })
}

function decidingKind(failures: readonly NamedFailure[], ended: AttemptsEnd): FailureKind {
  if (ended === 'aborted') return 'aborted'
  const last = failures.at(-1)?.failure.kind
  // Without any attempt it was time that ran out, waiting for the first.
  if (ended === 'deadline' || last === undefined) return 'timeout'
  if (FINAL.has(last)) return last
  const kinds = new Set(failures.map(({ failure }) => failure.kind))
  const order = Object.keys(VERDICTS) as FailureKind[]
  return order.find((kind) => kinds.has(kind)) ?? 'internal'
}

/** Over the latest word of each provider and model, in whole seconds, at least 1. */
function shortestWait(failures: readonly NamedFailure[]): number {
  const waits = new Map<string, number>()
  for (const { provider, model, failure } of failures) {
    if (failure.kind !== 'rate_limited') continue
    waits.set(`${provider}/${model}`, failure.retryAfterMs ?? failure.cooldownMs)
  }
  return Math.max(1, Math.ceil(Math.min(...waits.values()) / 1_000))
}
