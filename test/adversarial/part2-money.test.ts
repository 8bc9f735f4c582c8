/** Who pays for what comes from lower levels, from other processes, from a match by meaning; what warming may spend. */
import { afterEach, describe, expect, it } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import {
  InferenceClient,
  type InferenceClientOptions,
  type InferenceResponse,
} from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'
import { ANSWER, rawProvider, worldOf } from './support.js'

const opened: InferenceClient[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

function start(provider: MockProvider, cache: InferenceClientOptions['cache']): InferenceClient {
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    prices: { 'mock-model': { input: 1_000, output: 2_000 } },
    cache,
  })
  opened.push(client)
  return client
}

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? NaN), 0)

describe('warming', () => {
  /** Each answer is as long as it may be: what `max_tokens` says, and no longer. */
  const wordy = async () => {
    let billed = 0
    const world = worldOf(
      [
        rawProvider('raw', {
          call: async () => {
            await new Promise<void>((resolve) => void world.clock.schedule(10, resolve))
            billed += (10 * 1 + 1_000 * 2) / 1e6
            return { ...ANSWER, usage: { ...ANSWER.usage, output: 1_000 } }
          },
        }),
      ],
      { warming: { maxCostPerHour: 0.005 } },
    )
    // Loads what warming needs, which takes real time.
    await world.client.warm({ prompts: [] })
    return { ...world, billed: () => billed }
  }
  const prompt = (name: string) => ({ prompt: name, max_tokens: 1_000 })

  it('never spends more than `maxCost`', async () => {
    const { client, clock, billed } = await wordy()
    const prompts = Array.from({ length: 20 }, (_, index) => prompt(`prompt ${index}`))
    const warmed = client.warm({ prompts, maxCost: 0.005 })
    await clock.advance(1_000)
    expect((await warmed).total_cost).toBeLessThanOrEqual(0.005)
    expect(billed()).toBeLessThanOrEqual(0.005)
  })

  it('never spends more than `maxCostPerHour`, however many runs there are at once', async () => {
    const { client, clock, billed } = await wordy()
    const runs = Array.from({ length: 10 }, (_, run) =>
      client.warm({ prompts: [prompt(`prompt ${run} a`), prompt(`prompt ${run} b`)] }),
    )
    await clock.advance(2_000)
    await Promise.all(runs)
    expect(billed()).toBeLessThanOrEqual(0.005)
  })

  it('pays once for what two runs and a caller want at the same time', async () => {
    const provider = mockProvider({ reply: { text: 'ok', latencyMs: 50 } })
    const client = start(provider, {})
    const [one, two, caller] = await Promise.all([
      client.warm({ prompts: ['q', 'q'] }),
      client.warm({ prompts: ['q'] }),
      client.infer('q'),
    ])
    expect(provider.calls).toHaveLength(1)
    const paid = one.total_cost + two.total_cost + (caller.actual_cost ?? NaN)
    const { cost_stats } = await client.stats()
    expect(paid).toBeCloseTo(cost_stats.total_cost, 9)
  })
})

describeRedis('with every level on', () => {
  const pair = async (reply: NonNullable<Parameters<typeof mockProvider>[0]>['reply']) => {
    const provider = mockProvider({ reply })
    const namespace = freshNamespace()
    const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
    const semantic = { checkRate: 0, threshold: 0.5, guards: { content: false } }
    const one = start(provider, { l2: tier(), semantic })
    const two = start(provider, { l2: tier(), semantic })
    for (const client of [one, two]) {
      await until(
        async () => (await client.invalidateTags(['nobody'])).levels['l2']?.success === true,
      )
    }
    return { provider, one, two }
  }

  it('1,000 equal requests of two processes, half of them streams, make one call and one bill', async () => {
    const { provider, one, two } = await pair({ text: 'The answer.', latencyMs: 100 })
    const first = one.infer('How many roads must a man walk down?')
    await until(() => provider.calls.length === 1)
    const all: Promise<InferenceResponse>[] = [first]
    for (let index = 0; index < 999; index += 1) {
      const client = index % 2 === 0 ? one : two
      all.push(
        client === one && index % 4 === 0
          ? client.stream('How many roads must a man walk down?').response()
          : client.infer('How many roads must a man walk down?'),
      )
    }
    const answers = await Promise.all(all)
    expect(provider.calls).toHaveLength(1)
    const payers = answers.filter(({ actual_cost }) => actual_cost !== 0)
    expect(payers).toHaveLength(1)
    const price = payers[0]?.actual_cost ?? NaN
    expect(sum(answers.map(({ cost_saved }) => cost_saved))).toBeCloseTo(999 * price, 6)
    const documents = await Promise.all([one, two].map((client) => client.stats()))
    expect(sum(documents.map(({ cost_stats }) => cost_stats.total_cost))).toBeCloseTo(price, 9)
    const reports = await Promise.all([one, two].map((client) => client.analytics()))
    expect(JSON.stringify(reports)).not.toContain('NaN')
  })

  it('hits of the other process, and matches by meaning, cost nothing and say what they saved', async () => {
    const { provider, one, two } = await pair((_, { index }) => `answer ${index}`)
    const paid = await one.infer('Where do I find my new bank card?')
    await one.flush()
    const shared = await two.infer('Where do I find my new bank card?')
    const near = await two.infer('Where can I find my new bank card?')
    expect([shared.cache.level, near.cache.level]).toEqual(['l2', 'semantic'])
    for (const hit of [shared, near]) {
      expect(hit).toMatchObject({ actual_cost: 0, cost_saved: paid.actual_cost, cache_hit: true })
    }
    expect(provider.calls).toHaveLength(1)
    expect((await two.stats()).cost_stats.total_cost).toBe(0)
  })

  it('5,000 different requests over Redis all get their own answers', async () => {
    const { provider, one, two } = await pair(({ messages }) => {
      const content = messages[0]?.content
      return `re: ${typeof content === 'string' ? content : ''}`
    })
    const prompts = Array.from({ length: 5_000 }, (_, index) => `item number ${index * 7919}`)
    const answers = await Promise.all(
      prompts.map((prompt, index) =>
        (index % 2 === 0 ? one : two).infer(prompt, { cache: { semantic: false } }),
      ),
    )
    expect(answers.map(({ response }) => response)).toEqual(
      prompts.map((prompt) => `re: ${prompt}`),
    )
    expect(provider.calls.length).toBe(5_000)
    await one.flush()
    const { cache_stats } = await one.stats()
    expect(cache_stats).toBeDefined()
  })
})
