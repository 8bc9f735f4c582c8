/** How long a provider asks to wait, in every form its headers may take. */

/** A fetch `Headers` or a plain record; names are matched whatever their case. */
export type HeaderSource = Headers | { readonly [name: string]: string | undefined } | undefined

/** Longest wait that is reported, milliseconds: 24 hours. */
export const MAX_RETRY_AFTER_MS = 86_400_000

const UNIT_MS: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const DECIMAL = /^\d*\.?\d+$/
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/
const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g
/** Both forms RFC 9110 5.6.7 lets a server send that name their zone; asctime does not. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/

/** The limits OpenAI and Anthropic report, as [remaining, reset] header names. */
const LIMITS: readonly (readonly [string, string])[] = [
  ...['requests', 'tokens'].map(
    (kind) => [`x-ratelimit-remaining-${kind}`, `x-ratelimit-reset-${kind}`] as const,
  ),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map(
    (kind) =>
      [`anthropic-ratelimit-${kind}-remaining`, `anthropic-ratelimit-${kind}-reset`] as const,
  ),
]

/**
 * Milliseconds to wait, 0 to 24 h: from `retry-after-ms`, else `retry-after` (seconds or an
 * HTTP-date), else the rate-limit resets. Undefined when nothing there can be understood, or it
 * lies in the past.
 */
export function retryAfterMs(headers: HeaderSource, nowEpochMs: number): number | undefined {
  return explicitRetryAfterMs(headers, nowEpochMs) ?? limitResetMs(headers, nowEpochMs)
}

/** As `retryAfterMs`, without the rate-limit resets, which vendors send on every answer. */
export function explicitRetryAfterMs(
  headers: HeaderSource,
  nowEpochMs: number,
): number | undefined {
  const get = reader(headers)
  const milliseconds = get('retry-after-ms')
  const after = get('retry-after')
  return (
    bounded(decimal(milliseconds)) ??
    bounded(scaled(decimal(after), 1_000)) ??
    bounded(until(after, HTTP_DATE, nowEpochMs))
  )
}

/** A duration as Go writes it (`1s`, `6m0s`, `20ms`), milliseconds, at most 24 h. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 64 || !DURATION.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    sum += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0)
  }
  return bounded(sum)
}

/** The longest reset among the exhausted limits; among all of them when none says it is exhausted. */
function limitResetMs(headers: HeaderSource, now: number): number | undefined {
  const get = reader(headers)
  const waits: number[] = []
  const exhausted: number[] = []
  for (const [remaining, reset] of LIMITS) {
    const text = get(reset)
    const wait = durationMs(text) ?? bounded(until(text, RFC_3339, now))
    if (wait === undefined) continue
    waits.push(wait)
    if (decimal(get(remaining)) === 0) exhausted.push(wait)
  }
  const counted = exhausted.length > 0 ? exhausted : waits
  return counted.length === 0 ? undefined : Math.max(...counted)
}

function reader(headers: HeaderSource): (name: string) => string | undefined {
  if (!headers) return () => undefined
  if (isHeaders(headers)) return (name) => headers.get(name)?.trim()
  const byName = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') byName.set(name.toLowerCase(), value.trim())
  }
  return (name) => byName.get(name)
}

/** By shape: a vendor client may run on another fetch than this process. */
function isHeaders(headers: NonNullable<HeaderSource>): headers is Headers {
  return typeof headers['get'] === 'function'
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && DECIMAL.test(text) ? Number(text) : undefined
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor
}

/** `Date.parse` alone takes almost any text with a number in it for a date. */
function until(text: string | undefined, form: RegExp, now: number): number | undefined {
  return text !== undefined && form.test(text) ? Date.parse(text) - now : undefined
}

function bounded(ms: number | undefined): number | undefined {
  if (ms === undefined || Number.isNaN(ms) || ms < 0) return undefined
  return Math.min(Math.ceil(ms), MAX_RETRY_AFTER_MS)
}
