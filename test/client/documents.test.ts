import { describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError } from '../../src/index.js'
import { FakeClock, mockProvider } from '../../src/testing/index.js'

const PRICE = { input: 1, output: 2 }
const usage = { input: 1_000, output: 500 }

describe('the documents after real traffic', () => {
  const setUp = async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { text: 'ok', usage, latencyMs: 100 }, clock })
    const failing = mockProvider({
      name: 'down',
      models: [{ id: 'mock-model', price: PRICE }],
      reply: { fault: { kind: 'status', status: 503 } },
    })
    const client = new InferenceClient({
      providers: [failing, provider],
      defaultModel: 'mock-model',
      clock,
      schedule: { maxConcurrency: 4 },
    })
    const run = async <T>(promise: Promise<T>): Promise<T> => {
      await clock.advance(1_000)
      return promise
    }
    await run(client.infer('a'))
    await run(client.infer('a'))
    await run(Promise.all([client.infer('b'), client.infer('b'), client.infer('b')]))
    await run(client.batch({ requests: [{ prompt: 'c' }, { prompt: 'c' }, { prompt: '' }] }))
    return client
  }

  it('count every answered request, and money from attempts alone', async () => {
    const client = await setUp()
    const status = await client.stats()
    // Three calls went through at 1,000 x 1 + 500 x 2 USD per million tokens each.
    const perCall = 0.002
    expect(status.cost_stats.total_cost).toBeCloseTo(3 * perCall, 9)
    expect(status.cost_stats.provider_breakdown['mock']).toBeCloseTo(3 * perCall, 9)
    expect(status.cost_stats.total_requests).toBe(7)
    expect(status.cost_stats.total_tokens).toBe(7 * 1_500)
    const { overall, l1_memory, l2_redis, l3_persistent } = status.cache_stats
    // Lookups: a, a, b x 3, c; the bad item never got that far.
    expect(overall.total_requests).toBe(6)
    expect(overall.hit_rate).toBeCloseTo(100 / 6, 9)
    expect(overall.l1_hit_rate + overall.l2_hit_rate + overall.l3_hit_rate).toBeCloseTo(
      overall.hit_rate,
      9,
    )
    expect(overall.total_cost_saved).toBeCloseTo(4 * perCall, 9)
    expect([l1_memory.enabled, l1_memory.total_entries]).toEqual([true, 3])
    expect([l2_redis.enabled, l3_persistent.enabled]).toEqual([false, false])
    expect(status.worker_stats).toMatchObject({
      total_workers: 4,
      active_workers: 0,
      deduplicator: { exact_duplicates: 3, semantic_duplicates: 0 },
      batch_processor: {
        total_batches: 1,
        successful_batches: 0,
        failed_batches: 1,
        average_batch_size: 3,
      },
    })
    expect([status.pending_requests, status.processing_requests]).toEqual([0, 0])
  })

  it('list providers with measured performance', async () => {
    const client = await setUp()
    const { providers } = await client.providers()
    expect(providers).toHaveLength(2)
    expect(providers.find(({ provider }) => provider === 'mock')).toMatchObject({
      model: 'mock-model',
      estimated_cost: 0.001,
      pricing: { input_token_price: 0.001, output_token_price: 0.002 },
      actual_performance: { total_requests: 3, success_rate: 1, avg_response_time: 0.1 },
    })
    expect(providers.find(({ provider }) => provider === 'down')?.actual_performance).toMatchObject(
      {
        total_requests: 3,
        success_rate: 0,
      },
    )
  })

  it('spread costs over UTC days', async () => {
    const client = await setUp()
    const analytics = await client.analytics({ days: 3 })
    expect(Object.keys(analytics.cost_analysis.daily_costs)).toEqual([
      '2025-12-30',
      '2025-12-31',
      '2026-01-01',
    ])
    expect(analytics.cost_analysis.daily_costs['2026-01-01']).toBeCloseTo(0.006, 9)
    expect(analytics.period_days).toBe(3)
    expect((await client.analytics()).period_days).toBe(7)
    for (const days of [0, 366, 1.5, NaN, '7']) {
      const error: unknown = await client
        .analytics({ days: days as number })
        .catch((e: unknown) => e)
      expect(RaptorflowError.isInstance(error) && error.details.field).toBe('days')
    }
  })

  it('forget the cache on request and say what was cleared', async () => {
    const client = await setUp()
    expect(await client.clearCache('all')).toMatchObject({
      success: true,
      level: 'all',
      levels: { l1: { success: true }, l2: { success: true }, l3: { success: true } },
    })
    expect((await client.stats()).cache_stats.l1_memory.total_entries).toBe(0)
    const error: unknown = await client.clearCache('l9' as 'l1').catch((e: unknown) => e)
    expect(RaptorflowError.isInstance(error) && error.details.field).toBe('level')
  })
})

