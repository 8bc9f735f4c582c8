import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MAX_RETRY_AFTER_MS,
  durationMs,
  explicitRetryAfterMs,
  retryAfterMs,
} from '../../../src/features/providers/retry-after.js'

const NOW = Date.UTC(2026, 0, 1)
const wait = (headers: Record<string, string | undefined>): number | undefined =>
  retryAfterMs(headers, NOW)

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after-ms': '1500' }, 1500],
    [{ 'retry-after-ms': '1.2' }, 2],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after': ' 3 ' }, 3_000],
    [{ 'Retry-After': '3' }, 3_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }, 7_000],
    [{ 'retry-after': 'Thursday, 01-Jan-26 00:00:07 GMT' }, 7_000],
    [{ 'x-ratelimit-reset-requests': '1s' }, 1_000],
    [{ 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
    [{ 'x-ratelimit-reset-requests': '20ms' }, 20],
    [{ 'x-ratelimit-reset-requests': '1h2m3.5s' }, 3_723_500],
    [{ 'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:05Z' }, 5_000],
    [{ 'anthropic-ratelimit-input-tokens-reset': '2026-01-01T02:00:05.250+02:00' }, 5_250],
  ])('reads %j as %d ms', (headers, expected) => {
    expect(wait(headers)).toBe(expected)
  })

  it.each([
    [{}],
    [{ 'retry-after': undefined }],
    [{ 'retry-after': '' }],
    [{ 'retry-after': 'soon' }],
    [{ 'retry-after': '-5' }],
    [{ 'retry-after': '1e3' }],
    [{ 'retry-after': 'NaN' }],
    [{ 'retry-after': 'May 2027' }],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }],
    [{ 'retry-after': 'Wed, 99 Dec 2026 23:59:00 GMT' }],
    [{ 'retry-after-ms': '-1' }],
    [{ 'x-ratelimit-reset-requests': '-1s' }],
    [{ 'x-ratelimit-reset-requests': '10' }],
    [{ 'anthropic-ratelimit-requests-reset': '2025-12-31T23:59:59Z' }],
    [{ 'anthropic-ratelimit-requests-reset': '2027' }],
  ])('finds nothing to wait for in %j', (headers) => {
    expect(wait(headers)).toBeUndefined()
  })

  it('asks the most exact header first and falls back when it is garbage', () => {
    expect(wait({ 'retry-after-ms': '10', 'retry-after': '5' })).toBe(10)
    expect(wait({ 'retry-after-ms': 'x', 'retry-after': '5' })).toBe(5_000)
    expect(wait({ 'retry-after': 'x', 'x-ratelimit-reset-tokens': '4s' })).toBe(4_000)
  })

  it('waits for the exhausted limit, not for one that still has room', () => {
    const headers = {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '4000',
      'x-ratelimit-reset-tokens': '6m0s',
    }
    expect(wait(headers)).toBe(1_000)
    expect(wait({ ...headers, 'x-ratelimit-remaining-requests': undefined })).toBe(360_000)
  })

  it('reads fetch headers and takes none for nothing', () => {
    expect(retryAfterMs(new Headers({ 'Retry-After': '2' }), NOW)).toBe(2_000)
    expect(retryAfterMs(undefined, NOW)).toBeUndefined()
  })

  it('never waits longer than a day', () => {
    expect(wait({ 'retry-after': '99999999999' })).toBe(MAX_RETRY_AFTER_MS)
    expect(wait({ 'retry-after': '9'.repeat(400) })).toBe(MAX_RETRY_AFTER_MS)
    expect(durationMs('99999h')).toBe(MAX_RETRY_AFTER_MS)
  })

  it('leaves rate-limit resets aside where only an explicit wish counts', () => {
    expect(explicitRetryAfterMs({ 'x-ratelimit-reset-requests': '1s' }, NOW)).toBeUndefined()
    expect(explicitRetryAfterMs({ 'retry-after': '1' }, NOW)).toBe(1_000)
  })

  it('never throws and never answers with a negative or huge wait, whatever the headers hold', () => {
    const name = fc.constantFrom(
      'retry-after-ms',
      'Retry-After',
      'x-ratelimit-reset-requests',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-reset-tokens',
      'anthropic-ratelimit-tokens-reset',
      '__proto__',
    )
    const date = fc
      .date({ min: new Date(0), max: new Date(8e14), noInvalidDate: true })
      .chain((at) => fc.constantFrom(at.toUTCString(), at.toISOString()))
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.stringMatching(/^[0-9.]{1,9}(ms|s|m|h|d)([0-9]{1,3}s)?$/),
      date,
      fc.constant(undefined),
    )
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.double(), (headers, now) => {
        const ms = retryAfterMs(headers, now)
        if (ms === undefined) return
        expect(Number.isInteger(ms)).toBe(true)
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS)
      }),
      { numRuns: 2_000 },
    )
  })
})
