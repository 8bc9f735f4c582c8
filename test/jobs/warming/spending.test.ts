/** What warming may spend, against providers that bill all they may, fail, and bill for that. */
import { describe, expect, it } from 'vitest'
import { ProviderError } from '../../../src/errors.js'
import {
  InferenceClient,
  type InferenceClientOptions,
  type Provider,
  type ProviderCall,
  type WarmRequest,
} from '../../../src/index.js'
import { FakeClock } from '../../../src/testing/index.js'
import { EVERY_CAPABILITY } from '../../../src/util/capabilities.js'
import { toNano } from '../../../src/util/money.js'
import { seeded } from './simulated-world.js'

interface Bill {
  readonly fails?: boolean | undefined
  readonly output: number
}

/** USD for a million tokens. */
const PRICE = { input: 1, output: 10 }
/** Its worst case is 1.28 USD. */
const MOST_OUTPUT = 128_000

function worldOf(
  bill: (call: ProviderCall) => Bill,
  options: Partial<InferenceClientOptions> = {},
  names: readonly string[] = ['one'],
) {
  const clock = new FakeClock()
  const seen = { billed: 0, calls: [] as ProviderCall[] }
  const call = async (asked: ProviderCall) => {
    seen.calls.push(asked)
    await new Promise<void>((resolve) => void clock.schedule(10, resolve))
    const { output, fails } = bill(asked)
    const usage = { input: 20, cache_read: 0, cache_write: 0, output, reasoning: 0 }
    seen.billed += 20 * PRICE.input * 1_000 + output * PRICE.output * 1_000
    if (fails === true) throw new ProviderError({ reason: 'bad_response', usage })
    const finish_reason = output === asked.max_tokens ? 'length' : 'stop'
    return { text: 'ok', reasoning: undefined, tool_calls: [], finish_reason, usage } as const
  }
  const providers = names.map((name): Provider => {
    const model = { id: 'm', price: PRICE, contextWindow: 1e6, maxOutputTokens: MOST_OUTPUT }
    const stream = (): never => {
      throw new Error('not expected to be called')
    }
    const capabilities = EVERY_CAPABILITY
    return { specVersion: 'v1', name, vendor: null, models: [model], capabilities, call, stream }
  })
  const client = new InferenceClient({
    providers,
    defaultModel: 'm',
    clock,
    random: () => 0.5,
    ...options,
  })
  const warm = async (...requests: readonly WarmRequest[]) => {
    const state = { done: false }
    const runs = Promise.all(requests.map((request) => client.warm(request))).finally(() => {
      state.done = true
    })
    // What warming and a tight budget need takes real time to load.
    while (!state.done) {
      await clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return runs
  }
  return { client, clock, seen, warm }
}

const PROMPTS = Array.from({ length: 20 }, (_, index) => `prompt ${index}`)

describe('what warming spends', () => {
  it('may be less than the worst case of a model that can write much', async () => {
    const { seen, warm } = worldOf(() => ({ output: 300 }))
    // 20 calls of 0.00302.
    const [run] = await warm({ prompts: PROMPTS, maxCost: 0.11 })
    expect(run).toMatchObject({ warmed: 20, skipped: 0, total_cost: 0.0604 })
    expect(seen.billed).toBe(60_400_000)
  })

  it('is used up as far as a call still fits, however many run at once', async () => {
    const { seen, warm } = worldOf(() => ({ output: 999 }))
    const prompts = PROMPTS.map((prompt) => ({ prompt, max_tokens: 1_000 }))
    const [run] = await warm({ prompts, maxCost: 0.055 })
    // 0.01001 each, at most some 0.0103 with the bound of the input.
    expect(run).toMatchObject({ warmed: 5, skipped: 15 })
    expect(seen.billed).toBe(5 * 10_010_000)
  })

  it('ends an answer that is far longer than usual, and does not keep it', async () => {
    const { client, seen, warm } = worldOf((call) => ({ output: call.max_tokens ?? MOST_OUTPUT }))
    const [run] = await warm({ prompts: ['q'], maxCost: 0.05 })
    expect(run).toMatchObject({ warmed: 0, failed: 1 })
    expect(seen.calls[0]?.max_tokens).toBeGreaterThan(4_000)
    expect(seen.billed).toBeLessThanOrEqual(toNano(0.05))
    expect((await client.stats()).cost_stats.total_cost).toBe(run?.total_cost)
  })

  it('without a limit leaves the answer as long as the model makes it', async () => {
    const { seen, warm } = worldOf(() => ({ output: 50_000 }))
    const [run] = await warm({ prompts: ['q'] })
    expect(run).toMatchObject({ warmed: 1 })
    expect(seen.calls[0]?.max_tokens).toBeUndefined()
  })

  it('is held to a smaller budget of the request', async () => {
    const { seen, warm } = worldOf((call) => ({ output: call.max_tokens ?? MOST_OUTPUT }))
    await warm({ prompts: [{ prompt: 'q', budget_limit: 0.01 }], maxCost: 1 })
    expect(seen.calls).toHaveLength(1)
    expect(seen.billed).toBeLessThanOrEqual(toNano(0.01))
  })

  it('never exceeds a limit, whatever fails and is billed, in runs at once', async () => {
    const chance = seeded(7)
    let warmed = 0
    for (let round = 0; round < 25; round += 1) {
      const limit = 10 ** (-2.5 + 2 * chance())
      const world = worldOf(
        (call) => ({
          fails: chance() < 0.5,
          output: Math.floor((call.max_tokens ?? MOST_OUTPUT) * (chance() < 0.5 ? 1 : 0.02)),
        }),
        { warming: { maxCostPerHour: limit, maxInFlight: 3 } },
        ['one', 'two', 'three'],
      )
      const wanted = (run: number) => ({
        prompts: PROMPTS.slice(0, 5).map((prompt) => ({
          prompt: `${prompt} of ${run}`,
          ...(chance() < 0.5 && { max_tokens: 1 + Math.floor(2_000 * chance()) }),
        })),
      })
      const runs = await world.warm(wanted(0), wanted(1), wanted(2))
      for (const run of runs) warmed += run.warmed
      expect(world.seen.billed).toBeLessThanOrEqual(toNano(limit))
    }
    expect(warmed).toBeGreaterThan(25)
  })
})
