import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InferenceRequest } from '../../../src/contracts/request.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { createDemandForecast } from '../../../src/jobs/warming/demand-forecast.js'
import { HOUR_MS } from '../../../src/jobs/warming/hour-profile.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { seeded } from './simulated-world.js'

function setUp(options: { readonly maxKeys?: number } = {}) {
  const clock = new FakeClock()
  const forecast = createDemandForecast({ clock, ...options })
  const observe = (key: string, request: InferenceRequest = { prompt: key }): void => {
    forecast.observe({ key, request: parseRequest(request), at: clock.now(), hit: false })
  }
  const within = (key: string, hours: number): number =>
    forecast.probability(key, clock.now(), clock.now() + hours * HOUR_MS)
  return { clock, forecast, observe, within }
}

const TOOL = { name: 'act', parameters: { type: 'object' } }

describe('the demand forecast', () => {
  it('expects a key as often as it has come', async () => {
    const { clock, observe, within } = setUp()
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      if (minute % 30 === 0) observe('twice an hour')
      if (minute % 240 === 0) observe('every four hours')
      await clock.advance(60_000)
    }
    expect(within('twice an hour', 1)).toBeCloseTo(1 - Math.exp(-2), 1)
    // 0.22, but for how long ago the last one was.
    expect(within('every four hours', 1)).toBeGreaterThan(0.14)
    expect(within('every four hours', 1)).toBeLessThan(0.3)
    expect(within('every four hours', 24)).toBeGreaterThan(0.97)
    expect(within('never', 24)).toBe(0)
  })

  it('does not underrate a key because it has not watched for long', async () => {
    const { clock, observe, within } = setUp()
    for (let index = 0; index < 8; index += 1) {
      observe('four an hour')
      await clock.advance(HOUR_MS / 4)
    }
    expect(within('four an hour', 0.25)).toBeCloseTo(1 - Math.exp(-1), 1)
  })

  it('does not take two arrivals in the first minute for a flood', async () => {
    const { clock, observe, within } = setUp()
    observe('a')
    observe('a')
    await clock.advance(60_000)
    expect(within('a', 0.1)).toBeLessThan(0.2)
  })

  it('forgets a key that is no longer asked for', async () => {
    const { clock, observe, within } = setUp()
    for (let index = 0; index < 60; index += 1) {
      observe('a')
      await clock.advance(HOUR_MS / 6)
    }
    expect(within('a', 1)).toBeGreaterThan(0.99)
    await clock.advance(24 * HOUR_MS)
    expect(within('a', 1)).toBeLessThan(0.2)
  })

  it('expects more in the hours that are busy for all keys', async () => {
    const { clock, forecast, observe } = setUp()
    for (let hour = 0; hour < 5 * 24; hour += 1) {
      const busy = hour % 24 >= 8 && hour % 24 < 20
      for (let index = 0; index < (busy ? 60 : 6); index += 1) {
        observe(index % 10 === 0 ? 'a' : `other ${String(index)}`)
        await clock.advance(HOUR_MS / (busy ? 60 : 6))
      }
    }
    const at = (hour: number): number => clock.now() + hour * HOUR_MS
    const night = forecast.probability('a', at(2), at(2.05))
    const day = forecast.probability('a', at(12), at(12.05))
    expect(day).toBeGreaterThan(2 * night)
  })

  it('is a probability that grows with the span', () => {
    const { clock, forecast, observe } = setUp()
    for (let index = 0; index < 5; index += 1) observe('a')
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(10 ** 9), (from, length) => {
        const start = clock.now() + from
        const probability = forecast.probability('a', start, start + length)
        expect(probability).toBeGreaterThanOrEqual(0)
        expect(probability).toBeLessThanOrEqual(1)
        expect(forecast.probability('a', start, start + length + HOUR_MS)).toBeGreaterThanOrEqual(
          probability,
        )
      }),
    )
  })

  it('never tracks more than maxKeys, and keeps the frequent ones', async () => {
    const { clock, forecast, observe } = setUp({ maxKeys: 20 })
    const random = seeded(3)
    for (let index = 0; index < 5_000; index += 1) {
      if (index % 500 === 0) await clock.advance(HOUR_MS)
      observe(random() < 0.5 ? `hot ${String(index % 5)}` : `cold ${String(index)}`)
      expect(forecast.size).toBeLessThanOrEqual(20)
    }
    for (let hot = 0; hot < 5; hot += 1) expect(forecast.get(`hot ${String(hot)}`)).toBeDefined()
  })

  it('does not credit a newcomer with the count it has taken over', () => {
    const { observe, within } = setUp({ maxKeys: 1 })
    for (let index = 0; index < 100; index += 1) observe('old')
    observe('new')
    expect(within('old', 1)).toBe(0)
    expect(within('new', 1)).toBeLessThan(0.7)
  })

  it('follows a new favourite within hours, however long the old one ruled', async () => {
    const { clock, forecast, observe } = setUp({ maxKeys: 1 })
    for (let index = 0; index < 1_000; index += 1) observe('old')
    await clock.advance(10 * 24 * HOUR_MS)
    for (let index = 0; index < 10; index += 1) observe('new')
    const { count, error } = forecast.get('new')!
    expect(error / count).toBeLessThan(0.01)
  })

  it('stays finite over years, and takes a clock that goes back', async () => {
    const { clock, forecast, observe, within } = setUp()
    observe('a')
    await clock.advance(3 * 365 * 24 * HOUR_MS)
    observe('a')
    clock.setWallClock(clock.now() - 48 * HOUR_MS)
    observe('a')
    const { count } = forecast.get('a')!
    expect(count).toBeGreaterThan(1)
    expect(Number.isFinite(count)).toBe(true)
    expect(within('a', 1)).toBeGreaterThan(0)
  })

  it.each<[string, InferenceRequest]>([
    ['belongs to one user', { prompt: 'p', user_id: 'u', cache: { scope: 'user' } }],
    ['may call tools', { prompt: 'p', tools: [TOOL] }],
    ['has vendor switches', { prompt: 'p', provider_options: { openai: { store: true } } }],
    [
      'has an image',
      {
        messages: [
          { role: 'user', content: [{ type: 'image', url: 'https://example.com/a.png' }] },
        ],
      },
    ],
    [
      'goes on after a tool',
      {
        messages: [
          { role: 'user', content: 'p' },
          { role: 'assistant', tool_calls: [{ id: '1', name: 'act', arguments: '{}' }] },
          { role: 'tool', tool_call_id: '1', content: 'done' },
        ],
      },
    ],
    ['is larger than 16 KB', { prompt: 'x'.repeat(20_000) }],
    ['is larger with its system text', { prompt: 'x'.repeat(9_000), system: 'y'.repeat(9_000) }],
    ['is larger with its metadata', { prompt: 'p', metadata: { note: 'x'.repeat(17_000) } }],
    [
      'is larger as a conversation',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(17_000) }] }] },
    ],
  ])('does not track a request that %s, and counts it', (_, request) => {
    const { forecast, observe } = setUp()
    observe('a', request)
    expect(forecast.size).toBe(0)
    expect(forecast.untracked).toBe(1)
  })

  it.each<[string, InferenceRequest]>([
    ['avoids the cache', { prompt: 'p', use_cache: false }],
    ['refreshes it, as warming itself does', { prompt: 'p', cache: { refresh: true } }],
  ])('takes no notice of a request that %s, also for a key it tracks', (_, request) => {
    const { forecast, observe } = setUp()
    observe('a', { prompt: 'p' })
    observe('a', request)
    expect(forecast.get('a')).toMatchObject({ count: 1 })
  })

  it('tracks plain conversations and structured answers', () => {
    const { forecast, observe } = setUp()
    observe('a', {
      system: 's',
      messages: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: [{ type: 'text', text: 'three' }] },
      ],
      response_format: { type: 'json_object' },
    })
    expect(forecast.size).toBe(1)
  })

  it('remembers what the last answer cost, how long it took and how long it lives', () => {
    const { clock, forecast, observe } = setUp()
    observe('a', { prompt: 'p', cache: { ttl_seconds: 600 } })
    forecast.landed({ key: 'a', at: clock.now(), cost: 5_000, duration_ms: 1_500 })
    forecast.landed({ key: 'unknown', at: clock.now(), cost: 1, duration_ms: 1 })
    expect(forecast.get('a')).toMatchObject({
      cost: 5_000,
      durationMs: 1_500,
      freshUntil: clock.now() + 600_000,
    })
  })

  it('does not take the wait of a background call for a caller’s', () => {
    const { clock, forecast, observe } = setUp()
    observe('a')
    forecast.landed({ key: 'a', at: clock.now(), cost: 5_000, duration_ms: 1_500 })
    forecast.get('a')!.refreshing = true
    forecast.landed({ key: 'a', at: clock.now(), cost: 2_500, duration_ms: 60_000 })
    expect(forecast.get('a')).toMatchObject({ cost: 5_000, durationMs: 1_500 })
  })
})
