import { calcPrice, findProvider } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ModelPrice } from '../../../src/contracts/model.js'
import { costOf } from '../../../src/features/pricing/cost.js'
import { MODEL_FACTS } from '../../../src/features/pricing/model-facts.js'
import { genaiPrices } from '../../../src/features/pricing/genai-prices.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { silentLogger } from '../../../src/util/logger.js'
import { recordingLogger } from './stub-provider.js'

const NOW = Date.UTC(2026, 10, 22)

async function priceAt(vendor: string, model: string, at = NOW): Promise<ModelPrice | null> {
  return genaiPrices({ clock: new FakeClock(at), logger: silentLogger }).priceOf(vendor, model)
}

afterEach(() => {
  vi.doUnmock('@pydantic/genai-prices')
  vi.resetModules()
})

describe('the default price source', () => {
  it('gives USD per million tokens, cache prices included', async () => {
    expect(await priceAt('openai', 'gpt-4')).toEqual({ input: 30, output: 60 })
    expect(await priceAt('anthropic', 'claude-opus-5')).toEqual({
      input: 5,
      output: 25,
      cacheRead: 0.5,
      cacheWrite: 6.25,
    })
  })

  it('turns stepped prices into tiers of the whole request', async () => {
    expect(await priceAt('google', 'gemini-2.5-pro')).toEqual({
      input: 1.25,
      output: 10,
      cacheRead: 0.125,
      tiers: [{ aboveInputTokens: 200_000, input: 2.5, output: 15, cacheRead: 0.25 }],
    })
  })

  it('takes the price that holds on the clock’s day', async () => {
    const before = await priceAt('google', 'gemini-3.8-flash', Date.UTC(2026, 11, 31))
    const after = await priceAt('google', 'gemini-3.8-flash', Date.UTC(2027, 0, 2))
    expect([before?.input, after?.input]).toEqual([0.75, 1.5])
  })

  it('knows nothing of unknown models and vendors, and of charges it cannot express', async () => {
    expect(await priceAt('openai', 'gpt-99')).toBeNull()
    expect(await priceAt('nobody', 'gpt-4')).toBeNull()
    expect(await priceAt('openai', 'text-embedding-3-small')).toBeNull()
    // Has a fee per request besides its token prices.
    expect(await priceAt('perplexity', 'sonar')).toBeNull()
  })

  it('answers without a promise once the data is loaded', async () => {
    const source = genaiPrices({ clock: new FakeClock(NOW), logger: silentLogger })
    const first = source.priceOf('openai', 'gpt-4')
    expect(first).toBeInstanceOf(Promise)
    await first
    expect(source.priceOf('openai', 'gpt-4')).toEqual({ input: 30, output: 60 })
  })

  it('prices nearly every model of the table', async () => {
    const source = genaiPrices({ clock: new FakeClock(NOW), logger: silentLogger })
    const unpriced: string[] = []
    for (const { vendor, id } of MODEL_FACTS) {
      if ((await source.priceOf(vendor, id)) === null) unpriced.push(id)
    }
    expect(unpriced).toEqual(['claude-haiku-5-5', 'claude-fable-5-2', 'gemini-4-argon'])
  })

  it('with our arithmetic charges what the package itself charges', async () => {
    const source = genaiPrices({ clock: new FakeClock(NOW), logger: silentLogger })
    const models = ['openai', 'anthropic', 'google', 'deepseek'].flatMap((providerId) =>
      (findProvider({ providerId })?.models ?? []).map(({ id }) => ({ providerId, id })),
    )
    const tokens = fc.oneof(fc.nat(2_000), fc.nat(400_000))
    let compared = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...models),
        tokens,
        tokens,
        tokens,
        tokens,
        async ({ providerId, id }, input, cache_read, cache_write, output) => {
          const price = await source.priceOf(providerId, id)
          if (price === null) return
          const theirs = calcPrice(
            {
              input_tokens: input + cache_read + cache_write,
              cache_read_tokens: cache_read,
              cache_write_tokens: cache_write,
              output_tokens: output,
            },
            id,
            { providerId, timestamp: new Date(NOW) },
          )
          compared += 1
          const ours = costOf({ input, cache_read, cache_write, output, reasoning: 0 }, price)
          expect(Math.abs(ours - (theirs?.total_price ?? NaN) * 1e9)).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 500 },
    )
    expect(compared).toBeGreaterThan(200)
  })

  it('says once that the data cannot be loaded, and then knows no price', async () => {
    vi.resetModules()
    vi.doMock('@pydantic/genai-prices', () => {
      throw new Error('not there')
    })
    const { genaiPrices: fresh } = await import('../../../src/features/pricing/genai-prices.js')
    const logger = recordingLogger()
    const source = fresh({ clock: new FakeClock(NOW), logger })
    const [first, second] = [source.priceOf('openai', 'gpt-4'), source.priceOf('openai', 'gpt-4o')]
    expect([await first, await second]).toEqual([null, null])
    expect(source.priceOf('openai', 'o3')).toBeNull()
    expect(logger.lines).toHaveLength(1)
  })

  it('loads the data at the first question, not before', async () => {
    vi.resetModules()
    const load = vi.fn(() => ({ calcPrice: () => null }))
    vi.doMock('@pydantic/genai-prices', load)
    const { genaiPrices: fresh } = await import('../../../src/features/pricing/genai-prices.js')
    const source = fresh({ clock: new FakeClock(NOW), logger: silentLogger })
    expect(load).not.toHaveBeenCalled()
    expect(await source.priceOf('openai', 'gpt-4')).toBeNull()
    expect(load).toHaveBeenCalledTimes(1)
  })
})