describe('the life of a client', () => {
  it('lets running calls finish on close, within 2 s, and ends the others', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: (_call, { index }) =>
        index === 0 ? { text: 'in time', latencyMs: 500 } : { fault: { kind: 'stall' } },
      clock,
    })
    const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model', clock })
    const finishing = client.infer('a')
    const stalled = client.infer('b').catch((e: unknown) => e)
    await clock.advance(1)
    const closing = client.close()
    expect(client.close()).toBe(closing)
    await clock.advance(2_000)
    await closing
    expect((await finishing).response).toBe('in time')
    const error = await stalled
    expect(RaptorflowError.isInstance(error) && error.details.reason).toBe('closed')
  })

  it('flushes what slow levels have not written yet', async () => {
    const written: string[] = []
    let finish: () => void = () => undefined
    const stats = { enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'ok' })],
      defaultModel: 'mock-model',
      cache: {
        l2: {
          level: 'l2',
          get: () => Promise.resolve(undefined),
          set: async (key) => {
            await new Promise<void>((resolve) => (finish = resolve))
            written.push(key)
          },
          delete: () => Promise.resolve(),
          clear: () => Promise.resolve(),
          stats: () => stats,
        },
      },
    })
    await client.infer('q')
    const flushed = client.flush()
    expect(written).toHaveLength(0)
    finish()
    await flushed
    expect(written).toHaveLength(1)
  })

  it('ends with the block that declared it', async () => {
    const provider = mockProvider({ reply: 'ok' })
    let client: InferenceClient
    {
      await using scoped = new InferenceClient({
        providers: [provider],
        defaultModel: 'mock-model',
      })
      client = scoped
      await scoped.infer('q')
    }
    await expect(client.infer('q')).rejects.toMatchObject({ details: { reason: 'closed' } })
  })

  it('survives listeners and loggers that throw or reject', async () => {
    const broken = () => {
      throw new Error('listener')
    }
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'ok' })],
      defaultModel: 'mock-model',
      logger: { debug: broken, info: broken, warn: broken, error: broken },
    })
    const seen: string[] = []
    client.on('request:end', broken)
    client.on('request:end', () => Promise.reject(new Error('async listener')))
    client.on('request:end', () => seen.push('end'))
    client.once('request:start', () => seen.push('start'))
    await client.infer('a')
    await client.infer('a')
    expect(seen).toEqual(['start', 'end', 'end'])
    client.off('request:end', broken)
  })

  it('shows nothing of its providers when inspected', async () => {
    const { inspect } = await import('node:util')
    const client = new InferenceClient({ providers: [mockProvider({ reply: 'ok' })] })
    expect(inspect(client, { depth: 9, showHidden: true })).not.toMatch(/mock/)
    expect(JSON.stringify(client)).toBe('{}')
  })

  it.each([
    ['no options', undefined, 'options'],
    ['no providers', { providers: [] }, 'providers'],
    ['something that is no provider', { providers: [{}] }, 'providers.0'],
    ['two of one name', { providers: [mockProvider(), mockProvider()] }, 'providers.1.name'],
    ['an unknown option', { providers: [mockProvider()], cach: {} }, 'cach'],
    [
      'a negative ttl',
      { providers: [mockProvider()], cache: { ttlSeconds: -1 } },
      'cache.ttlSeconds',
    ],
    ['an l2 that is no tier', { providers: [mockProvider()], cache: { l2: {} } }, 'cache.l2'],
  ])('refuses %s', (_what, options, field) => {
    let error: unknown
    try {
      new InferenceClient(options as never)
    } catch (caught) {
      error = caught
    }
    expect(
      RaptorflowError.isInstance(error) && [error.details.reason, error.details.field],
    ).toEqual(['configuration', field])
  })

  it('counts tokens of a request exactly for OpenAI models', async () => {
    const client = new InferenceClient({ providers: [mockProvider()] })
    const count = await client.countTokens({ prompt: 'hello world', model_name: 'gpt-4o' })
    // Two tokens of text, 4 for the message and 3 for the reply's start.
    expect(count).toEqual({ input_tokens: 9, model: 'gpt-4o', exact: true })
  })
})
