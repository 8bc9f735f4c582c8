import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fakeVendors } from '../../../src/testing/index.js'
import { DRIVERS, MODES, codesOf, failureOf, stateAfter } from './sdk-drivers.js'
import type {
  FakeVendors,
  RetryAfter,
  VendorErrorStatus,
  VendorFault,
} from '../../../src/testing/index.js'

let vendors: FakeVendors

beforeAll(async () => {
  vendors = await fakeVendors({ answer: { chunks: ['one ', 'two ', 'three ', 'four'] } })
})
beforeEach(() => vendors.reset())
afterAll(() => vendors.close())

const STATUSES: readonly VendorErrorStatus[] = [
  400, 401, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529,
]

const ERROR_TYPES = {
  openai: {
    401: 'invalid_api_key',
    404: 'model_not_found',
    429: 'rate_limit_exceeded',
    500: 'server_error',
    503: 'server_error',
  },
  anthropic: {
    401: 'authentication_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    500: 'api_error',
    504: 'timeout_error',
    529: 'overloaded_error',
  },
  google: {
    400: 'INVALID_ARGUMENT',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    500: 'INTERNAL',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  },
}

/** What an error says, with its fields. */
function wordsOf(error: Error): string {
  return `${error.message} ${JSON.stringify(error)}`
}

