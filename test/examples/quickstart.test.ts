import { describe, expect, it } from 'vitest'
import { fakeVendors } from '../../src/testing/index.js'
import { numberIn, runExample, tableOf } from './run-example.js'
import type { Finished } from './run-example.js'

const TIMEOUT_MS = 60_000

const here = (output: string, label: string): number => numberIn(tableOf(output).get(label)?.[0])
const direct = (output: string, label: string): number => numberIn(tableOf(output).get(label)?.[1])

function expectGoodEnd({ code, output, errors }: Finished): void {
  expect(errors).toBe('')
  expect(code).toBe(0)
  expect(output.split('\n').filter((line) => line.length > 80)).toEqual([])
  // No colours and no cursor movements where nobody looks at a terminal.
  expect(output).not.toContain('\u001b')
  expect(output).not.toMatch(/NaN|undefined|unknown|Infinity/)
}

function expectConsistentTable(output: string): void {
  const requests = here(output, 'Requests')
  const calls = here(output, 'Upstream calls')
  const hits = here(output, 'Answered from the cache')
  const coalesced = here(output, 'Coalesced with an equal request')
  const survived = here(output, 'Failures survived')
  expect(here(output, 'Requests failed')).toBe(0)
  expect(requests).toBe(direct(output, 'Requests'))
  expect(direct(output, 'Upstream calls')).toBe(requests)
  expect(calls).toBeLessThan(requests)
  // Who neither hit nor shared was answered by a call; more calls are failed attempts.
  expect(calls).toBeGreaterThanOrEqual(requests - hits - coalesced)
  expect(calls).toBeLessThanOrEqual(requests - hits - coalesced + survived)
  expect(survived).toBeGreaterThan(0)
  expect(here(output, 'Hit rate')).toBeCloseTo((100 * hits) / requests, 0)
  const cost = here(output, 'Cost')
  const without = direct(output, 'Cost')
  expect(cost).toBeGreaterThan(0)
  expect(cost).toBeLessThan(without)
  expect(here(output, 'Cost saved')).toBeCloseTo((100 * (without - cost)) / without, 0)
  expect(here(output, 'Latency p50')).toBeLessThanOrEqual(here(output, 'Latency p95'))
}

describe('npm start', () => {
  it(
    'without a key shows an answer, a stream, coalescing, a failover and a batch against local servers',
    async () => {
      const finished = await runExample('quickstart.ts')
      const { output, took } = finished
      expectGoodEnd(finished)
      expect(output).toMatch(/No provider key is set/)
      expect(output).toMatch(/Asked again: answered by the cache, \$0, /)
      expect(output).toMatch(/claude-haiku-4-5 at anthropic: \d+ pieces/)
      expect(output).toMatch(/Asked 50 times at once: 1 call to google, 49 callers shared/)
      expect(output).toMatch(/openai is down/)
      expect(output.replace(/\s+/g, ' ')).toMatch(
        /Failover: openai was down for \d+ calls, and anthropic \(claude-haiku-4-5\) took over; 0 of 1,500 requests failed/,
      )
      expect(output).toMatch(/500 of 500 answered in/)
      expectConsistentTable(output)
      expect(here(output, 'Requests')).toBe(2_053)
      expect(took).toBeLessThan(40_000)
    },
    TIMEOUT_MS,
  )

  it(
    'with keys says first what it costs at most, and calls those providers only as often as it says',
    async () => {
      await using vendors = await fakeVendors()
      const finished = await runExample('quickstart.ts', {
        OPENAI_API_KEY: vendors.openai.apiKey,
        OPENAI_BASE_URL: vendors.openai.baseURL,
        ANTHROPIC_API_KEY: vendors.anthropic.apiKey,
        ANTHROPIC_BASE_URL: vendors.anthropic.baseURL,
      })
      const { output } = finished
      expectGoodEnd(finished)
      const flat = output.replace(/\s+/g, ' ')
      expect(flat).toMatch(/calls the real gpt-5\.4-mini, claude-haiku-4-5\./)
      expect(output.indexOf('Cost:')).toBeLessThan(output.indexOf('1  One answer'))
      const [, questions, highest, perRequest, limit] =
        /Cost: (\d+) different questions, one call each: at most \$(\S+) .* more than \$(\S+) on a request .* never above \$(\S+) in all/.exec(
          flat,
        ) ?? []
      expect(Number(questions)).toBeGreaterThan(10)
      expect(Number(highest)).toBeLessThan(Number(limit))
      expect(Number(limit)).toBeCloseTo(Number(perRequest) * 24, 4)
      expectConsistentTable(output)
      expect(here(output, 'Cost')).toBeLessThan(Number(highest))
      expect(vendors.hits('google')).toBe(0)
      expect(vendors.hits()).toBeGreaterThan(10)
      // What the outage cut off before it left is counted by the run, but never arrived.
      expect(vendors.hits()).toBeLessThanOrEqual(here(output, 'Upstream calls'))
      expect(
        vendors.requests.every(
          ({ body }) => 'max_tokens' in body || 'max_completion_tokens' in body,
        ),
      ).toBe(true)
    },
    TIMEOUT_MS,
  )

  it(
    'with one key leaves the outage out, because nobody could take over',
    async () => {
      await using vendors = await fakeVendors()
      const finished = await runExample('quickstart.ts', {
        GEMINI_API_KEY: vendors.google.apiKey,
        GOOGLE_GEMINI_BASE_URL: vendors.google.baseURL,
      })
      expectGoodEnd(finished)
      expect(finished.output).toMatch(/no outage: with one provider there is nobody to take over/)
      expect(finished.output).toMatch(/Failover: none was needed/)
      expect(vendors.hits('google')).toBe(vendors.hits())
      expect(here(finished.output, 'Upstream calls')).toBe(vendors.hits())
    },
    TIMEOUT_MS,
  )

  it(
    'ends with a message and exit code 1 when it is asked for nonsense',
    async () => {
      const { code, errors } = await runExample('quickstart.ts', {}, ['many'])
      expect(code).toBe(1)
      expect(errors).toMatch(/Expected a number of requests from 4 to 100,000, got many/)
    },
    TIMEOUT_MS,
  )
})
