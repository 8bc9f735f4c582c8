import { APIConnectionError, APIConnectionTimeoutError, APIUserAbortError } from 'openai'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProviderError } from '../../../src/errors.js'
import {
  callError,
  errorToken,
  httpError,
  transportError,
} from '../../../src/features/providers/transport-error.js'

const open = new AbortController().signal
const coded = (code: string, cause?: unknown): Error =>
  Object.assign(new Error('SECRET', { cause }), { code })
const facts = (error: unknown): unknown => transportError(error, open).facts

describe('transportError', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'EPROTO',
  ])('calls %s a failure of the network', (causeCode) => {
    expect(facts(new TypeError('fetch failed', { cause: coded(causeCode) }))).toEqual({
      reason: 'network',
      causeCode,
    })
  })

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE', 'ECONNABORTED'])(
    'calls %s a reset connection',
    (causeCode) => {
      const cause = new TypeError('fetch failed', { cause: coded(causeCode) })
      expect(facts(new APIConnectionError({ message: 'x', cause }))).toEqual({
        reason: 'connection_reset',
        causeCode,
      })
    },
  )

  it.each(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'])(
    'calls %s a timeout',
    (causeCode) => {
      expect(facts(coded(causeCode))).toEqual({ reason: 'timeout', causeCode })
    },
  )

  it('finds the code in what an aggregate holds', () => {
    const all = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
    expect(facts(new TypeError('fetch failed', { cause: all }))).toEqual({
      reason: 'network',
      causeCode: 'ECONNREFUSED',
    })
  })

  it('judges by class where no code is', () => {
    expect(facts(new TypeError('terminated'))).toEqual({ reason: 'connection_reset' })
    expect(facts(new TypeError('fetch failed'))).toEqual({ reason: 'network' })
    expect(facts(new SyntaxError('SECRET'))).toEqual({ reason: 'bad_response' })
    expect(facts(new APIConnectionTimeoutError())).toEqual({ reason: 'timeout' })
    expect(facts(new APIConnectionError({ message: 'x' }))).toEqual({ reason: 'network' })
    expect(facts(new APIConnectionError({ message: 'x', cause: new Error('y') }))).toEqual({
      reason: 'network',
    })
    expect(facts(new APIUserAbortError())).toEqual({ reason: 'aborted' })
    expect(facts(new DOMException('x', 'AbortError'))).toEqual({ reason: 'timeout' })
    expect(facts(new DOMException('x', 'TimeoutError'))).toEqual({ reason: 'timeout' })
    expect(facts(new TypeError('x is not a function'))).toEqual({ reason: 'bad_response' })
  })

  it('says aborted for everything once the signal is, but keeps what is already known', () => {
    const signal = AbortSignal.abort()
    expect(transportError(coded('ECONNRESET'), signal).facts).toEqual({ reason: 'aborted' })
    const known = new ProviderError({ status: 503 })
    expect(transportError(known, signal)).toBe(known)
  })

  it('makes a ProviderError of any value, also of circles and of getters that throw', () => {
    const circle = new Error('SECRET')
    circle.cause = circle
    const trap = Object.defineProperty({}, 'cause', {
      get: () => {
        throw new Error('SECRET')
      },
    })
    const bare: unknown = Object.create(null)
    for (const value of [circle, trap, bare]) {
      expect(facts(value)).toEqual({ reason: 'bad_response' })
    }
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const error = callError(value, open)
        expect(ProviderError.isInstance(error)).toBe(true)
        expect(error.cause).toBeUndefined()
      }),
    )
  })
})

describe('httpError', () => {
  it('keeps a vendor type only when it cannot be free text', () => {
    expect(errorToken('insufficient_quota')).toBe('insufficient_quota')
    for (const text of ['Rate limit reached', '', 'x'.repeat(65), 429, null, undefined]) {
      expect(errorToken(text)).toBeUndefined()
    }
    expect(httpError({ status: 400, type: 'your prompt', now: 0 }).facts.type).toBeUndefined()
  })

  it('counts rate-limit resets for 429 only', () => {
    const headers = { 'x-ratelimit-reset-requests': '1s' }
    expect(httpError({ status: 429, headers, now: 0 }).facts.retryAfterMs).toBe(1_000)
    expect(httpError({ status: 500, headers, now: 0 }).facts.retryAfterMs).toBeUndefined()
    const explicit = { 'retry-after': '3' }
    expect(httpError({ status: 503, headers: explicit, now: 0 }).facts.retryAfterMs).toBe(3_000)
  })
})
