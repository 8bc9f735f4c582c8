import { describe, expect, it } from 'vitest'
import { parseRequest } from '../../../src/features/request/parse.js'
import { createDemandForecast } from '../../../src/jobs/warming/demand-forecast.js'
import { trackedKey } from '../../../src/jobs/warming/tracked-key.js'
import { WarmingTrial } from '../../../src/jobs/warming/trial.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** One key with a TTL of an hour; its entry would end in `plainMinutes`. */
function setUp(options: { readonly holdout?: number; readonly valuePerSecond?: number } = {}) {
  const clock = new FakeClock()
  const forecast = createDemandForecast({ clock })
  const trial = new WarmingTrial(clock, options.holdout ?? 0, options.valuePerSecond ?? 0)
  const key = trackedKey('a', parseRequest({ prompt: 'a' }), HOUR)
  key.cost = 1e9
  key.durationMs = 2_000
  const warm = (plainMinutes = 1): void => {
    trial.warmed(key, {
      until: clock.now() + HOUR,
      plainUntil: clock.now() + plainMinutes * MINUTE,
      cost: 1e9,
    })
  }
  const ask = (hit: boolean): void => {
    trial.observed(key, clock.now(), hit)
  }
  const report = () => trial.report(forecast, { enabled: true, stopped: null })
  /** Warmed once an hour, each time used or not. */
  const live = async (hours: number, used: (hour: number) => boolean): Promise<void> => {
    for (let hour = 0; hour < hours; hour += 1) {
      warm()
      await clock.advance(30 * MINUTE)
      if (used(hour)) ask(true)
      await clock.advance(30 * MINUTE)
      trial.sweep([key])
    }
  }
  return { clock, trial, key, warm, ask, report, live }
}

describe('the judgement of warming', () => {
  it('counts a hit as extra when the entry would have ended without warming', async () => {
    const { clock, warm, ask, report } = setUp()
    warm()
    await clock.advance(30 * MINUTE)
    ask(true)
    expect(report()).toMatchObject({
      warm_calls: 1,
      used_before_expiry: 1,
      extra_hits: 1,
      cost: 1,
      cost_saved: 1,
      latency_saved: 2,
    })
  })

  it('counts a hit before that as use, but not as extra', async () => {
    const { clock, warm, ask, report } = setUp()
    warm(10)
    await clock.advance(5 * MINUTE)
    ask(true)
    expect(report()).toMatchObject({ used_before_expiry: 1, extra_hits: 0, cost_saved: 0 })
  })

  it('counts one extra hit for one avoided miss, however many hits follow it', async () => {
    const { clock, warm, ask, report } = setUp()
    warm()
    for (let index = 0; index < 5; index += 1) {
      await clock.advance(10 * MINUTE)
      ask(true)
    }
    expect(report().extra_hits).toBe(1)
  })

  it('takes off the miss that comes only because warming had moved the expiry', async () => {
    const { clock, warm, ask, report } = setUp()
    warm()
    await clock.advance(30 * MINUTE)
    // Without warming this were a miss, and its entry fresh until 90 minutes.
    ask(true)
    await clock.advance(40 * MINUTE)
    ask(false)
    expect(report()).toMatchObject({ extra_hits: 0, cost_saved: 0 })
  })

  it('does not blame itself for what the cache lost', async () => {
    const { clock, warm, ask, report } = setUp()
    warm(45)
    await clock.advance(10 * MINUTE)
    ask(false)
    expect(report().extra_hits).toBe(0)
    await clock.advance(50 * MINUTE)
    ask(true)
    expect(report()).toMatchObject({ extra_hits: 0, used_before_expiry: 0 })
  })

  it('counts an entry that nobody asks for as unused, once it has ended or made room', async () => {
    const { clock, trial, key, warm, report } = setUp()
    warm()
    trial.sweep([key])
    await clock.advance(2 * HOUR)
    trial.sweep([key])
    warm()
    trial.displaced(key)
    trial.displaced(key)
    expect(report()).toMatchObject({ warm_calls: 2, used_before_expiry: 0, cost: 2 })
  })

  it('switches off after a day in which less than half was used', async () => {
    const { trial, live } = setUp({ valuePerSecond: 1e12 })
    await live(23, (hour) => hour % 3 === 0)
    expect(trial.verdict()).toBeNull()
    await live(2, () => false)
    expect(trial.verdict()).toBe('unused')
  })

  it('switches off after a day in which it cost more than it saved', async () => {
    const { trial, live } = setUp()
    await live(25, (hour) => hour % 4 !== 0)
    expect(trial.verdict()).toBe('unprofitable')
  })

  it('goes on when the time it saved is worth the difference', async () => {
    const { trial, live } = setUp({ valuePerSecond: 0.5e9 })
    await live(25, (hour) => hour % 4 !== 0)
    expect(trial.verdict()).toBeNull()
  })

  it('goes by the last day only', async () => {
    const { clock, trial, live } = setUp({ valuePerSecond: 1e9 })
    await live(24, () => false)
    await live(26, () => true)
    expect(trial.verdict()).toBeNull()
    await clock.advance(2 * DAY)
    expect(trial.verdict()).toBeNull()
  })

  it('says nothing of a handful of calls', async () => {
    const { clock, trial, warm } = setUp()
    for (let index = 0; index < 10; index += 1) {
      warm()
      await clock.advance(4 * HOUR)
    }
    expect(trial.verdict()).toBeNull()
  })

  it('holds out about the share it is told, always the same keys', () => {
    const { trial } = setUp({ holdout: 0.1 })
    const other = setUp({ holdout: 0.1 }).trial
    const keys = Array.from({ length: 10_000 }, (_, index) => `key ${String(index)}`)
    const heldOut = keys.filter((key) => trial.isHeldOut(key))
    expect(heldOut.length).toBeGreaterThan(850)
    expect(heldOut.length).toBeLessThan(1_150)
    expect(keys.filter((key) => other.isHeldOut(key))).toEqual(heldOut)
    expect(keys.some((key) => setUp().trial.isHeldOut(key))).toBe(false)
  })
})
