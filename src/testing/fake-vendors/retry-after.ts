/** The headers in which a vendor says when to come back. */
import type { RetryAfter } from './faults.js'
import type { Vendor } from './types.js'

type Headers = Readonly<Record<string, string>>

/** As OpenAI writes durations: `20ms`, `1.5s`, `6m0s`. */
function duration(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = (ms % 60_000) / 1000
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

function resetHeaders(vendor: Vendor, ms: number, now: number): Headers {
  switch (vendor) {
    case 'openai':
      return {
        'x-ratelimit-limit-requests': '3',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': duration(ms),
      }
    case 'anthropic':
      return {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': new Date(now + ms).toISOString(),
      }
    case 'google':
      return {}
  }
}

/** @param now epoch milliseconds */
export function retryAfterHeaders(vendor: Vendor, retryAfter: RetryAfter, now: number): Headers {
  switch (retryAfter.as) {
    case 'seconds':
      return { 'retry-after': String(retryAfter.ms / 1000) }
    case 'http_date':
      return { 'retry-after': new Date(now + retryAfter.ms).toUTCString() }
    case 'milliseconds':
      return { 'retry-after-ms': String(retryAfter.ms) }
    case 'rate_limit_reset':
      return resetHeaders(vendor, retryAfter.ms, now)
    case 'garbage':
      return { 'retry-after': 'soon' }
    case 'negative':
      return { 'retry-after': '-5' }
    case 'huge':
      return { 'retry-after': '99999999999' }
  }
}

/** Google's delay stands in the error's body. */
export function retryDelayInBody(
  vendor: Vendor,
  retryAfter: RetryAfter | undefined,
): number | undefined {
  return vendor === 'google' && retryAfter?.as === 'rate_limit_reset' ? retryAfter.ms : undefined
}
