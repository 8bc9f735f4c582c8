/** Vendors that answer with an error, or refuse the request. */
import type { FailureKind } from '../../../src/features/resilience/failure.js'
import type { VendorErrorStatus, VendorFault } from '../../../src/testing/index.js'
import type { Adapter } from './adapters.js'
import { isBlind, type Expected, type Row } from './expectations.js'

const status = (
  code: VendorErrorStatus,
  kind: FailureKind | ((adapter: Adapter) => FailureKind),
): Row => ({
  name: String(code),
  fault: { kind: 'status', status: code },
  expected: (adapter) => ({
    kind: typeof kind === 'function' ? kind(adapter) : kind,
    status: code,
  }),
})

const limited = (
  name: string,
  retryAfter: Extract<VendorFault, { kind: 'status' }>['retryAfter'],
  expected: Partial<Expected>,
  adapted: (adapter: Adapter) => Partial<Expected> = () => ({}),
): Row => ({
  name: `429 with ${name}`,
  fault: { kind: 'status', status: 429, retryAfter },
  expected: (adapter) => ({
    kind: 'rate_limited',
    status: 429,
    ...expected,
    ...adapted(adapter),
  }),
})

const headersUnseen = (adapter: Adapter): Partial<Expected> =>
  isBlind(adapter) ? { retried: true, waitsMs: 0, retryAfter: [5, 5] } : {}

export const STATUSES: readonly Row[] = [
  status(400, 'invalid_request'),
  status(401, 'auth'),
  status(402, 'quota_exhausted'),
  status(403, 'auth'),
  status(404, 'model_not_found'),
  status(413, 'too_large'),
  status(422, 'invalid_request'),
  status(500, 'server_error'),
  status(502, 'server_error'),
  status(503, 'overloaded'),
  status(504, 'server_error'),
  status(529, 'overloaded'),
]

export const RATE_LIMITS: readonly Row[] = [
  limited('no header', undefined, { retryAfter: [5, 5] }),
  limited(
    'Retry-After in seconds',
    { as: 'seconds', ms: 100 },
    { retryAfter: [1, 1], waitsMs: 100 },
    headersUnseen,
  ),
  limited(
    'retry-after-ms',
    { as: 'milliseconds', ms: 100 },
    { retryAfter: [1, 1], waitsMs: 100 },
    headersUnseen,
  ),
  limited(
    'a Retry-After too long to wait for',
    { as: 'seconds', ms: 90_000 },
    { retried: false, retryAfter: [90, 90] },
    headersUnseen,
  ),
  limited(
    'an HTTP date',
    { as: 'http_date', ms: 90_000 },
    { retried: false, retryAfter: [88, 90] },
    headersUnseen,
  ),
  limited('its own reset', { as: 'rate_limit_reset', ms: 100 }, { retryAfter: [1, 1] }),
  limited('a garbage header', { as: 'garbage' }, { retryAfter: [5, 5] }),
  limited('a negative header', { as: 'negative' }, { retryAfter: [5, 5] }),
  // Bounded to a day.
  limited(
    'a huge header',
    { as: 'huge' },
    { retried: false, retryAfter: [86_400, 86_400] },
    headersUnseen,
  ),
]

export const REFUSALS: readonly Row[] = [
  {
    name: 'quota used up',
    fault: { kind: 'quota' },
    expected: ({ vendor }) => ({
      kind: 'quota_exhausted',
      status: vendor === 'anthropic' ? 400 : 429,
    }),
  },
  {
    name: 'spending limit',
    fault: { kind: 'spend_limit' },
    // Google's says so in words only, and unknown means too fast.
    expected: ({ vendor }) => ({
      kind: vendor === 'google' ? 'rate_limited' : 'quota_exhausted',
      status: vendor === 'openai' ? 400 : 429,
    }),
  },
  {
    name: 'input longer than the window',
    fault: { kind: 'context_length' },
    // OpenAI, who stands in for Google, has the smaller window.
    expected: ({ vendor }) => ({
      kind: 'context_length',
      status: 400,
      failsOver: vendor !== 'google',
    }),
  },
  {
    name: 'content filter',
    fault: { kind: 'content_filter' },
    expected: () => ({ kind: 'content_filter', charge: 'all' }),
  },
  {
    name: 'refusal',
    fault: { kind: 'content_filter', form: 'refusal' },
    expected: () => ({ kind: 'content_filter', charge: 'all' }),
  },
  {
    name: 'blocked prompt',
    fault: { kind: 'content_filter', form: 'prompt' },
    expected: ({ vendor }) => ({
      kind: 'content_filter',
      ...(vendor === 'google' ? { charge: 'all' } : { status: 400 }),
    }),
  },
]
