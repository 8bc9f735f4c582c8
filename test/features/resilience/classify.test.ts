import { describe, expect, it } from 'vitest'
import { ProviderError, RaptorflowError } from '../../../src/errors.js'
import type { ProviderErrorFacts } from '../../../src/errors.js'
import { classify } from '../../../src/features/resilience/classify.js'
import type { Failure } from '../../../src/features/resilience/failure.js'

const judged = (facts: ProviderErrorFacts): Failure => classify(new ProviderError(facts))

/** What a row of the failure catalogue says: facts -> kind, retry, failover, cost, health. */
type Row = [
  name: string,
  facts: ProviderErrorFacts,
  kind: Failure['kind'],
  traits: `${'retry' | 'final'} ${'failover' | 'stay'} ${'free' | 'estimate'} ${'unhealthy' | 'healthy'}`,
]

const rows: Row[] = [
  ['429', { status: 429 }, 'rate_limited', 'retry failover free unhealthy'],
  [
    '429 of OpenAI',
    { status: 429, type: 'rate_limit_exceeded' },
    'rate_limited',
    'retry failover free unhealthy',
  ],
  [
    '429 of an unknown type',
    { status: 429, type: 'brand_new' },
    'rate_limited',
    'retry failover free unhealthy',
  ],
  [
    '429 insufficient_quota',
    { status: 429, type: 'insufficient_quota' },
    'quota_exhausted',
    'final failover free unhealthy',
  ],
  ['402', { status: 402 }, 'quota_exhausted', 'final failover free unhealthy'],
  [
    '402 billing_error',
    { status: 402, type: 'billing_error' },
    'quota_exhausted',
    'final failover free unhealthy',
  ],
  [
    '400 usage_limits',
    { status: 400, type: 'usage_limits' },
    'quota_exhausted',
    'final failover free unhealthy',
  ],
  [
    '429 quota per day',
    { status: 429, type: 'quota_exhausted_per_day' },
    'quota_exhausted',
    'final failover free unhealthy',
  ],
  ['500', { status: 500 }, 'server_error', 'retry failover free unhealthy'],
  ['502', { status: 502 }, 'server_error', 'retry failover free unhealthy'],
  ['503', { status: 503 }, 'overloaded', 'retry failover free unhealthy'],
  ['504', { status: 504 }, 'server_error', 'retry failover free unhealthy'],
  ['529', { status: 529, type: 'overloaded_error' }, 'overloaded', 'retry failover free unhealthy'],
  ['408', { status: 408 }, 'server_error', 'retry failover free unhealthy'],
  ['Cloudflare 522', { status: 522 }, 'server_error', 'retry failover free unhealthy'],
  [
    'in-stream overloaded_error',
    { type: 'overloaded_error' },
    'overloaded',
    'retry failover free unhealthy',
  ],
  [
    'in-stream overloaded_error with the 200',
    { status: 200, type: 'overloaded_error' },
    'overloaded',
    'retry failover free unhealthy',
  ],
  ['in-stream api_error', { type: 'api_error' }, 'server_error', 'retry failover free unhealthy'],
  [
    'in-stream RESOURCE_EXHAUSTED',
    { type: 'RESOURCE_EXHAUSTED' },
    'rate_limited',
    'retry failover free unhealthy',
  ],
  ['no facts at all', {}, 'server_error', 'retry failover free unhealthy'],
  [
    'ECONNREFUSED',
    { reason: 'network', causeCode: 'ECONNREFUSED' },
    'network',
    'final failover free unhealthy',
  ],
  [
    'ENOTFOUND',
    { reason: 'network', causeCode: 'ENOTFOUND' },
    'network',
    'final failover free unhealthy',
  ],
  [
    'EAI_AGAIN',
    { reason: 'network', causeCode: 'EAI_AGAIN' },
    'network',
    'retry failover free unhealthy',
  ],
  [
    'an expired certificate',
    { reason: 'network', causeCode: 'CERT_HAS_EXPIRED' },
    'network',
    'final failover free unhealthy',
  ],
  ['a cause code alone', { causeCode: 'ECONNREFUSED' }, 'network', 'final failover free unhealthy'],
  [
    'ECONNRESET',
    { reason: 'connection_reset', causeCode: 'ECONNRESET' },
    'connection_reset',
    'retry failover estimate unhealthy',
  ],
  [
    'ECONNRESET that an adapter calls network',
    { reason: 'network', causeCode: 'ECONNRESET' },
    'connection_reset',
    'retry failover estimate unhealthy',
  ],
  [
    'UND_ERR_SOCKET alone',
    { causeCode: 'UND_ERR_SOCKET' },
    'connection_reset',
    'retry failover estimate unhealthy',
  ],
  ['a timeout', { reason: 'timeout' }, 'timeout', 'final failover estimate unhealthy'],
  ['an idle stream', { reason: 'stream_idle' }, 'stream_idle', 'retry failover estimate unhealthy'],
  [
    'a truncated stream',
    { reason: 'stream_truncated' },
    'stream_truncated',
    'retry failover estimate unhealthy',
  ],
  [
    'a bad response',
    { reason: 'bad_response', status: 200 },
    'bad_response',
    'retry failover estimate unhealthy',
  ],
  ['a redirect', { status: 302 }, 'bad_response', 'retry failover estimate unhealthy'],
  ['an empty answer', { reason: 'empty' }, 'empty', 'retry failover estimate unhealthy'],
  ['a content filter', { reason: 'content_filter' }, 'content_filter', 'final stay free healthy'],
  [
    '400 content_policy_violation',
    { status: 400, type: 'content_policy_violation' },
    'content_filter',
    'final stay free healthy',
  ],
  [
    '400 context_length_exceeded',
    { status: 400, type: 'context_length_exceeded' },
    'context_length',
    'final failover free healthy',
  ],
  [
    '400',
    { status: 400, type: 'invalid_request_error' },
    'invalid_request',
    'final stay free healthy',
  ],
  ['422', { status: 422 }, 'invalid_request', 'final stay free healthy'],
  [
    '400 unsupported_parameter',
    { status: 400, type: 'unsupported_parameter' },
    'invalid_request',
    'final failover free healthy',
  ],
  ['401', { status: 401, type: 'invalid_request_error' }, 'auth', 'final failover free unhealthy'],
  ['403', { status: 403 }, 'auth', 'final failover free unhealthy'],
  [
    '400 API_KEY_INVALID',
    { status: 400, type: 'API_KEY_INVALID' },
    'auth',
    'final failover free unhealthy',
  ],
  [
    '404',
    { status: 404, type: 'not_found_error' },
    'model_not_found',
    'final failover free healthy',
  ],
  ['413', { status: 413, type: 'request_too_large' }, 'too_large', 'final failover free healthy'],
  [
    'an answer beyond the cap',
    { reason: 'answer_too_large' },
    'answer_too_large',
    'final stay estimate healthy',
  ],
  ['an abort', { reason: 'aborted' }, 'aborted', 'final stay estimate healthy'],
]

