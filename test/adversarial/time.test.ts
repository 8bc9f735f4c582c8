import { describe, expect, it } from 'vitest'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { ANSWER, follow, rawProvider, seeded, worldOf } from './support.js'

const DAY = 86_400_000

describe('a wall clock that jumps', () => {
  it('moves no deadline, makes no duration negative and serves nothing of unknown age', async () => {
    const chance = seeded(51)
    let calls = 0
    const world = worldOf([
      rawProvider('raw', {
        call: async () => {
          calls += 1
          await new Promise<void>((resolve) => void world.clock.schedule(100, resolve))
          return { ...ANSWER, text: String(world.clock.monotonic()) }
        },
      }),
    ])
    const { client, clock } = world
    for (let round = 0; round < 300; round += 1) {
      const jump = (chance() - 0.5) * 2 * 400 * DAY
      const call = follow(client.infer(`q${round % 5}`))
      await clock.advance(50)
      if (chance() < 0.5) clock.setWallClock(clock.now() + jump)
      await clock.advance(51)
      const end = call()
      expect(end.state).toBe('resolved')
      if (end.state !== 'resolved') continue
      const { processing_time, cache, timestamp } = end.value
      expect(processing_time).toBeGreaterThanOrEqual(0)
      expect(processing_time).toBeLessThanOrEqual(0.1)
      expect(cache.age_seconds).toBeGreaterThanOrEqual(0)
      expect(cache.age_seconds).toBeLessThanOrEqual(3_600 * 1.1)
      expect(new Date(timestamp).toISOString()).toBe(timestamp)
      if (round % 20 === 0) {
        const documents = [await client.stats(), await client.analytics({ days: 365 })]
        expect(JSON.stringify(documents)).not.toContain('null')
        expect(Object.keys(documents[1] ?? {})).toContain('cost_analysis')
      }
    }
    expect(calls).toBeGreaterThan(5)
    const { cost_analysis } = await client.analytics({ days: 365 })
    expect(Object.keys(cost_analysis.daily_costs)).toHaveLength(365)
  })
})

describe('counting the tokens of 4 MiB', () => {
  it('leaves calls their time', async () => {
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'ok' })],
      defaultModel: 'mock-model',
    })
    // Loading the encoding blocks once, for 100-200 ms, as documented.
    await client.countTokens('warm')
    const chance = seeded(61)
    const han = Array.from({ length: 150_000 }, () =>
      String.fromCharCode(0x4e00 + Math.floor(chance() * 20_000)),
    ).join('')
    const texts = ['x'.repeat(4 * 2 ** 20), han, 'lorem ipsum '.repeat(2 ** 17)]
    const waits: number[] = []
    const counts = Promise.all(texts.map((text) => client.countTokens(text)))
    const counted = follow(counts)
    while (counted().state === 'pending') {
      const started = performance.now()
      await client.infer(`q${waits.length}`)
      await new Promise((resolve) => setImmediate(resolve))
      waits.push(performance.now() - started)
    }
    for (const { input_tokens } of await counts) expect(input_tokens).toBeGreaterThan(10_000)
    // 20 ms is the rule. The heap of a fresh encoding is collected once, which takes longer.
    const longest = waits.sort((a, b) => b - a)[Math.ceil(waits.length / 20)] ?? NaN
    expect(waits.length).toBeGreaterThan(20)
    expect(longest).toBeLessThan(40)
  })
})
