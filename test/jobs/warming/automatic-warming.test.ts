import { describe, expect, it } from 'vitest'
import { RaptorflowError } from '../../../src/errors.js'
import { answerOf, createWorld, type World, type WorldOptions } from './simulated-world.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Not a whole number of TTLs: what is asked every 10 minutes is still fresh when it ends. */
const LEARNING = 2.5 * HOUR
const AUTOMATIC = { automatic: true, maxCostPerHour: 100, holdout: 0 }

function setUp({ warming, ...options }: WorldOptions = {}): World {
  return createWorld({ warming: { ...AUTOMATIC, ...warming }, ...options })
}

/** Asks for the prompts every `every` ms, for so long: the forecast then expects them. */
async function teach(world: World, prompts: readonly string[], ms: number, every = 10 * MINUTE) {
  for (let passed = 0; passed < ms; passed += every) {
    for (const prompt of prompts) world.ask(prompt)
    await world.clock.advance(every)
  }
}

const prompts = (world: World): (string | undefined)[] =>
  world.seen.calls.map(({ request }) => request.prompt)

describe('automatic warming', () => {
  it('refreshes what is asked often before it expires, so that callers only see hits', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.warmer.start()
    const missesBefore = world.seen.asked - world.seen.hits
    await teach(world, ['popular'], 6 * HOUR)
    expect(world.seen.asked - world.seen.hits - missesBefore).toBe(0)
    // One call for each hour's entry, not one for each look.
    expect(world.seen.calls.length).toBeGreaterThanOrEqual(5)
    expect(world.seen.calls.length).toBeLessThanOrEqual(7)
    world.warmer.stop()
    expect(world.clock.pending).toBe(0)
  })

  it('asks at the lowest priority, past the cache, with everything else as it was, for no single user', async () => {
    const world = setUp()
    const request = {
      prompt: 'popular',
      priority: 9,
      user_id: 'u',
      metadata: { team: 'a' },
      cache: { tags: ['t'], ttl_seconds: 1_800 },
    }
    for (let index = 0; index < 30; index += 1) world.ask(request)
    world.warmer.start()
    await world.clock.advance(30 * MINUTE)
    expect(world.seen.calls[0]?.request).toMatchObject({
      prompt: 'popular',
      priority: 1,
      user_id: undefined,
      metadata: { team: 'a' },
      cache: { tags: ['t'], ttl_seconds: 1_800, refresh: true },
    })
  })

  it('leaves alone what is asked rarely, and what nobody asks any more', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.ask('rare')
    world.warmer.start()
    await teach(world, ['other'], 24 * HOUR)
    expect(prompts(world)).not.toContain('rare')
    const calls = prompts(world).filter((prompt) => prompt === 'popular').length
    // 15 arrivals decay below what the threshold asks for within about 14 hours.
    expect(calls).toBeGreaterThan(0)
    expect(calls).toBeLessThan(15)
  })

  it('does nothing until it is started, and nothing after it is stopped', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    expect(world.seen.calls).toHaveLength(0)
    world.warmer.start()
    world.warmer.stop()
    await teach(world, ['popular'], 3 * HOUR)
    expect(world.seen.calls).toHaveLength(0)
    expect(world.clock.pending).toBe(0)
  })

  it('does nothing by default', async () => {
    const world = createWorld()
    world.warmer.start()
    expect(world.clock.pending).toBe(0)
    expect(world.report().enabled).toBe(false)
  })

  it('waits while as many calls as allowed are in flight, and gives up at the next look', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.seen.inFlight = 2
    world.warmer.start()
    await teach(world, ['popular'], 3 * HOUR)
    expect(world.seen.calls).toHaveLength(0)
    world.seen.inFlight = 1
    await teach(world, ['popular'], 2 * HOUR)
    expect(world.seen.calls.length).toBeGreaterThan(0)
  })

  it('calls one at a time, and never begins a run while one is under way', async () => {
    const world = setUp()
    const { deps, clock } = world
    await teach(world, ['a', 'b', 'c'], LEARNING)
    let running = 0
    let most = 0
    const { infer } = deps
    deps.infer = async (request, options) => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => clock.schedule(3 * MINUTE, resolve))
      running -= 1
      return infer(request, options)
    }
    world.warmer.start()
    await teach(world, ['a', 'b', 'c'], 3 * HOUR)
    expect(most).toBe(1)
    expect(world.seen.calls.length).toBeGreaterThan(2)
  })

  it('stays inside its cap in any hour', async () => {
    const world = setUp({ warming: { maxCostPerHour: 0.05 } })
    const many = Array.from({ length: 30 }, (_, index) => `p${String(index)}`)
    await teach(world, many, LEARNING)
    world.warmer.start()
    await teach(world, many, 5 * HOUR)
    const times = world.seen.calls.map(({ at }) => at)
    for (const at of times) {
      expect(times.filter((other) => other > at - HOUR && other <= at).length).toBeLessThanOrEqual(
        5,
      )
    }
    expect(times.length).toBeGreaterThan(10)
  })

  it('warms nothing whose price is unknown', async () => {
    const world = setUp({ price: null })
    await teach(world, ['popular'], LEARNING)
    world.warmer.start()
    await teach(world, ['popular'], 3 * HOUR)
    expect(world.seen.calls).toHaveLength(0)
  })

  it('begins with what gains most', async () => {
    const world = setUp({ warming: { valuePerSecond: 1, maxCostPerHour: 0.01 }, ttlSeconds: 7_200 })
    const { clock, forecast } = world
    await teach(world, ['quick', 'slow'], 100 * MINUTE)
    const landed = (key: string, duration_ms: number): void => {
      forecast.landed({ key: `|${key}`, at: clock.now() - 100 * MINUTE, cost: 1e7, duration_ms })
    }
    landed('quick', 500)
    landed('slow', 20_000)
    world.warmer.start()
    await world.clock.advance(30 * MINUTE)
    expect(prompts(world)).toEqual(['slow'])
  })

  it('does not pay more for a second than it is worth', async () => {
    const poor = setUp({ warming: { valuePerSecond: 1e-9 } })
    await teach(poor, ['a'], LEARNING, 20 * MINUTE)
    poor.warmer.start()
    await teach(poor, ['a'], 3 * HOUR, 20 * MINUTE)
    expect(poor.seen.calls).toHaveLength(0)
  })

  it('never warms the keys it holds out, and compares the two', async () => {
    const world = setUp({ warming: { holdout: 0.5 } })
    const many = Array.from({ length: 40 }, (_, index) => `p${String(index)}`)
    await teach(world, many, LEARNING)
    world.warmer.start()
    await teach(world, many, 12 * HOUR)
    const warmed = new Set(prompts(world))
    const report = world.report()
    expect(report.tracked_keys).toBe(40)
    expect(report.holdout_keys).toBe(40 - warmed.size)
    expect(report.holdout_keys).toBeGreaterThan(8)
    expect(report.holdout_keys).toBeLessThan(32)
    expect(report.hit_rate_warmed).toBe(100)
    expect(report.hit_rate_holdout).toBeGreaterThan(70)
    expect(report.hit_rate_holdout).toBeLessThan(90)
  })

  it('tries once for each entry when the call fails', async () => {
    const world = setUp({ random: () => 0 })
    let tries = 0
    world.deps.infer = async () => {
      tries += 1
      throw new RaptorflowError('PROVIDER_UNAVAILABLE', 'down')
    }
    for (let index = 0; index < 30; index += 1) world.ask('popular')
    // Two runs see it: 70 and 10 seconds before its end.
    const now = world.clock.now()
    world.cache.set('|popular', { created_at: now, fresh_until: now + 10 * MINUTE + 10_000 })
    world.forecast.landed({ key: '|popular', at: now - 50 * MINUTE, cost: 1, duration_ms: 1 })
    world.warmer.start()
    await world.clock.advance(2 * HOUR)
    expect(tries).toBe(1)
    expect(world.seen.runs.reduce((sum, run) => sum + run.failed, 0)).toBe(1)
  })

  it('leaves what has been renewed while it waited for its turn', async () => {
    const world = setUp()
    const { clock, cache, deps, forecast } = world
    await teach(world, ['a', 'b'], LEARNING)
    const { infer } = deps
    deps.infer = (request, options) => {
      const key = request.prompt === 'a' ? '|b' : '|a'
      cache.set(key, { created_at: clock.now(), fresh_until: clock.now() + HOUR })
      forecast.landed({ key, at: clock.now(), cost: 1, duration_ms: 1 })
      return infer(request, options)
    }
    world.warmer.start()
    await clock.advance(40 * MINUTE)
    expect(world.seen.calls).toHaveLength(1)
    expect(world.seen.runs.find((run) => run.planned > 0)).toMatchObject({ planned: 2, warmed: 1 })
  })

  it('does not ask again what the model refused to answer, until a caller gets an answer', async () => {
    const world = setUp()
    const { infer } = world.deps
    let refusals = 0
    world.deps.infer = async () => {
      refusals += 1
      return answerOf({ finish_reason: 'content_filter' })
    }
    await teach(world, ['popular'], LEARNING)
    world.warmer.start()
    await world.clock.advance(HOUR)
    expect(refusals).toBe(1)
    expect(world.report()).toMatchObject({ warm_calls: 0, cost: 0.01 })
    world.deps.infer = infer
    await teach(world, ['popular'], 3 * HOUR)
    expect(world.seen.calls.length).toBeGreaterThan(0)
  })

  it('leaves what was cleared or invalidated to the callers', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.cache.clear()
    world.warmer.start()
    await world.clock.advance(3 * HOUR)
    expect(world.seen.calls).toHaveLength(0)
  })

  it('leaves what another process has renewed', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.warmer.start()
    for (let hour = 0; hour < 6; hour += 1) {
      const now = world.clock.now()
      world.cache.set('|popular', { created_at: now, fresh_until: now + HOUR })
      await teach(world, ['popular'], 30 * MINUTE)
    }
    expect(world.seen.calls).toHaveLength(0)
  })

  it('aborts the call under way when it is stopped', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    let signal: AbortSignal | undefined
    world.deps.infer = (_, options) => {
      signal = options.signal
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new RaptorflowError('ABORTED', 'aborted'))
        })
      })
    }
    world.warmer.start()
    await world.clock.advance(2 * HOUR)
    expect(signal?.aborted).toBe(false)
    const runs = world.seen.runs.length
    world.warmer.stop()
    await world.clock.advance(0)
    expect(signal?.aborted).toBe(true)
    expect(world.seen.runs).toHaveLength(runs)
    expect(world.clock.pending).toBe(0)
  })

  it('survives a cache that fails, and says so without a word of the prompt', async () => {
    const world = setUp()
    await teach(world, ['popular secret'], LEARNING)
    const { cached } = world.deps
    world.deps.cached = () => Promise.reject(new Error('popular secret'))
    world.warmer.start()
    await teach(world, ['popular secret'], HOUR)
    expect(world.seen.logs).toContain('warming failed')
    expect(world.seen.logs.join()).not.toContain('secret')
    world.deps.cached = cached
    await teach(world, ['popular secret'], 2 * HOUR)
    expect(world.seen.calls.length).toBeGreaterThan(0)
  })

  it('tells of each run in numbers', async () => {
    const world = setUp()
    await teach(world, ['popular'], LEARNING)
    world.warmer.start()
    await teach(world, ['popular'], HOUR + 10 * MINUTE)
    const warmed = world.seen.runs.filter((run) => run.warmed > 0)
    expect(warmed[0]).toEqual({ planned: 1, warmed: 1, failed: 0, cost: 0.01, stopped: null })
    expect(world.seen.runs.length).toBeGreaterThan(60)
  })
})
