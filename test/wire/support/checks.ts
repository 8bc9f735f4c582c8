/** What a call of the matrix is checked for: outcome, time, money, sockets, silence. */
import { expect } from 'vitest'
import type { AttemptInfo } from '../../../src/contracts/response.js'
import { nanoUsd, type Adapter } from './adapters.js'
import { RULES, type Charge, type Expected, type Mode } from './expectations.js'
import { expectClean } from './leaks.js'
import { LIMIT_MS, USAGE, eventually, type Outcome, type Scene } from './scene.js'

/** Beyond limits and waits, on a busy machine; what it must tell apart lasts ten seconds and more. */
const SLACK_MS = 5_000

interface Settled extends Required<Pick<Expected, 'kind' | 'delivered' | 'retried' | 'failsOver'>> {
  readonly charge: Charge
  readonly code: string
}

/** What the requirements say of the kind, except where the row says otherwise. */
export function settled(expected: Expected): Settled {
  const rule = RULES[expected.kind]
  if (!rule) throw new Error(`no rule for ${expected.kind}`)
  const delivered = expected.delivered ?? false
  return {
    kind: expected.kind,
    code: rule.code,
    delivered,
    retried: !delivered && (expected.retried ?? rule.retried),
    failsOver: !delivered && (expected.failsOver ?? rule.failsOver),
    charge: expected.charge ?? rule.charge,
  }
}

/** Nano-USD of one failed attempt; undefined where it is an estimate. */
export function chargeOf(adapter: Adapter, charge: Charge, text: string): number | undefined {
  if (charge === 'nothing') return 0
  if (charge === 'all') return nanoUsd(adapter, USAGE)
  if (charge === 'estimate') return undefined
  // What was delivered counts even where the vendor had not counted it yet.
  const opening = adapter.vendor === 'anthropic' ? 1 : 0
  const output = Math.max(opening, Math.ceil(text.length / 4))
  return nanoUsd(adapter, { input: USAGE.input, output })
}

export function expectCost(usd: number, each: number | undefined, attempts: number): void {
  if (each !== undefined) {
    expect(Math.round(usd * 1e9)).toBe(each * attempts)
    return
  }
  expect(usd).toBeGreaterThan(0)
  expect(usd).toBeLessThan(0.01)
}

/** One terminal chunk, last; an `error` chunk says what the loop then throws. */
function expectWholeStream({ chunks, error, text }: Outcome, whole: string): void {
  const terminal = chunks.filter(({ type }) => type === 'complete' || type === 'error')
  expect(terminal).toEqual(chunks.slice(-1))
  const last = chunks.at(-1)
  expect(last?.type).toBe(error ? 'error' : 'complete')
  if (last?.type === 'error') expect(last.data).toEqual(error?.toJSON().error)
  expect(whole.startsWith(text)).toBe(true)
}

export function expectSuccess(outcome: Outcome, mode: Mode, text: string): void {
  expect(outcome.error).toBeUndefined()
  expect(outcome.response).toMatchObject({ response: text, cache_hit: false })
  if (mode === 'stream') {
    expectWholeStream(outcome, text)
    expect(outcome.text).toBe(text)
  }
}

export function expectFailure(
  outcome: Outcome,
  mode: Mode,
  expected: Expected,
  whole: string,
): void {
  const { code, kind, delivered } = settled(expected)
  expect(outcome.error).toMatchObject({ code, details: { reason: kind } })
  expect(outcome.error?.details['partial']).toBe(delivered ? true : undefined)
  if (mode === 'stream') {
    expectWholeStream(outcome, whole)
    expect(outcome.text !== '').toBe(delivered)
  }
  const [least, most] = expected.retryAfter ?? []
  if (least !== undefined && most !== undefined) {
    expect(outcome.error?.details.retry_after).toBeGreaterThanOrEqual(least)
    expect(outcome.error?.details.retry_after).toBeLessThanOrEqual(most)
  }
}

export function expectTime({ elapsedMs }: Outcome, expected: Expected, attempts: number): void {
  const lastsMs =
    (expected.endsByLimit ? LIMIT_MS : 0) + (attempts > 1 ? (expected.waitsMs ?? 0) : 0)
  // Timers may fire a fraction of a millisecond early.
  expect(elapsedMs).toBeGreaterThanOrEqual(lastsMs - 2)
  expect(elapsedMs).toBeLessThan(lastsMs * attempts + SLACK_MS)
}

export async function expectQuiet({ client, vendors, said }: Scene): Promise<void> {
  const stats = await client.stats()
  expect([stats.pending_requests, stats.processing_requests]).toEqual([0, 0])
  const started = performance.now()
  await client.close()
  // It waits up to 1.5 s for a call that still runs.
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(vendors.requests.length).toBeLessThan(10)
  expectClean(said)
}

export async function expectSocketsClosed({ vendors }: Scene, { vendor }: Adapter): Promise<void> {
  const closed = (): boolean =>
    vendors.requests
      .filter((request) => request.vendor === vendor)
      .every(({ closedByClient }) => closedByClient)
  expect(await eventually(closed)).toBe(true)
}

export function expectAttempts(
  attempts: readonly AttemptInfo[],
  adapter: Adapter,
  substitute: Adapter,
  expected: Expected,
  each: number | undefined,
): void {
  expect(attempts).toMatchObject([
    {
      provider: adapter.vendor,
      model: adapter.model,
      outcome: 'failed',
      kind: expected.kind,
      status: expected.status ?? null,
      cost_estimated: each === undefined,
    },
    {
      provider: substitute.vendor,
      model: substitute.model,
      outcome: 'ok',
      kind: null,
      status: null,
      cost_estimated: false,
      cost: nanoUsd(substitute, USAGE) / 1e9,
    },
  ])
  expectCost(attempts[0]?.cost ?? NaN, each, 1)
}
