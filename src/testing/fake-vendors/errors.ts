/** The shapes of the vendors' error bodies. */
import type { JsonObject } from './json.js'
import type { Vendor } from './types.js'

export type VendorErrorStatus =
  400 | 401 | 402 | 403 | 404 | 413 | 422 | 429 | 500 | 502 | 503 | 504 | 529

export type VendorErrorName =
  VendorErrorStatus | 'quota' | 'spend_limit' | 'context_length' | 'blocked_prompt'

export interface VendorErrorRow {
  readonly status: number
  /** OpenAI's and Anthropic's `type`, Google's `status`. */
  readonly type: string
  /** OpenAI's `code`, Anthropic's `details.error_code`, Google's `quotaId`. */
  readonly code?: string
  readonly message: string
}

/** The JSON body. `retryDelayMs` is what Google alone says in the body. */
export function errorBody(
  vendor: Vendor,
  row: VendorErrorRow,
  requestId: string,
  retryDelayMs?: number,
): JsonObject {
  if (vendor === 'openai') {
    const { message, type, code = null } = row
    return { error: { message, type, param: null, code } }
  }
  if (vendor === 'anthropic') {
    const details = row.code === undefined ? {} : { details: { error_code: row.code } }
    return {
      type: 'error',
      error: { type: row.type, message: row.message, ...details },
      request_id: requestId,
    }
  }
  const rpc = 'type.googleapis.com/google.rpc'
  const quotaMetric = 'generativelanguage.googleapis.com/generate_content_requests'
  const details = [
    ...(row.code === undefined
      ? []
      : [{ '@type': `${rpc}.QuotaFailure`, violations: [{ quotaMetric, quotaId: row.code }] }]),
    ...(retryDelayMs === undefined
      ? []
      : [{ '@type': `${rpc}.RetryInfo`, retryDelay: `${retryDelayMs / 1000}s` }]),
  ]
  return {
    error: {
      code: row.status,
      message: row.message,
      status: row.type,
      ...(details.length > 0 ? { details } : {}),
    },
  }
}