describe('classify', () => {
  it.each(rows)('judges %s', (_name, facts, kind, traits) => {
    const failure = judged(facts)
    expect(failure.kind).toBe(kind)
    expect(
      [
        failure.retryable ? 'retry' : 'final',
        failure.failoverable ? 'failover' : 'stay',
        failure.billable === 'no' ? 'free' : failure.billable,
        failure.countsForHealth ? 'unhealthy' : 'healthy',
      ].join(' '),
    ).toBe(traits)
    expect(failure.status).toBe(facts.status)
  })

  it('bills reported usage whatever the kind', () => {
    const usage = { input: 7, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 }
    expect(judged({ status: 500, usage })).toMatchObject({ billable: 'reported', usage })
    expect(judged({ reason: 'content_filter', usage })).toMatchObject({ billable: 'reported' })
  })

  it('asks for a larger context after context_length only', () => {
    expect(judged({ type: 'context_length_exceeded' }).needsLargerContext).toBe(true)
    expect(judged({ status: 413 }).needsLargerContext).toBe(false)
  })

  it.each<[string, ProviderErrorFacts, number]>([
    ['a rate limit without a header', { status: 429 }, 5_000],
    ['a rate limit with a shorter header', { status: 429, retryAfterMs: 700 }, 700],
    ['a rate limit with a header of an hour', { status: 429, retryAfterMs: 3_600_000 }, 60_000],
    ['a rate limit with a negative header', { status: 429, retryAfterMs: -1 }, 5_000],
    ['a rate limit with a header that is no number', { status: 429, retryAfterMs: NaN }, 5_000],
    ['an exhausted quota', { status: 402, retryAfterMs: 1_000 }, 300_000],
    [
      'an exhausted quota with a header of an hour',
      { status: 402, retryAfterMs: 3_600_000 },
      3_600_000,
    ],
    ['an overload', { status: 503 }, 0],
    ['an overload with a header', { status: 503, retryAfterMs: 4_000 }, 4_000],
    ['a refused key', { status: 401 }, 300_000],
    ['an unknown model', { status: 404 }, 300_000],
    ['a refused request', { status: 400 }, 0],
  ])('cools down after %s', (_name, facts, cooldownMs) => {
    expect(judged(facts).cooldownMs).toBe(cooldownMs)
  })

  it('fails over when a package is missing', () => {
    const error = new RaptorflowError('PROVIDER_UNAVAILABLE', 'install it', {
      details: { reason: 'package_missing' },
    })
    expect(classify(error)).toMatchObject({
      kind: 'package_missing',
      retryable: false,
      failoverable: true,
      billable: 'no',
    })
  })

  it('understands the errors of another client and of a full queue', () => {
    const full = new RaptorflowError('RATE_LIMITED', 'full', { details: { retry_after: 1 } })
    expect(classify(full)).toMatchObject({ kind: 'rate_limited', retryAfterMs: 1_000 })
    expect(classify(new RaptorflowError('UNAUTHORIZED', 'who?')).kind).toBe('auth')
    expect(classify(new RaptorflowError('INTERNAL_ERROR', 'oh')).kind).toBe('internal')
  })

  it.each([[new Error('boom')], ['text'], [undefined], [null], [{ facts: { status: 429 } }]])(
    'calls %s internal, fails over and does not retry',
    (thrown) => {
      expect(classify(thrown)).toMatchObject({
        kind: 'internal',
        retryable: false,
        failoverable: true,
      })
    },
  )
})
