import { describe, expect, it } from 'vitest'
import { createWorld, drive, seeded, type WorldOptions } from './simulated-world.js'

const TRAFFIC = { rate: 0.05, intents: 300, exponent: 1, novel: 0.2, swing: 0.5 }

/** A day of learning, then two with warming; what happened in these two. */
async function simulate(
  warming: WorldOptions['warming'],
  options: WorldOptions = {},
  traffic: Partial<typeof TRAFFIC> = {},
) {
  const world = createWorld({
    ...options,
    random: seeded(21),
    warming: { automatic: true, maxCostPerHour: 100, ...warming },
  })
  const before = { asked: 0, hits: 0 }
  const off = warming === undefined
  await drive(world, {
    ...TRAFFIC,
    ...traffic,
    hours: 72,
    random: seeded(20),
    after: {
      hours: 24,
      call: () => {
        Object.assign(before, world.seen)
        if (!off) world.warmer.start()
      },
    },
  })
  const { asked, hits, warmSpent, spent } = world.seen
  const report = world.report()
  world.warmer.stop()
  return {
    asked: asked - before.asked,
    hits: hits - before.hits,
    spent: spent + warmSpent,
    warmSpent,
    report,
    runs: world.seen.runs,
  }
}

describe('warming over days of simulated traffic', { timeout: 60_000 }, () => {
  it('pays where time is worth enough, and knows exactly what it brought', async () => {
    const off = await simulate(undefined)
    const on = await simulate({ valuePerSecond: 0.02, holdout: 0 })
    expect(on.asked).toBe(off.asked)
    expect(on.hits).toBeGreaterThan(off.hits * 1.05)
    expect(on.report).toMatchObject({ enabled: true, stopped: null })
    expect(on.report.used_before_expiry).toBeGreaterThan(0.7)
    expect(on.report.cost).toBeCloseTo(on.warmSpent, 6)
    // What it reckons without a second world is what the second world shows, but for the jitter.
    const gained = on.hits - off.hits
    expect(Math.abs(on.report.extra_hits - gained)).toBeLessThan(0.1 * gained)
    expect(on.report.latency_saved * 0.02 + on.report.cost_saved).toBeGreaterThan(on.report.cost)
  })

  it('pays in money alone where a warming call is cheap', async () => {
    const off = await simulate(undefined)
    const on = await simulate({}, { warmPrice: 0.5 })
    expect(on.report).toMatchObject({ enabled: true, stopped: null })
    expect(on.spent).toBeLessThan(off.spent)
    expect(on.report.cost_saved).toBeGreaterThan(on.report.cost)
  })

  it('sees keys that it warms hit more often than those it holds out', async () => {
    // Many keys on each side: of a dozen, chance decides which are the popular ones.
    const many = { rate: 0.25, exponent: 0.8 }
    const { report } = await simulate({ valuePerSecond: 0.02, holdout: 0.5 }, {}, many)
    expect(report.hit_rate_warmed).toBeGreaterThan(report.hit_rate_holdout + 5)
  })

  it('switches itself off after a day at full price when time is worth nothing', async () => {
    const { report, runs } = await simulate({})
    expect(report).toMatchObject({ enabled: false, stopped: 'unprofitable' })
    expect(runs.at(-1)?.stopped).toBe('unprofitable')
    expect(runs.length).toBeGreaterThan(24 * 60 - 2)
    expect(runs.length).toBeLessThan(26 * 60)
  })

  it('switches itself off when what it warms is not used', async () => {
    const { report } = await simulate({ threshold: 0.05, valuePerSecond: 100 })
    expect(report).toMatchObject({ enabled: false, stopped: 'unused' })
    expect(report.used_before_expiry).toBeLessThan(0.5)
  })
})
