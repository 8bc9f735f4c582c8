/** Turns what Anthropic's SDK threw, and what its API reports inside an answer, into facts. */
import type { Usage } from '../../contracts/provider.js'
import { ProviderError, RaptorflowError } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { isRecord } from './shape.js'
import { errorToken, httpError, isErrorStatus, transportError } from './transport-error.js'

/** Anthropic has one type, `invalid_request_error`, for these; only the text tells them apart. */
const TYPES_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/usage limits|credit balance is too low/i, 'usage_limits'],
  [/prompt is too long|exceeds? (?:the )?context (?:limit|window)/i, 'context_length_exceeded'],
  [/blocked by content filtering/i, 'content_filter'],
]

/**
 * Judged by shape, not by class: a caller's own client may come from another copy of the SDK.
 * A missing package stays what it is: the caller has to mend it.
 * @param usage tokens reported before it failed
 */
export function anthropicError(
  error: unknown,
  signal: AbortSignal,
  usage: Usage | undefined,
): ProviderError | RaptorflowError {
  if (RaptorflowError.isInstance(error)) return error
  const known = factsOf(error, signal)
  if (usage === undefined || known.facts.usage !== undefined) return known
  return new ProviderError({ ...known.facts, usage })
}

/** The facts of an `error` event in a stream that began with status 200. */
export function errorEvent(event: unknown): ProviderError {
  const error = isRecord(event) ? event['error'] : undefined
  const type = isRecord(error) ? errorToken(error['type']) : undefined
  return new ProviderError({ type: type ?? 'api_error' })
}

function factsOf(error: unknown, signal: AbortSignal): ProviderError {
  const status = isRecord(error) ? error['status'] : undefined
  if (!isRecord(error) || !isErrorStatus(status) || signal.aborted) {
    return transportError(error, signal)
  }
  const headers = error['headers']
  return httpError({
    status,
    type: typeOf(status, error),
    headers: headers instanceof Headers ? headers : undefined,
    now: systemClock.now(),
  })
}

function typeOf(status: number, thrown: { readonly [field: string]: unknown }): string | undefined {
  // The newer, finer name, for instance `contract_spend_limit_reached`, which comes with 429.
  if (errorToken(thrown['errorCode'])?.endsWith('_spend_limit_reached')) return 'usage_limits'
  const type = errorToken(thrown['type'])
  const body = thrown['error']
  const inner = isRecord(body) ? body['error'] : undefined
  const text = isRecord(inner) ? inner['message'] : undefined
  if (status !== 400 || type !== 'invalid_request_error' || typeof text !== 'string') return type
  return TYPES_BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? type
}
