/** Judges what an attempt failed with, once, by exact facts: reason, vendor type, status, cause code. */
import { ProviderError, RaptorflowError } from '../../errors.js'
import type { ProviderErrorFacts, RaptorflowErrorCode } from '../../errors.js'
import { MAX_COOLDOWN_MS, TRAITS } from './failure.js'
import type { Failure, FailureKind } from './failure.js'
import { soundUsage } from './usage.js'

/** Vendor types and codes that say more than their HTTP status. */
const PRECISE_TYPES: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['insufficient_quota', 'quota_exhausted'],
  ['quota_exhausted_per_day', 'quota_exhausted'],
  ['usage_limits', 'quota_exhausted'],
  ['billing_error', 'quota_exhausted'],
  ['billing_hard_limit_reached', 'quota_exhausted'],
  ['billing_not_active', 'quota_exhausted'],
  // Gemini's answer where its free tier is not offered: billing has to be enabled.
  ['FAILED_PRECONDITION', 'quota_exhausted'],
  ['context_length_exceeded', 'context_length'],
  ['model_context_window_exceeded', 'context_length'],
  ['content_filter', 'content_filter'],
  ['content_policy_violation', 'content_filter'],
  ['ResponsibleAIPolicyViolation', 'content_filter'],
  ['model_not_found', 'model_not_found'],
  ['invalid_api_key', 'auth'],
  ['account_deactivated', 'auth'],
  // Gemini sends a wrong key as 400.
  ['API_KEY_INVALID', 'auth'],
  ['API_KEY_EXPIRED', 'auth'],
  ['request_too_large', 'too_large'],
])

/** Vendor types for errors that come inside a stream, after a 200, or without any status. */
const GENERAL_TYPES: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['overloaded_error', 'overloaded'],
  ['api_error', 'server_error'],
  ['server_error', 'server_error'],
  ['timeout_error', 'server_error'],
  ['rate_limit_error', 'rate_limited'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['invalid_request_error', 'invalid_request'],
  ['authentication_error', 'auth'],
  ['permission_error', 'auth'],
  ['not_found_error', 'model_not_found'],
  ['INTERNAL', 'server_error'],
  ['UNAVAILABLE', 'overloaded'],
  ['DEADLINE_EXCEEDED', 'server_error'],
  ['RESOURCE_EXHAUSTED', 'rate_limited'],
  ['INVALID_ARGUMENT', 'invalid_request'],
  ['UNAUTHENTICATED', 'auth'],
  ['PERMISSION_DENIED', 'auth'],
  ['NOT_FOUND', 'model_not_found'],
])

const STATUSES: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([
  [401, 'auth'],
  [402, 'quota_exhausted'],
  [403, 'auth'],
  [404, 'model_not_found'],
  [408, 'server_error'],
  // A lock that was not free, and a request that came too early: neither is the caller's.
  [409, 'server_error'],
  [410, 'model_not_found'],
  [413, 'too_large'],
  [425, 'server_error'],
  [429, 'rate_limited'],
  [503, 'overloaded'],
  [529, 'overloaded'],
])

/** Transport codes after which the provider may have worked; all others mean it was not reached. */
const REACHED_CODES: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['ECONNRESET', 'connection_reset'],
  ['ECONNABORTED', 'connection_reset'],
  ['EPIPE', 'connection_reset'],
  ['UND_ERR_SOCKET', 'connection_reset'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'connection_reset'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
])

/** Parameters another provider may know. */
const UNSUPPORTED_HERE: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'unsupported_value',
])

/** For providers that are raptorflow clients themselves, and for a queue that is full. */
const CODES: ReadonlyMap<RaptorflowErrorCode, FailureKind> = new Map<
  RaptorflowErrorCode,
  FailureKind
