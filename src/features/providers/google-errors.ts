/** Turns what Gemini's API reports as an error into facts. */
import type { Usage } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { durationMs } from './retry-after.js'
import type { HeaderSource } from './retry-after.js'
import { isRecord, nonEmpty } from './shape.js'
import { errorToken, httpError, isErrorStatus } from './transport-error.js'

type Fields = { readonly [field: string]: unknown }

/** `google.rpc.Code` names, as `status` holds them. */
const STATUS_NAME = /^[A-Z][A-Z_]{1,63}$/
const TOO_MANY_TOKENS = /input token count.*exceeds? the maximum number of tokens/is

export interface GoogleFailure {
  /** HTTP status, where there was one; an error inside a stream names it itself. */
  readonly status?: number | undefined
  /** The API's error object `{ code, message, status, details }`. */
  readonly error?: unknown
  readonly headers?: HeaderSource
}

/** The facts of an error the API reported, be it as a whole answer or inside a stream. */
export function googleError(failure: GoogleFailure): ProviderError {
  const error = isRecord(failure.error) ? failure.error : {}
  const status = failure.status ?? error['code']
  const type = typeOf(error)
  if (!isErrorStatus(status)) return new ProviderError({ type: type ?? 'INTERNAL' })
  const { facts } = httpError({ status, type, headers: failure.headers, now: systemClock.now() })
  return new ProviderError({ ...facts, retryAfterMs: facts.retryAfterMs ?? retryDelayOf(error) })
}

/** The same error, with the tokens that were reported before it. */
export function withUsage(error: ProviderError, usage: Usage | undefined): ProviderError {
  if (usage === undefined || error.facts.usage !== undefined) return error
  return new ProviderError({ ...error.facts, usage })
}

/**
 * The error object in a text that holds it as JSON: `@google/genai` has it in its errors' message,
 * sometimes after a few words, in a list, or inside the message of another one.
 */
export function errorObjectIn(text: string): unknown {
  const start = text.search(/[[{]/)
  if (start < 0) return undefined
  let value: unknown
  try {
    value = JSON.parse(text.slice(start))
  } catch {
    return undefined
  }
  const first: unknown = Array.isArray(value) ? value[0] : value
  const error = isRecord(first) ? first['error'] : undefined
  const inner = isRecord(error) ? nonEmpty(error['message']) : undefined
  const nested = inner && /^\s*[[{]/.test(inner) ? errorObjectIn(inner) : undefined
  return nested ?? error
}

function typeOf(error: Fields): string | undefined {
  const details = detailsOf(error)
  if (details.some(isDailyQuota)) return 'quota_exhausted_per_day'
  // Where the API has a reason it says more: a wrong key is INVALID_ARGUMENT, API_KEY_INVALID.
  const reason = details.map((detail) => errorToken(detail['reason'])).find(Boolean)
  if (reason?.startsWith('API_KEY_')) return reason
  const message = error['message']
  if (typeof message === 'string' && TOO_MANY_TOKENS.test(message)) return 'context_length_exceeded'
  const name = error['status']
  return typeof name === 'string' && STATUS_NAME.test(name) ? name : undefined
}

/** `google.rpc.QuotaFailure` names the limit, for instance `GenerateRequestsPerDayPerProjectPerModel`. */
function isDailyQuota(detail: Fields): boolean {
  const violations: unknown = detail['violations']
  if (!Array.isArray(violations)) return false
  return (violations as readonly unknown[]).some(
    (violation) => isRecord(violation) && /PerDay/i.test(nonEmpty(violation['quotaId']) ?? ''),
  )
}

/** `google.rpc.RetryInfo`, for instance `36s`: this API's Retry-After. */
function retryDelayOf(error: Fields): number | undefined {
  const delay = detailsOf(error)
    .map((detail) => nonEmpty(detail['retryDelay']))
    .find(Boolean)
  return durationMs(delay)
}

function detailsOf(error: Fields): readonly Fields[] {
  const details: unknown = error['details']
  return Array.isArray(details) ? (details as readonly unknown[]).filter(isRecord) : []
}
