import { describe, expect, it } from 'vitest'
import { ProviderError } from '../../../src/errors.js'
import type { ProviderErrorFacts } from '../../../src/errors.js'
import { classify } from '../../../src/features/resilience/classify.js'
import { publicError } from '../../../src/features/resilience/public-error.js'
import type { NamedFailure } from '../../../src/features/resilience/public-error.js'

const failed = (provider: string, facts: ProviderErrorFacts, duration_ms = 12.4): NamedFailure => ({
  provider,
  model: 'm1',
  failure: classify(new ProviderError(facts)),
  duration_ms,
})
const outcome = (...failures: NamedFailure[]) => {
  const { code, details, retryable } = publicError(failures, 'req_1')
  return [code, details.reason, retryable]
}

describe('publicError', () => {
  it('carries the request id, the deciding kind and every attempt without upstream text', () => {
    const error = publicError(
      [failed('a', { status: 500 }), failed('b', { status: 401, type: 'sk-secret' }, 3)],
      'req_1',
    )
    expect(error.request_id).toBe('req_1')
    expect(error.details).toEqual({
      reason: 'auth',
      attempts: [
        { provider: 'a', model: 'm1', kind: 'server_error', ms: 12 },
        { provider: 'b', model: 'm1', kind: 'auth', ms: 3 },
      ],
    })
    expect(JSON.stringify(error)).not.toContain('sk-secret')
    expect(error.cause).toBeUndefined()
  })

  it('prefers a timeout to everything that other providers failed with', () => {
    expect(
      outcome(
        failed('a', { reason: 'timeout' }),
        failed('b', { status: 429 }),
        failed('c', { status: 401 }),
      ),
    ).toEqual(['TIMEOUT', 'timeout', true])
    expect(outcome(failed('a', { reason: 'stream_idle' }))).toEqual([
      'TIMEOUT',
      'stream_idle',
      true,
    ])
  })

  it('is RATE_LIMITED when every provider limits the rate, with the shortest wait in seconds', () => {
    const error = publicError(
      [
        failed('a', { status: 429, retryAfterMs: 9_000 }),
        failed('b', { status: 429, retryAfterMs: 2_100 }),
        failed('c', { status: 429 }),
      ],
      'req_1',
    )
    expect([error.code, error.details.retry_after]).toEqual(['RATE_LIMITED', 3])
  })

  it('takes the last word of a provider that was asked twice for the wait', () => {
    const error = publicError(
      [
        failed('a', { status: 429, retryAfterMs: 1_000 }),
        failed('b', { status: 429, retryAfterMs: 30_000 }),
        failed('a', { status: 429, retryAfterMs: 20_000 }),
      ],
      'req_1',
    )
    expect(error.details.retry_after).toBe(20)
  })

  it('never tells to wait for zero seconds', () => {
    const error = publicError([failed('a', { status: 429, retryAfterMs: 0 })], 'req_1')
    expect(error.details.retry_after).toBe(1)
  })

  it('is PROVIDER_UNAVAILABLE without retry_after when only some limit the rate', () => {
    const error = publicError([failed('a', { status: 429 }), failed('b', { status: 503 })], 'req_1')
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_UNAVAILABLE', 'overloaded'])
    expect(error.details).not.toHaveProperty('retry_after')
  })

  it('never answers 401: a refused key is PROVIDER_UNAVAILABLE, and trying again is useless', () => {
    expect(outcome(failed('a', { status: 401 }))).toEqual(['PROVIDER_UNAVAILABLE', 'auth', false])
    expect(outcome(failed('a', { status: 402 }))).toEqual([
      'PROVIDER_UNAVAILABLE',
      'quota_exhausted',
      false,
    ])
    expect(outcome(failed('a', { status: 401 }), failed('b', { status: 500 }))[2]).toBe(true)
  })

  it('blames the request where a provider ended the attempts by refusing it', () => {
    expect(
      outcome(failed('a', { status: 500 }), failed('b', { reason: 'content_filter' })),
    ).toEqual(['INVALID_REQUEST', 'content_filter', false])
    expect(outcome(failed('a', { reason: 'timeout' }), failed('b', { status: 422 }))).toEqual([
      'INVALID_REQUEST',
      'invalid_request',
      false,
    ])
  })

  it('blames the size of the request only where every provider did', () => {
    const long = failed('a', { type: 'context_length_exceeded' })
    expect(outcome(long)).toEqual(['INVALID_REQUEST', 'context_length', false])
    expect(outcome(failed('a', { status: 413 }))).toEqual(['INVALID_REQUEST', 'too_large', false])
    expect(outcome(failed('b', { status: 500 }), long)).toEqual([
      'PROVIDER_UNAVAILABLE',
      'server_error',
      true,
    ])
  })

  it('is MODEL_NOT_SUPPORTED when no provider knows the model', () => {
    const unknown = failed('a', { status: 404 })
    expect(outcome(unknown, failed('b', { status: 404 }))).toEqual([
      'MODEL_NOT_SUPPORTED',
      'model_not_found',
      false,
    ])
    expect(outcome(unknown, failed('b', { status: 503 }))[0]).toBe('PROVIDER_UNAVAILABLE')
  })

  it('is INTERNAL_ERROR when all that came was no ProviderError', () => {
    const broken = { ...failed('a', {}), failure: classify(new TypeError('sk-secret')) }
    const error = publicError([broken], 'req_1')
    expect([error.code, error.details.reason]).toEqual(['INTERNAL_ERROR', 'internal'])
    expect(JSON.stringify(error)).not.toContain('sk-secret')
  })

  it('is TIMEOUT when the deadline ended the attempts, before the first or after others', () => {
    for (const failures of [[], [failed('a', { status: 500 })]]) {
      const error = publicError(failures, 'req_1', 'deadline')
      expect([error.code, error.details.reason]).toEqual(['TIMEOUT', 'timeout'])
    }
  })

  it('is ABORTED when the caller left', () => {
    expect(publicError([failed('a', { status: 500 })], 'req_1', 'aborted').code).toBe('ABORTED')
    expect(outcome(failed('a', { reason: 'aborted' }))[0]).toBe('ABORTED')
  })
})
