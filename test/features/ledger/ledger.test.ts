import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttemptRow, RequestRow } from '../../../src/contracts/ledger.js'
import { RaptorflowError } from '../../../src/errors.js'
import { createLedger } from '../../../src/features/ledger/ledger.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { attempt, DAY, failure, request, START } from './fixtures.js'

function ledgerAt(start = START, maxRows?: number) {
  const clock = new FakeClock(start)
  return { clock, ledger: createLedger({ clock, maxRows }) }
}

const requestRows = fc.array(
  fc.record({
    day: fc.integer({ min: 0, max: 10 }),
    outcome: fc.constantFrom('answered' as const, 'failed' as const),
    cache: fc.constantFrom(null, null, 'l1' as const, 'l2' as const, 'l3' as const, 'semantic'),
    cache_lookup: fc.boolean(),
    coalesced: fc.boolean(),
    input_tokens: fc.nat(100_000),
    output_tokens: fc.nat(100_000),
    cost_saved: fc.oneof(fc.constant(null), fc.nat(2 ** 40)),
  }),
  { maxLength: 80 },
)
const attemptRows = fc.array(
  fc.record({
    day: fc.integer({ min: 0, max: 10 }),
    provider: fc.constantFrom('openai', 'anthropic', 'google', '__proto__', 'constructor'),
    cost: fc.oneof(fc.constant(null), fc.nat(2 ** 40)),
  }),
  { maxLength: 80 },
)

const sumOf = <Row>(rows: readonly Row[], value: (row: Row) => number): number =>
  rows.reduce((sum, row) => sum + value(row), 0)

/** The same sums, from all the rows at once and written another way. */
function recomputed(requests: readonly RequestRow[], attempts: readonly AttemptRow[]) {
  const answered = requests.filter((row) => row.outcome === 'answered')
  const saved = answered.filter((row) => row.cache !== null || row.coalesced)
  const level = (...levels: unknown[]) =>
    requests.filter((row) => levels.includes(row.cache)).length
  const tokens = (row: RequestRow): number => row.input_tokens + row.output_tokens
  const priced = attempts.filter((row) => row.cost !== null)
  const names = new Set(priced.map((row) => row.provider))
  return {
    answered: answered.length,
    failed: requests.length - answered.length,
    lookups: requests.filter((row) => row.cache_lookup || row.cache !== null).length,
    hits: { l1: level('l1', 'semantic'), l2: level('l2'), l3: level('l3') },
    coalesced: requests.filter((row) => row.coalesced).length,
    semantic: requests.filter((row) => row.cache === 'semantic' && !row.coalesced).length,
    tokens: sumOf(answered, tokens),
    tokensSaved: sumOf(saved, tokens),
    costSaved: sumOf(saved, (row) => row.cost_saved ?? 0),
    cost: sumOf(priced, (row) => row.cost ?? 0),
    unpricedAttempts: attempts.length - priced.length,
    costByProvider: new Map(
      [...names].map((name) => [
        name,
        sumOf(
          priced.filter((row) => row.provider === name),
          (row) => row.cost ?? 0,
        ),
      ]),
    ),
  }
}

