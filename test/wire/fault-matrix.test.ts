/** Every way a vendor can fail, through the real SDKs and real sockets, alone and with a substitute. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VendorFault } from '../../src/testing/index.js'
import { ADAPTERS, OPENAI, SUBSTITUTE, type Adapter } from './support/adapters.js'
import {
  chargeOf,
  expectAttempts,
  expectCost,
  expectFailure,
  expectQuiet,
  expectSocketsClosed,
  expectSuccess,
  expectTime,
  settled,
} from './support/checks.js'
import type { Mode, Row } from './support/expectations.js'
import { expectClean } from './support/leaks.js'
import { ROWS } from './support/rows.js'
import { answerOf, openScene, warmUp, type Scene } from './support/scene.js'

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  await warmUp()
})

afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

async function breakVendor({ vendors }: Scene, { vendor }: Adapter, row: Row): Promise<void> {
  if (row.fault) vendors.script({ vendor, fault: row.fault })
  if (row.down) await vendors.down(vendor, row.down)
}

async function failsAlone(adapter: Adapter, mode: Mode, row: Row): Promise<void> {
  const expected = row.expected(adapter, mode)
  const impatient = expected?.endsByLimit
  await using scene = await openScene({ adapter, tls: row.tls, impatient })
  const { vendors, client, failures } = scene
  await breakVendor(scene, adapter, row)
  const outcome = await scene.ask(mode)
  const whole = answerOf(adapter.vendor)
  if (!expected) {
    expectSuccess(outcome, mode, whole)
    expect(vendors.hits()).toBe(1)
    return
  }
  const { kind, charge, retried } = settled(expected)
  const attempts = retried ? 2 : 1
  if (kind === 'empty') expectSuccess(outcome, mode, '')
  else {
    expectFailure(outcome, mode, expected, whole)
    expectClean(outcome.error)
    expect(outcome.error?.details['attempts']).toEqual(
      Array.from({ length: attempts }, () => ({
        provider: adapter.vendor,
        model: adapter.model,
        kind,
        ms: expect.any(Number) as number,
      })),
    )
  }
  expectTime(outcome, expected, attempts)
  expect(vendors.hits()).toBe(attempts * (expected.hitsPerAttempt ?? 1))
  expect(failures.map((failure) => [failure.kind, failure.status])).toEqual(
    Array.from({ length: attempts }, () => [kind, expected.status]),
  )
  if (expected.closesSocket) await expectSocketsClosed(scene, adapter)

  const { cache_stats, cost_stats } = await client.stats()
  expect(cache_stats.l1_memory.total_entries).toBe(0)
  expectCost(cost_stats.total_cost, chargeOf(adapter, charge, outcome.text), attempts)
  expect(cost_stats.unpriced_attempts).toBe(0)

  // Short limits must not decide about a healthy answer on a busy machine, and TLS stays broken.
  if (!impatient && !row.tls) {
    await vendors.reset()
    expectSuccess(await scene.ask(mode), mode, whole)
    expect(vendors.hits()).toBe(1)
  }
  await expectQuiet(scene)
}

async function failsWithSubstitute(adapter: Adapter, mode: Mode, row: Row): Promise<void> {
  const expected = row.expected(adapter, mode)
  const substitute = SUBSTITUTE[adapter.vendor]
  const impatient = expected?.endsByLimit
  const { tls } = row
  await using scene = await openScene({ adapter, substitute, tls, impatient, relents: true })
  const { vendors, client, failovers } = scene
  await breakVendor(scene, adapter, row)
  const outcome = await scene.ask(mode)
  if (!expected) {
    expectSuccess(outcome, mode, answerOf(adapter.vendor))
    expect(vendors.hits(substitute.vendor)).toBe(0)
    return
  }
  const { kind, charge, failsOver } = settled(expected)
  const each = chargeOf(adapter, charge, failsOver ? '' : outcome.text)
  expectTime(outcome, expected, 1)
  if (expected.closesSocket) await expectSocketsClosed(scene, adapter)
  if (failsOver) {
    expectSuccess(outcome, mode, answerOf(substitute.vendor))
    expect(outcome.response).toMatchObject({
      provider_used: substitute.vendor,
      model_used: substitute.model,
      metadata: { substituted: true, requested_model: adapter.model },
    })
    expectAttempts(outcome.response?.attempts ?? [], adapter, substitute, expected, each)
    expect(vendors.hits(substitute.vendor)).toBe(1)
    expect(failovers).toMatchObject([{ kind, to: { provider: substitute.vendor } }])
    const { cost_stats } = await client.stats()
    expect(outcome.response?.actual_cost).toBe(cost_stats.total_cost)
  } else {
    expectFailure(outcome, mode, expected, answerOf(adapter.vendor))
    expectClean(outcome.error)
    expect(vendors.hits(substitute.vendor)).toBe(0)
    expect(failovers).toEqual([])
    const { cache_stats, cost_stats } = await client.stats()
    expect(cache_stats.l1_memory.total_entries).toBe(0)
    expectCost(cost_stats.total_cost, each, 1)
  }
  expect(vendors.hits(adapter.vendor)).toBe(expected.hitsPerAttempt ?? 1)
  await expectQuiet(scene)
}

const MODES: readonly Mode[] = ['unary', 'stream']
const CASES = ADAPTERS.flatMap((adapter) =>
  MODES.map((mode) => ({ id: adapter.id, mode, adapter })),
)

describe.concurrent.each(CASES)('$id, $mode:', ({ adapter, mode }) => {
  const rows = ROWS.filter(
    ({ modes = MODES, except }) => modes.includes(mode) && except !== adapter.id,
  )
  const waits = (row: Row): boolean => row.expected(adapter, mode)?.endsByLimit === true

  it.each(rows.filter((row) => !waits(row)))('$name ends as it must without a substitute', (row) =>
    failsAlone(adapter, mode, row),
  )

  it.each(rows.filter((row) => !waits(row)))('$name ends as it must with a substitute', (row) =>
    failsWithSubstitute(adapter, mode, row),
  )

  // Real time: a machine too busy for LIMIT_MS breaks something else than the row says.
  it.each(rows.filter(waits))('$name ends in time without a substitute', { retry: 2 }, (row) =>
    failsAlone(adapter, mode, row),
  )

  it.each(rows.filter(waits))('$name ends in time with a substitute', { retry: 2 }, (row) =>
    failsWithSubstitute(adapter, mode, row),
  )
})

const limited = (ms: number): VendorFault => ({
  kind: 'status',
  status: 429,
  retryAfter: { as: 'seconds', ms },
})
const broken: VendorFault = { kind: 'status', status: 503 }
const silent: VendorFault = { kind: 'stall', at: 'headers' }

describe.concurrent.each(MODES)('%s, when the substitute fails, too,', (mode) => {
  it.each([
    [
      'the shortest wait of both',
      limited(40_000),
      limited(30_000),
      'RATE_LIMITED',
      'rate_limited',
      30,
    ],
    [
      'an outage before a rate limit',
      limited(40_000),
      broken,
      'PROVIDER_UNAVAILABLE',
      'overloaded',
      undefined,
    ],
    ['a timeout before an outage', silent, broken, 'TIMEOUT', 'timeout', undefined],
    ['a timeout before a rate limit', limited(40_000), silent, 'TIMEOUT', 'timeout', undefined],
  ] as const)('says %s', async (_what, first, second, code, reason, retry_after) => {
    const impatient = first === silent || second === silent
    await using scene = await openScene({
      adapter: OPENAI,
      substitute: SUBSTITUTE.openai,
      impatient,
    })
    const { vendors } = scene
    vendors.script({ vendor: 'openai', fault: first }, { vendor: 'anthropic', fault: second })
    const { error } = await scene.ask(mode)
    expect(error).toMatchObject({ code, details: { reason } })
    expect(error?.details.retry_after).toBe(retry_after)
    expect(error?.details['attempts']).toMatchObject([
      { provider: 'openai' },
      { provider: 'anthropic' },
      // The last resort: whoever may do better a second time.
      ...(first === broken || second === broken ? [{ provider: 'anthropic' }] : []),
    ])
    await expectQuiet(scene)
  })

  it('takes nothing for an answer once both said nothing, and does not keep it', async () => {
    await using scene = await openScene({ adapter: OPENAI, substitute: SUBSTITUTE.openai })
    scene.vendors.script({ fault: { kind: 'empty' } })
    const outcome = await scene.ask(mode)
    expectSuccess(outcome, mode, '')
    expect(scene.vendors.hits()).toBe(3)
    expect((await scene.client.stats()).cache_stats.l1_memory.total_entries).toBe(0)
  })
})