>([
  ['INVALID_REQUEST', 'invalid_request'],
  ['MODEL_NOT_SUPPORTED', 'model_not_found'],
  ['BUDGET_EXCEEDED', 'quota_exhausted'],
  ['TIMEOUT', 'timeout'],
  ['RATE_LIMITED', 'rate_limited'],
  ['PROVIDER_UNAVAILABLE', 'overloaded'],
  ['UNAUTHORIZED', 'auth'],
  ['ABORTED', 'aborted'],
])

/**
 * What a failed attempt means. Text is never looked at: a message can change any day.
 * Anything but a `ProviderError` or a `RaptorflowError` is `internal`.
 */
export function classify(error: unknown): Failure {
  try {
    return classifyReadable(error)
  } catch {
    // Custom providers may throw anything, also what throws when it is looked at.
    return judge('internal', {})
  }
}

function classifyReadable(error: unknown): Failure {
  if (ProviderError.isInstance(error)) return judge(kindOf(error.facts), error.facts)
  if (!RaptorflowError.isInstance(error)) return judge('internal', {})
  const { reason, retry_after } = error.details
  if (reason === 'package_missing') return judge('package_missing', {})
  const retryAfterMs = retry_after === undefined ? undefined : retry_after * 1_000
  return judge(CODES.get(error.code) ?? 'internal', { retryAfterMs })
}

function kindOf(facts: ProviderErrorFacts): FailureKind {
  const { reason, type, status, causeCode } = facts
  if (reason === 'network' || reason === 'connection_reset') {
    return REACHED_CODES.get(causeCode ?? '') ?? reason
  }
  if (reason !== undefined) return Object.hasOwn(TRAITS, reason) ? reason : 'internal'
  const precise = type === undefined ? undefined : PRECISE_TYPES.get(type)
  if (precise) return precise
  if (status !== undefined && status >= 300) return kindOfStatus(status)
  const general = type === undefined ? undefined : GENERAL_TYPES.get(type)
  if (general) return general
  if (causeCode !== undefined) return REACHED_CODES.get(causeCode) ?? 'network'
  // It said that it failed, and nothing blames the request.
  return 'server_error'
}

function kindOfStatus(status: number): FailureKind {
  const known = STATUSES.get(status)
  if (known) return known
  if (status >= 500) return 'server_error'
  return status >= 400 ? 'invalid_request' : 'bad_response'
}

function judge(kind: FailureKind, facts: ProviderErrorFacts): Failure {
  const traits = TRAITS[kind]
  const usage = soundUsage(facts.usage)
  // Custom providers may state anything.
  const asked = facts.retryAfterMs ?? NaN
  const retryAfterMs = Number.isFinite(asked) && asked >= 0 ? asked : undefined
  const unsupportedHere =
    kind === 'invalid_request' && facts.type !== undefined && UNSUPPORTED_HERE.has(facts.type)
  return {
    kind,
    // A resolver that was busy is the one transport failure a second try mends.
    retryable: traits.retryable || (kind === 'network' && facts.causeCode === 'EAI_AGAIN'),
    failoverable: traits.failoverable || unsupportedHere,
    needsLargerContext: kind === 'context_length',
    cooldownMs: cooldownOf(kind, retryAfterMs),
    billable: usage ? 'reported' : traits.billable,
    countsForHealth: traits.countsForHealth,
    wholeProvider: traits.wholeProvider,
    retryAfterMs,
    status: Number.isInteger(facts.status) ? facts.status : undefined,
    usage,
  }
}

/** A rate limit lasts as long as the header says; elsewhere the header can only lengthen. */
function cooldownOf(kind: FailureKind, retryAfterMs: number | undefined): number {
  const { cooldownMs } = TRAITS[kind]
  if (retryAfterMs === undefined) return cooldownMs
  if (kind === 'quota_exhausted') return Math.max(cooldownMs, retryAfterMs)
  const asked = Math.min(MAX_COOLDOWN_MS, retryAfterMs)
  return kind === 'rate_limited' ? asked : Math.max(cooldownMs, asked)
}