describe('the ledger', () => {
  it('adds up what a recomputation over all rows adds up, since the start and per period', () => {
    fc.assert(
      fc.property(
        requestRows,
        attemptRows,
        fc.integer({ min: 1, max: 12 }),
        (requestsGiven, attemptsGiven, days) => {
          const { ledger } = ledgerAt(START + 10 * DAY, 5)
          const requests = requestsGiven.map(({ day, ...over }) =>
            request({ ...over, at: START + day * DAY }),
          )
          const attempts = attemptsGiven.map(({ day, ...over }) =>
            attempt({ ...over, at: START + day * DAY }),
          )
          for (const row of requests) ledger.recordRequest(row)
          for (const row of attempts) ledger.recordAttempt(row)
          expect({ ...ledger.totals() }).toEqual(recomputed(requests, attempts))

          const first = START + (11 - days) * DAY
          const since = <Row extends { at: number }>(rows: readonly Row[]) =>
            rows.filter((row) => row.at >= first)
          expect({ ...ledger.period(days) }).toEqual(recomputed(since(requests), since(attempts)))
          const daily = [...ledger.dailyCosts(days).values()]
          expect(daily).toHaveLength(days)
          expect(sumOf(daily, (cost) => cost)).toBe(ledger.period(days).cost)
        },
      ),
    )
  })

  it('keeps the latest rows only, oldest first', () => {
    const { ledger } = ledgerAt(START, 3)
    const ids = () => ledger.requests().map((row) => row.request_id)
    expect(ids()).toEqual([])
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      ledger.recordRequest(request({ request_id: id }))
      ledger.recordAttempt(attempt({ attempt_id: id }))
      if (id === 'b') expect(ids()).toEqual(['a', 'b'])
    }
    expect(ids()).toEqual(['c', 'd', 'e'])
    expect(ledger.attempts().map((row) => row.attempt_id)).toEqual(['c', 'd', 'e'])
    expect(ledger.totals().answered).toBe(5)
  })

  it('gives snapshots that later rows do not change', () => {
    const { ledger } = ledgerAt()
    const [rows, totals, batches] = [ledger.requests(), ledger.totals(), ledger.batches()]
    ledger.recordRequest(request())
    ledger.recordAttempt(attempt())
    ledger.recordBatch({ at: START, items: 1, failed_items: 0 })
    expect([rows.length, totals.answered, totals.costByProvider.size, batches.batches]).toEqual([
      0, 0, 0, 0,
    ])
  })

  it('splits days at midnight UTC', () => {
    const { ledger } = ledgerAt(START)
    ledger.recordAttempt(attempt({ at: START - 1, cost: 1 }))
    ledger.recordAttempt(attempt({ at: START, cost: 20 }))
    ledger.recordAttempt(attempt({ at: START + DAY - 1, cost: 300 }))
    ledger.recordAttempt(attempt({ at: START + DAY, cost: 4_000 }))
    expect([...ledger.dailyCosts(3)]).toEqual([
      ['2025-12-30', 0],
      ['2025-12-31', 1],
      ['2026-01-01', 320],
    ])
    expect(ledger.period(1).cost).toBe(320)
    expect(ledger.totals().cost).toBe(4_321)
  })

  it('names the 29th of February and all of 365 days', () => {
    const { ledger } = ledgerAt(Date.UTC(2028, 2, 1))
    expect([...ledger.dailyCosts(2).keys()]).toEqual(['2028-02-29', '2028-03-01'])
    const year = [...ledger.dailyCosts(365).keys()]
    expect([year.length, new Set(year).size, year[0]]).toEqual([365, 365, '2027-03-03'])
  })

  it('forgets days beyond 366, never the totals', async () => {
    const { ledger, clock } = ledgerAt()
    for (let day = 0; day < 500; day++) {
      ledger.recordAttempt(attempt({ at: clock.now(), cost: 1 }))
      await clock.advance(DAY)
    }
    await clock.advance(-DAY)
    expect(ledger.period(365).cost).toBe(365)
    expect(ledger.period(500).cost).toBe(366)
    expect(ledger.totals().cost).toBe(500)
    ledger.recordAttempt(attempt({ at: START, cost: 1 }))
    expect(ledger.period(500).cost).toBe(366)
  })

  it('counts money of attempts only, in whole nano-USD, and unknown costs apart', () => {
    const { ledger } = ledgerAt()
    for (let index = 0; index < 100_000; index++) ledger.recordAttempt(attempt({ cost: 115_001 }))
    ledger.recordAttempt(attempt({ cost: null }))
    ledger.recordRequest(request({ cache: 'l1', cost_saved: 7 }))
    expect(ledger.totals()).toMatchObject({
      cost: 11_500_100_000,
      unpricedAttempts: 1,
      costSaved: 7,
    })
  })

  it('counts semantic hits with the level that held them, else with l1, and coalesced ones once', () => {
    const { ledger } = ledgerAt()
    ledger.recordRequest(request({ cache: 'semantic' }))
    ledger.recordRequest(request({ cache: 'semantic', semantic_level: 'l2' }))
    ledger.recordRequest(request({ cache: 'semantic', coalesced: true }))
    ledger.recordRequest(request({ coalesced: true }))
    expect(ledger.totals()).toMatchObject({
      hits: { l1: 2, l2: 1, l3: 0 },
      semantic: 2,
      coalesced: 2,
    })
  })

  it('holds a hundred thousand rows, names and models in bounded memory', () => {
    const { ledger } = ledgerAt(START, 1_000)
    for (let index = 0; index < 100_000; index++) {
      const name = String(index)
      ledger.recordRequest(request({ provider: name, model: name }))
      ledger.recordAttempt(attempt({ provider: `provider${name}`, model: name, cost: 1 }))
      ledger.recordAttempt(attempt({ provider: 'provider0', model: name, cost: 1 }))
    }
    expect([ledger.requests().length, ledger.attempts().length]).toEqual([1_000, 1_000])
    const { costByProvider } = ledger.totals()
    expect(costByProvider.size).toBe(201)
    expect(costByProvider.get('other')).toBe(100_000 - 200)
    expect(costByProvider.get('provider0')).toBe(100_001)
    expect(ledger.health()).toHaveLength(201)
    expect(ledger.performance('provider0', '5')?.attempts).toBe(1)
    expect(ledger.performance('provider0', '99999')).toBeUndefined()
    const known = Array.from({ length: 100_000 }, (_, index) => String(index)).filter((model) =>
      ['provider0', `provider${model}`, 'other'].some((name) => ledger.performance(name, model)),
    )
    expect(known.length).toBeLessThanOrEqual(1_000)
    expect(ledger.performance('provider0', 'other')?.attempts).toBeGreaterThan(98_000)
  })

  it('measures a model by its attempts: time by good ones, success by those that count', () => {
    const { ledger } = ledgerAt()
    expect(ledger.performance('openai', 'gpt-3.5-turbo')).toBeUndefined()
    ledger.recordAttempt(attempt({ duration_ms: 1_000 }))
    ledger.recordAttempt(attempt({ duration_ms: 2_000 }))
    ledger.recordAttempt(failure({ duration_ms: 60_000 }))
    ledger.recordAttempt(failure({ outcome: 'aborted', counts_for_health: false }))
    ledger.recordAttempt(attempt({ model: 'gpt-4' }))
    expect(ledger.performance('openai', 'gpt-3.5-turbo')).toEqual({
      attempts: 4,
      succeeded: 2,
      succeededMs: 3_000,
      judged: 3,
      judgedSucceeded: 2,
    })
  })

  it('counts the requests of the last 60 seconds, whatever the wall clock does', async () => {
    const { ledger, clock } = ledgerAt()
    for (let second = 0; second < 90; second++) {
      ledger.recordRequest(request({ at: clock.now() }))
      ledger.recordRequest(request({ at: clock.now(), outcome: 'failed' }))
      if (second === 29) expect(ledger.requestsPerMinute()).toBe(60)
      await clock.advance(1_000)
    }
    await clock.advance(-1)
    expect(ledger.requestsPerMinute()).toBe(120)
    clock.setWallClock(0)
    expect(ledger.requestsPerMinute()).toBe(120)
    await clock.advance(30_001)
    expect(ledger.requestsPerMinute()).toBe(58)
    await clock.advance(30_000)
    expect(ledger.requestsPerMinute()).toBe(0)
    ledger.recordRequest(request())
    expect(ledger.requestsPerMinute()).toBe(1)
  })

  it('judges providers by the last five minutes', async () => {
    const { ledger, clock } = ledgerAt()
    ledger.recordAttempt(failure())
    ledger.recordAttempt(failure({ counts_for_health: false }))
    ledger.recordAttempt(failure({ provider: 'aborted', counts_for_health: false }))
    await clock.advance(200_000)
    ledger.recordAttempt(attempt())
    expect(ledger.health()).toEqual([{ provider: 'openai', judged: 2, succeeded: 1 }])
    await clock.advance(100_000)
    expect(ledger.health()).toEqual([{ provider: 'openai', judged: 1, succeeded: 1 }])
    await clock.advance(200_000)
    expect(ledger.health()).toEqual([])
  })

  it.each([0, -1, 1.5, NaN, Infinity, 1_000_001])('refuses to keep %s rows', (maxRows) => {
    let thrown: unknown
    try {
      createLedger({ clock: new FakeClock(), maxRows })
    } catch (error) {
      thrown = error
    }
    expect(RaptorflowError.isInstance(thrown) && thrown).toMatchObject({
      code: 'INVALID_REQUEST',
      details: { field: 'ledger.maxRows', reason: 'configuration' },
    })
  })
})
