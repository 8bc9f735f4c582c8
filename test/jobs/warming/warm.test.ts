import { describe, expect, it } from 'vitest'
import type { WarmItem } from '../../../src/contracts/warming.js'
import { RaptorflowError } from '../../../src/errors.js'
import { answerOf, costing, createWorld } from './simulated-world.js'

const outcomes = (items: readonly WarmItem[]): string[] => items.map(({ outcome }) => outcome)

describe('warm', () => {
  it('answers what is not fresh, at the lowest priority, and says what it cost', async () => {
    const world = createWorld()
    world.ask('known')
    const prompts = ['known', 'new', { prompt: 'urgent', priority: 10 }]
    const answer = await world.warmer.warm({ prompts })
    expect(answer).toMatchObject({
      dry_run: false,
      warmed: 2,
      skipped: 1,
      failed: 0,
      total_cost: 0.02,
      timestamp: '2026-01-01T00:00:00.000Z',
    })
    expect(answer.items).toEqual([
      {
        index: 0,
        outcome: 'fresh',
        estimated_cost: null,
        actual_cost: 0,
        probability: expect.any(Number) as number,
      },
      { index: 1, outcome: 'warmed', estimated_cost: 0.01, actual_cost: 0.01, probability: 0 },
      { index: 2, outcome: 'warmed', estimated_cost: 0.01, actual_cost: 0.01, probability: 0 },
    ])
    for (const { request } of world.seen.calls) {
      expect(request).toMatchObject({ priority: 1, cache: { refresh: true } })
    }
    expect(world.ask('new')).toBe(true)
  })

  it('calls nobody in a dry run, and plans no more than the budget holds', async () => {
    const world = createWorld()
    const answer = await world.warmer.warm({
      prompts: ['a', 'b', 'c'],
      maxCost: 0.02,
      dryRun: true,
    })
    expect(outcomes(answer.items)).toEqual(['planned', 'planned', 'over_budget'])
    expect(answer).toMatchObject({ dry_run: true, warmed: 0, skipped: 3, total_cost: 0 })
    expect(world.seen.calls).toHaveLength(0)
  })

  it('leaves the hourly budget as it was after a dry run', async () => {
    const world = createWorld({ warming: { maxCostPerHour: 0.01 } })
    await world.warmer.warm({ prompts: ['a'], dryRun: true })
    expect(outcomes((await world.warmer.warm({ prompts: ['a'] })).items)).toEqual(['warmed'])
  })

  it('skips what would exceed maxCost at its worst case', async () => {
    const world = createWorld({ price: 0.005 })
    const estimates = [8e6, 20e6, 2e6]
    world.deps.estimate = async () => costing(estimates.shift() ?? NaN)
    const { items } = await world.warmer.warm({ prompts: ['a', 'b', 'c'], maxCost: 0.01 })
    expect(outcomes(items)).toEqual(['warmed', 'over_budget', 'warmed'])
  })

  it('stays inside the hourly cap when no maxCost is given, and takes a maxCost instead of it', async () => {
    const world = createWorld({ warming: { maxCostPerHour: 0.02 } })
    const capped = await world.warmer.warm({ prompts: ['a', 'b', 'c'] })
    expect(outcomes(capped.items)).toEqual(['warmed', 'warmed', 'over_budget'])
    const own = await world.warmer.warm({ prompts: ['c'], maxCost: 1 })
    expect(outcomes(own.items)).toEqual(['warmed'])
  })

  it('refuses an unknown price where there is a budget, and only there', async () => {
    const world = createWorld({ price: null })
    const refused = await world.warmer.warm({ prompts: ['a'], maxCost: 1 })
    expect(outcomes(refused.items)).toEqual(['refused'])
    const free = await world.warmer.warm({ prompts: ['a'] })
    expect(free.items[0]).toMatchObject({
      outcome: 'warmed',
      estimated_cost: null,
      actual_cost: null,
    })
  })

  it('lets one item fail without the others', async () => {
    const world = createWorld()
    const { infer } = world.deps
    world.deps.infer = async (request, options) => {
      if (request.prompt === 'down') throw new RaptorflowError('PROVIDER_UNAVAILABLE', 'down')
      if (request.prompt === 'unknown model') {
        throw new RaptorflowError('MODEL_NOT_SUPPORTED', 'unknown')
      }
      return request.prompt === 'cut off'
        ? answerOf({ finish_reason: 'length' })
        : infer(request, options)
    }
    world.deps.cached = (request) => {
      if (request.prompt === 'no cache') throw new Error('no cache')
      return undefined
    }
    const { items, warmed, failed, skipped } = await world.warmer.warm({
      prompts: [
        'down',
        'unknown model',
        { prompt: '' },
        { prompt: 'p', stream: true },
        'cut off',
        'no cache',
        { prompt: 'p', use_cache: false },
        'fine',
      ],
    })
    const expected = [
      'failed',
      'failed',
      'failed',
      'failed',
      'failed',
      'failed',
      'refused',
      'warmed',
    ]
    expect(outcomes(items)).toEqual(expected)
    expect(items.map(({ actual_cost }) => actual_cost)).toEqual([null, 0, 0, 0, 0.01, 0, 0, 0.01])
    expect({ warmed, failed, skipped }).toEqual({ warmed: 1, failed: 6, skipped: 1 })
    expect(items.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('counts a call that may have been billed against the budget', async () => {
    const world = createWorld()
    world.deps.infer = () => Promise.reject(new RaptorflowError('TIMEOUT', 'late'))
    const { items } = await world.warmer.warm({ prompts: ['a', 'b'], maxCost: 0.01 })
    expect(outcomes(items)).toEqual(['failed', 'over_budget'])
  })

  it('asks equal prompts once', async () => {
    const world = createWorld()
    const { items } = await world.warmer.warm({ prompts: ['a', { prompt: 'a' }, 'a'] })
    expect(outcomes(items)).toEqual(['warmed', 'fresh', 'fresh'])
    expect(world.seen.calls).toHaveLength(1)
  })

  it('asks again what is fresh when the request says `refresh`', async () => {
    const world = createWorld()
    world.ask('a')
    const prompts = [{ prompt: 'a', cache: { refresh: true } }]
    expect(outcomes((await world.warmer.warm({ prompts })).items)).toEqual(['warmed'])
  })

  it('runs as many at once as maxInFlight allows', async () => {
    const world = createWorld({ warming: { maxInFlight: 3 } })
    let running = 0
    let most = 0
    world.deps.infer = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return answerOf()
    }
    await world.warmer.warm({
      prompts: Array.from({ length: 20 }, (_, index) => `p${String(index)}`),
    })
    expect(most).toBe(3)
  })

  it('gives each call under a limit what is reserved for it as its budget, and no other call', async () => {
    const world = createWorld()
    world.deps.estimate = async () => costing(10e6, 40e6)
    const prompts = ['a', { prompt: 'b', budget_limit: 0.03 }, { prompt: 'c', budget_limit: 0.05 }]
    const { items } = await world.warmer.warm({ prompts, maxCost: 1 })
    await world.warmer.warm({ prompts: ['d'] })
    expect(world.seen.calls.map(({ request }) => request.budget_limit)).toEqual([
      0.04,
      0.03,
      0.04,
      undefined,
    ])
    expect(items[0]).toMatchObject({ estimated_cost: 0.01, actual_cost: 0.01 })
  })

  it('makes do with what is enough when the worst case is not left', async () => {
    const world = createWorld({ warming: { maxInFlight: 1 } })
    world.deps.estimate = async () => ({ likely: 10e6, enough: 40e6, worst: 85e6 })
    const prompts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const { items } = await world.warmer.warm({ prompts, maxCost: 0.1 })
    const budgets = world.seen.calls.map(({ request }) => request.budget_limit)
    // 0.01 is spent each time: from the third on less than 0.085 is left, after the seventh less than 0.04.
    expect(budgets).toEqual([0.085, 0.085, 0.04, 0.04, 0.04, 0.04, 0.04])
    expect(outcomes(items).slice(7)).toEqual(['over_budget', 'over_budget'])
  })

  it('refuses nothing for money that is only reserved', async () => {
    const world = createWorld({ warming: { maxCostPerHour: 0.06, maxInFlight: 4 } })
    world.deps.estimate = async () => costing(10e6, 50e6)
    const run = (name: string) => world.warmer.warm({ prompts: [name, `${name}2`, `${name}3`] })
    const [one, two] = await Promise.all([run('a'), run('b')])
    // Two of 0.01 leave less than 0.05.
    expect([...outcomes(one.items), ...outcomes(two.items)].sort()).toEqual([
      'over_budget',
      'over_budget',
      'over_budget',
      'over_budget',
      'warmed',
      'warmed',
    ])
  })

  it('counts what several attempts may have cost, also when the last one was refused', async () => {
    const world = createWorld()
    world.deps.infer = ({ prompt }) => {
      const attempts = prompt === 'a' ? [{}, {}] : [{}]
      return Promise.reject(new RaptorflowError('INVALID_REQUEST', 'no', { details: { attempts } }))
    }
    const { items } = await world.warmer.warm({ prompts: ['a', 'b'] })
    expect(items.map(({ actual_cost }) => actual_cost)).toEqual([null, 0])
  })

  it('keeps the process for its caller, and only so long', async () => {
    const world = createWorld({ warming: { automatic: true, maxCostPerHour: 1 } })
    const { clock } = world
    let held = 0
    world.deps.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (ms, wake, options) => {
        const timer = clock.schedule(ms, wake)
        if (options?.keepAlive !== true) return timer
        held += 1
        return {
          cancel: () => {
            held -= 1
            timer.cancel()
          },
        }
      },
    }
    const { warmer } = world.reopen()
    const during: number[] = []
    world.deps.cached = () => {
      during.push(held)
      return undefined
    }
    await warmer.warm({ prompts: ['a'] })
    expect([...during, held]).toEqual([1, 0])
    await expect(warmer.warm({ prompts: 1 })).rejects.toThrow()
    await expect(warmer.warm({}, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(held).toBe(0)
    warmer.start()
    for (let index = 0; index < 30; index += 1) world.ask('popular')
    await clock.advance(7_200_000)
    expect(during.length).toBeGreaterThan(1)
    expect(new Set(during.slice(1))).toEqual(new Set([0]))
    warmer.stop()
  })

  it('ends at once when the signal aborts, and asks nothing more', async () => {
    const world = createWorld()
    const controller = new AbortController()
    let calls = 0
    world.deps.infer = () => {
      calls += 1
      controller.abort(new Error('enough'))
      return new Promise(() => undefined)
    }
    const run = world.warmer.warm({ prompts: ['a', 'b', 'c', 'd'] }, { signal: controller.signal })
    await expect(run).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
    expect(calls).toBe(1)
    await expect(
      world.warmer.warm({ prompts: ['a'] }, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it.each<[unknown, string, string]>([
    [[], 'warm request', 'type'],
    ['prompt', 'warm request', 'type'],
    [{ prompts: 'a' }, 'prompts', 'type'],
    [{ prompts: Array.from({ length: 10_001 }, () => 'a') }, 'prompts', 'size'],
    [{ maxCost: -1 }, 'maxCost', 'range'],
    [{ maxCost: NaN }, 'maxCost', 'type'],
    [{ maxCost: '1' }, 'maxCost', 'type'],
    [{ dryRun: 1 }, 'dryRun', 'type'],
    [{ dry_run: true }, 'dry_run', 'unknown_field'],
  ])('refuses %j, naming %s', async (request, field, validation) => {
    const { warmer } = createWorld()
    await expect(warmer.warm(request)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      details: { field, validation },
    })
  })

  it('passes on nothing of a getter that throws', async () => {
    const { warmer } = createWorld()
    const request = {
      get prompts(): unknown {
        throw new Error('secret')
      },
    }
    const error: unknown = await warmer.warm(request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'warm request' } })
    expect(String(error)).not.toContain('secret')
  })

  it('warms what the forecast expects when no prompts are named, also what is gone', async () => {
    const world = createWorld({ warming: { holdout: 0 } })
    for (let index = 0; index < 10; index += 1) world.ask('popular')
    world.ask('rare')
    world.cache.clear()
    const planned = await world.warmer.warm({ dryRun: true })
    expect(planned.items).toEqual([
      {
        index: null,
        outcome: 'planned',
        estimated_cost: 0.01,
        actual_cost: 0,
        probability: expect.closeTo(1, 3) as number,
      },
    ])
    const answer = await world.warmer.warm(undefined)
    expect(answer).toMatchObject({ warmed: 1, total_cost: 0.01, report: { warm_calls: 1 } })
    expect(world.ask('popular')).toBe(true)
    expect(world.report()).toMatchObject({ extra_hits: 1, used_before_expiry: 1 })
    expect((await world.warmer.warm(null)).items).toEqual([])
  })

  it('knows nothing to expect without a forecast', async () => {
    const world = createWorld({ withoutForecast: true })
    expect(await world.warmer.warm({})).toMatchObject({ items: [], report: null })
    const named = await world.warmer.warm({ prompts: ['a'] })
    expect(named.items[0]).toMatchObject({ outcome: 'warmed', probability: null })
  })
})