describe.each(DRIVERS)('faults of fake %s over the real SDK', (vendor, driverOf) => {
  describe.each(MODES)('%s', (mode) => {
    const ask = (fault: VendorFault): ReturnType<ReturnType<typeof driverOf>['unary']> => {
      vendors.script({ vendor, fault, times: 1 })
      return driverOf(vendors)[mode]()
    }

    it.each(STATUSES)("status %s arrives with the vendor's own body", async (status) => {
      const error = await failureOf(ask({ kind: 'status', status }))
      expect(error).toMatchObject({ status })
      const types: Partial<Record<VendorErrorStatus, string>> = ERROR_TYPES[vendor]
      expect(wordsOf(error)).toContain(types[status] ?? '')
      expect(vendors.requests[0]?.status).toBe(status)
    })

    it.each([
      ['quota', { openai: 429, anthropic: 400, google: 429 }],
      ['spend_limit', { openai: 400, anthropic: 429, google: 429 }],
      ['context_length', { openai: 400, anthropic: 400, google: 400 }],
    ] as const)('%s is told as the vendor tells it', async (kind, statuses) => {
      const error = await failureOf(ask({ kind }))
      expect(error).toMatchObject({ status: statuses[vendor] })
      expect(wordsOf(error)).toContain(
        {
          quota: {
            openai: 'insufficient_quota',
            anthropic: 'reached your specified API usage limits',
            google: 'GenerateRequestsPerDay',
          },
          spend_limit: {
            openai: 'billing_hard_limit_reached',
            anthropic: 'enforced_spend_limit_reached',
            google: 'spending cap',
          },
          context_length: {
            openai: 'context_length_exceeded',
            anthropic: 'prompt is too long',
            google: 'exceeds the maximum number of tokens',
          },
        }[kind][vendor],
      )
    })

    it('reset breaks the connection before any answer', async () => {
      const error = await failureOf(ask({ kind: 'reset' }))
      expect(codesOf(error)).toContain('ECONNRESET')
      expect(vendors.requests[0]).toMatchObject({ status: undefined, closedByClient: false })
    })

    it('closed ends the connection before any answer', async () => {
      const error = await failureOf(ask({ kind: 'closed' }))
      expect(codesOf(error)).toContain('UND_ERR_SOCKET')
    })

    it('stall at the headers sends nothing at all', async () => {
      const driver = driverOf(vendors)
      const controller = new AbortController()
      vendors.script({ fault: { kind: 'stall', at: 'headers' } })
      const asked = driver[mode]({ signal: controller.signal })
      await expect.poll(() => vendors.hits()).toBe(1)
      expect(await stateAfter(asked, 60)).toBe('pending')
      expect(driver.last()).toBeUndefined()
      controller.abort()
      await failureOf(asked)
      await expect.poll(() => vendors.requests[0]?.closedByClient).toBe(true)
    })

    it('stall in the body sends the headers and some content, then nothing', async () => {
      const driver = driverOf(vendors)
      const controller = new AbortController()
      let pieces = 0
      vendors.script({ fault: { kind: 'stall', at: 'body', afterChunks: 2 } })
      const asked = driver[mode]({ signal: controller.signal, onText: () => pieces++ })
      await expect.poll(() => driver.last()?.status).toBe(200)
      await expect.poll(() => pieces).toBe(mode === 'stream' ? 2 : 0)
      expect(await stateAfter(asked, 60)).toBe('pending')
      expect(pieces).toBe(mode === 'stream' ? 2 : 0)
      controller.abort()
      await asked.catch(() => undefined)
      await expect.poll(() => vendors.requests[0]?.closedByClient).toBe(true)
    })

    it('slow first byte is slow and then well', async () => {
      const started = performance.now()
      const seen = await ask({ kind: 'slow_first_byte', ms: 60 })
      expect(performance.now() - started).toBeGreaterThanOrEqual(59)
      expect(seen.text).toBe('one two three four')
    })

    it('cut breaks the socket in the middle of the body', async () => {
      const driver = driverOf(vendors)
      vendors.script({ fault: { kind: 'cut', afterChunks: 2 } })
      let pieces = 0
      const error = await failureOf(driver[mode]({ onText: () => pieces++ }))
      expect(driver.last()?.status).toBe(200)
      expect(codesOf(error)).toContain('UND_ERR_SOCKET')
      expect(pieces).toBe(mode === 'stream' ? 2 : 0)
    })

    it('malformed JSON is an error or, in a stream, cut JSON on the wire', async () => {
      const error = await failureOf(ask({ kind: 'malformed', what: 'json' }))
      expect(error.message).toMatch(/JSON/i)
    })

    it.each([
      ['html', 'text/html; charset=UTF-8', '<html>'],
      ['{}', 'application/json', '{}'],
      ['null', 'application/json', 'null'],
      ['', 'application/json', ''],
    ] as const)('body %j comes with status 200', async (body, type, start) => {
      const driver = driverOf(vendors)
      vendors.script({ fault: { kind: 'body', body }, times: 2 })
      // SDKs resolve, reject or crash here: what counts is what was sent.
      await driver[mode]().catch(() => undefined)
      expect(driver.last()?.status).toBe(200)
      expect(driver.last()?.headers.get('content-type')).toBe(type)
      const { path, body: asked, headers } = vendors.requests[0]!
      const raw = await fetch(`${vendors.url}${path}`, {
        method: 'POST',
        headers: { ...headers, 'x-goog-api-key': 'k', 'x-api-key': 'k', authorization: 'Bearer k' },
        body: JSON.stringify(asked),
      })
      expect((await raw.text()).slice(0, start.length || 1)).toBe(start)
    })

    it('empty is a finished answer without content', async () => {
      const seen = await ask({ kind: 'empty' })
      expect(seen.text).toBe('')
      expect(seen.finish).toBe({ openai: 'stop', anthropic: 'end_turn', google: 'STOP' }[vendor])
    })

    it("content filter finishes with the vendor's reason", async () => {
      const seen = await ask({ kind: 'content_filter' })
      expect(seen).toMatchObject({
        text: '',
        finish: { openai: 'content_filter', anthropic: 'refusal', google: 'SAFETY' }[vendor],
      })
    })

    it('a refused prompt is a 400, with Gemini a block reason without candidates', async () => {
      const asked = ask({ kind: 'content_filter', form: 'prompt' })
      if (vendor === 'google') expect((await asked).finish).toBe('SAFETY')
      else expect(await failureOf(asked)).toMatchObject({ status: 400 })
    })

    it('a refusal comes in words where the vendor has them', async () => {
      const seen = await ask({ kind: 'content_filter', form: 'refusal' })
      expect(seen.finish).toBe(
        { openai: 'stop', anthropic: 'refusal', google: 'PROHIBITED_CONTENT' }[vendor],
      )
      if (vendor === 'openai') expect(seen.text).toContain("can't help")
    })

    it('keep-alives hold the connection open without content', async () => {
      const driver = driverOf(vendors)
      const controller = new AbortController()
      vendors.script({ fault: { kind: 'keep_alive', everyMs: 5 } })
      const asked = driver[mode]({ signal: controller.signal })
      await expect.poll(() => driver.last()?.status).toBe(200)
      expect(await stateAfter(asked, 60)).toBe('pending')
      controller.abort()
      await asked.catch(() => undefined)
      await expect.poll(() => vendors.requests[0]?.closedByClient).toBe(true)
    })
  })

  it('truncated ends a stream in good order without its terminal marker', async () => {
    vendors.script({ fault: { kind: 'truncated', afterChunks: 3 } })
    const seen = await driverOf(vendors).stream()
    expect(seen).toMatchObject({ text: 'one two three ', terminal: false, finish: undefined })
  })

  it('truncated leaves only half of a unary body', async () => {
    vendors.script({ fault: { kind: 'truncated' } })
    expect((await failureOf(driverOf(vendors).unary())).message).toMatch(/JSON/i)
  })

  it('truncated after 0 chunks sends no content', async () => {
    vendors.script({ fault: { kind: 'truncated', afterChunks: 0 } })
    expect(await driverOf(vendors).stream()).toMatchObject({ text: '', terminal: false })
  })

  it('truncated after all chunks still lacks the terminal marker', async () => {
    vendors.script({ fault: { kind: 'truncated', afterChunks: 99 } })
    const seen = await driverOf(vendors).stream()
    expect(seen).toMatchObject({ text: 'one two three four', terminal: false })
  })

  it('a malformed line loses its piece of a stream that goes on', async () => {
    vendors.script({ fault: { kind: 'malformed', what: 'line' } })
    const seen = await driverOf(vendors).stream()
    expect(seen).toMatchObject({ text: 'one three four', terminal: true })
  })

  it('a stream error follows the 200 and the first pieces', async () => {
    const driver = driverOf(vendors)
    vendors.script({ fault: { kind: 'stream_error', afterChunks: 2 } })
    let pieces = 0
    const error = await failureOf(driver.stream({ onText: () => pieces++ }))
    expect(driver.last()?.status).toBe(200)
    expect(pieces).toBe(2)
    expect(wordsOf(error)).toContain(
      { openai: 'server_error', anthropic: 'overloaded_error', google: 'UNAVAILABLE' }[vendor],
    )
  })

  it('a stream error is an HTTP error for a unary call', async () => {
    vendors.script({ fault: { kind: 'stream_error' } })
    expect(await failureOf(driverOf(vendors).unary())).toMatchObject({
      status: vendor === 'anthropic' ? 529 : 503,
    })
  })

  describe('when to come back', () => {
    const headersFor = async (retryAfter: RetryAfter): Promise<Headers> => {
      const driver = driverOf(vendors)
      vendors.script({ fault: { kind: 'status', status: 429, retryAfter }, times: 1 })
      await failureOf(driver.unary())
      return driver.last()!.headers
    }

    it('stands in Retry-After as seconds, as a date, and as rubbish', async () => {
      const seconds = await headersFor({ as: 'seconds', ms: 2_500 })
      expect(seconds.get('retry-after')).toBe('2.5')
      const date = (await headersFor({ as: 'http_date', ms: 90_000 })).get('retry-after')
      expect(Date.parse(date ?? '') - Date.now()).toBeGreaterThan(80_000)
      expect((await headersFor({ as: 'garbage' })).get('retry-after')).toBe('soon')
      expect((await headersFor({ as: 'negative' })).get('retry-after')).toBe('-5')
      expect((await headersFor({ as: 'huge' })).get('retry-after')).toBe('99999999999')
    })

    it('stands in retry-after-ms as milliseconds', async () => {
      const headers = await headersFor({ as: 'milliseconds', ms: 1_500 })
      expect(headers.get('retry-after-ms')).toBe('1500')
      expect(headers.get('retry-after')).toBeNull()
    })

    it("stands where the vendor's rate limits stand", async () => {
      const driver = driverOf(vendors)
      const retryAfter = { as: 'rate_limit_reset', ms: 61_500 } as const
      vendors.script({ fault: { kind: 'status', status: 429, retryAfter } })
      const error = await failureOf(driver.unary())
      const headers = driver.last()!.headers
      switch (vendor) {
        case 'openai':
          expect(headers.get('x-ratelimit-reset-requests')).toBe('1m1.5s')
          break
        case 'anthropic': {
          const reset = headers.get('anthropic-ratelimit-requests-reset') ?? ''
          expect(Date.parse(reset) - Date.now()).toBeGreaterThan(60_000)
          break
        }
        case 'google':
          expect(error.message).toContain('"retryDelay":"61.5s"')
      }
    })

    it('is missing unless asked for', async () => {
      const driver = driverOf(vendors)
      vendors.script({ fault: { kind: 'status', status: 429 } })
      await failureOf(driver.unary())
      expect(driver.last()?.headers.get('retry-after')).toBeNull()
    })
  })
})
