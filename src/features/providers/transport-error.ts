/** Turns what a vendor SDK or fetch threw into the facts of a `ProviderError`. */
import { ProviderError } from '../../errors.js'
import type { ProviderErrorFacts } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { explicitRetryAfterMs, retryAfterMs } from './retry-after.js'
import type { HeaderSource } from './retry-after.js'

type Reason = NonNullable<ProviderErrorFacts['reason']>

const MAX_CHAIN = 8
const TOKEN = /^[a-z0-9_.-]{1,64}$/i
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/

const TIMEOUT_CODES = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const RESET_CODES = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'ERR_STREAM_PREMATURE_CLOSE',
])
/** No connection came about: name, route, port or certificate. */
const NETWORK_CODE =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|E(?:HOST|NET)(?:UNREACH|DOWN)|EADDRNOTAVAIL|EACCES|EPERM|EPROTO|EMFILE|ENFILE|CERT_.*|.*_CERT(?:_.*)?|UNABLE_TO_.*|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_.*|ERR_SSL_.*|ERR_INVALID_URL|UND_ERR_.*)$/

/** A vendor's own error name, or undefined when it might be free text. */
export function errorToken(value: unknown): string | undefined {
  return typeof value === 'string' && TOKEN.test(value) ? value : undefined
}

/**
 * The facts of an answer with an error status. Rate-limit resets count for 429 only: vendors send
 * them on every answer. `now` is epoch milliseconds.
 */
export function httpError(facts: {
  readonly status: number
  readonly type?: string | undefined
  readonly headers?: HeaderSource
  readonly now: number
}): ProviderError {
  const wait = facts.status === 429 ? retryAfterMs : explicitRetryAfterMs
  return new ProviderError({
    status: facts.status,
    type: errorToken(facts.type),
    retryAfterMs: wait(facts.headers, facts.now),
  })
}

/**
 * The facts of a call that failed without an HTTP status. Judged by the error codes along the
 * `cause` chain, then by error classes; a `ProviderError` comes back as it is. What nothing
 * identifies is `bad_response`: an answer the vendor's client could not make sense of.
 */
export function transportError(error: unknown, signal: AbortSignal): ProviderError {
  return knownTransportError(error, signal) ?? new ProviderError({ reason: 'bad_response' })
}

/** As `transportError`, but for errors that may carry `status`, `headers`, `code` and `type`, as the SDKs' do. */
export function callError(error: unknown, signal: AbortSignal): ProviderError {
  return knownError(error, signal) ?? new ProviderError({ reason: 'bad_response' })
}

/** As `callError`, but undefined where nothing identifies the error. */
export function knownError(error: unknown, signal: AbortSignal): ProviderError | undefined {
  if (ProviderError.isInstance(error)) return error
  const status = read(error, 'status') ?? read(error, 'statusCode')
  if (signal.aborted || !isErrorStatus(status)) return knownTransportError(error, signal)
  return httpError({
    status,
    type: errorToken(read(error, 'code')) ?? errorToken(read(error, 'type')),
    headers: headersOf(error),
    now: systemClock.now(),
  })
}

function knownTransportError(error: unknown, signal: AbortSignal): ProviderError | undefined {
  if (ProviderError.isInstance(error)) return error
  if (signal.aborted) return new ProviderError({ reason: 'aborted' })
  const chain = causeChain(error)
  for (const link of chain) {
    const code = read(link, 'code')
    if (typeof code !== 'string' || !CODE.test(code)) continue
    const reason = reasonOfCode(code)
    if (reason) return new ProviderError({ reason, causeCode: code })
  }
  for (const link of chain) {
    const reason = reasonOfClass(link)
    if (reason) return new ProviderError({ reason })
  }
  const unanswered = chain.some((link) => namesOf(link).includes('APIConnectionError'))
  return unanswered ? new ProviderError({ reason: 'network' }) : undefined
}

/** True for a number that can be the status of a failed or redirected HTTP call. */
export function isErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 300 && value <= 599
}

function reasonOfCode(code: string): Reason | undefined {
  if (TIMEOUT_CODES.has(code)) return 'timeout'
  if (RESET_CODES.has(code)) return 'connection_reset'
  if (code.startsWith('HPE_')) return 'bad_response'
  return NETWORK_CODE.test(code) ? 'network' : undefined
}

/**
 * `name` alone is not enough: openai's classes are all named "Error". A bundler may rename classes,
 * hence the two messages, which are constants of openai and @anthropic-ai/sdk.
 */
function reasonOfClass(link: object): Reason | undefined {
  const names = namesOf(link)
  const message = read(link, 'message')
  const is = (name: string): boolean => names.includes(name)
  if (is('SyntaxError')) return 'bad_response'
  if (is('APIUserAbortError')) return 'aborted'
  if (is('APIConnectionTimeoutError') || is('TimeoutError') || message === 'Request timed out.') {
    return 'timeout'
  }
  // The caller's signal is not aborted, so the vendor's own timer did it.
  if (is('AbortError') || is('GoogleGenerativeAIAbortError')) return 'timeout'
  // undici, when the socket closes in the middle of a body.
  if (message === 'terminated' || message === 'Premature close') return 'connection_reset'
  return message === 'fetch failed' ? 'network' : undefined
}

function namesOf(link: object): unknown[] {
  return [read(link, 'name'), read(read(link, 'constructor'), 'name')]
}

/** The error, its causes and what aggregates hold, outermost first; bounded, and safe in a circle. */
function causeChain(error: unknown): object[] {
  const chain: object[] = []
  const queue: unknown[] = [error]
  while (queue.length > 0 && chain.length < MAX_CHAIN) {
    const link = queue.shift()
    if (typeof link !== 'object' || link === null || chain.includes(link)) continue
    chain.push(link)
    queue.push(read(link, 'cause'))
    const parts = read(link, 'errors')
    if (Array.isArray(parts)) queue.push(...(parts as unknown[]).slice(0, MAX_CHAIN))
  }
  return chain
}

function headersOf(error: unknown): HeaderSource {
  const headers = read(error, 'headers')
  if (typeof headers !== 'object' || headers === null) return undefined
  return headers as HeaderSource
}

/** A property that may be missing, or a getter that throws. */
function read(value: unknown, property: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    return (value as Record<string, unknown>)[property]
  } catch {
    return undefined
  }
}
