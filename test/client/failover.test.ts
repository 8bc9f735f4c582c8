import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError } from '../../src/index.js'
import { anthropic } from '../../src/features/providers/anthropic.js'
import { openai } from '../../src/features/providers/openai.js'
import { FakeClock, fakeVendors, mockProvider, type FakeVendors } from '../../src/testing/index.js'

let vendors: FakeVendors
beforeAll(async () => {
  vendors = await fakeVendors({ latencyMs: 0, chunkDelayMs: 0 })
})
afterAll(() => vendors.close())

const failure = async (promise: Promise<unknown>): Promise<RaptorflowError> => {
  const outcome = await promise.then(
    () => new Error('resolved'),
    (error: unknown) => error,
  )
  if (RaptorflowError.isInstance(outcome)) return outcome
  throw outcome
}

/** Two vendors with their whole catalogues, as most users configure them. */
const twoVendors = async () => {
  await vendors.reset()
  return new InferenceClient({
    providers: [openai(vendors.openai), anthropic(vendors.anthropic)],
    random: () => 0,
  })
}

describe('failover between two whole catalogues', () => {
  it.each([
    ['503', { kind: 'status', status: 503 }],
    ['401', { kind: 'status', status: 401 }],
    ['a used-up quota', { kind: 'quota' }],
    ['a reset connection', { kind: 'reset' }],
  ] as const)(
    'leaves the provider after %s, whatever it charges for its other models',
    async (_what, fault) => {
      for (const model_name of ['gpt-4o', 'gpt-4o-mini', 'gpt-5.4', undefined]) {
        const client = await twoVendors()
        vendors.script({ vendor: 'openai', fault })
        const answer = await client.infer('q', { model_name })
        expect(answer.provider_used).toBe('anthropic')
        expect(answer.attempts.map(({ provider }) => provider)).toEqual(['openai', 'anthropic'])
        if (model_name) {
          expect(answer.metadata).toMatchObject({
            requested_model: model_name,
            substituted: true,
            substitution_reason: 'failover',
          })
        }
        await client.close()
      }
    },
  )

  it('streams from the other provider as well', async () => {
    const client = await twoVendors()
    vendors.script({ vendor: 'openai', fault: { kind: 'status', status: 503 } })
    expect((await client.stream('q', { model_name: 'gpt-4o' }).response()).provider_used).toBe(
      'anthropic',
    )
    await client.close()
  })

  it('asks a single provider once more after a wait, and no other of its models', async () => {
    await vendors.reset()
    const client = new InferenceClient({ providers: [openai(vendors.openai)], random: () => 0 })
    vendors.script({ vendor: 'openai', times: 1, fault: { kind: 'status', status: 500 } })
    const answer = await client.infer('q', { model_name: 'gpt-4o' })
    expect(answer.attempts.map(({ model, outcome }) => [model, outcome])).toEqual([
      ['gpt-4o', 'failed'],
      ['gpt-4o', 'ok'],
    ])
    await client.close()
  })

  it.each([
    [
      'a schema the model cannot keep',
      { model_name: 'gpt-4', response_format: { type: 'json_schema', schema: {} } },
      'INVALID_REQUEST',
    ],
    [
      'more tokens than it makes',
      { model_name: 'gpt-3.5-turbo', max_tokens: 5_000 },
      'INVALID_REQUEST',
    ],
    ['a temperature it refuses', { model_name: 'gpt-5', temperature: 0 }, 'INVALID_REQUEST'],
    ['more than the budget', { model_name: 'gpt-4', budget_limit: 0.0005 }, 'BUDGET_EXCEEDED'],
  ] as const)(
    'never replaces a named model for %s: nothing has failed',
    async (_what, fields, code) => {
      const client = await twoVendors()
      expect((await failure(client.infer('q', fields))).code).toBe(code)
      expect(vendors.hits()).toBe(0)
      const allowed = await client.infer('q', { ...fields, substitution: 'equivalent' })
      expect(allowed.metadata.substituted).toBe(true)
      await client.close()
    },
  )
})

describe('a provider that hangs', () => {
  it.each(['unary', 'stream'])('leaves time for the next one (%s)', async (mode) => {
    const clock = new FakeClock()
    const hanging = mockProvider({ name: 'hanging', reply: { fault: { kind: 'stall' } }, clock })
    const healthy = mockProvider({ name: 'healthy', reply: 'here', clock })
    const client = new InferenceClient({
      providers: [hanging, healthy],
      defaultModel: 'mock-model',
      clock,
    })
    const options = { timeout_seconds: 3 }
    const answer =
      mode === 'unary' ? client.infer('q', options) : client.stream('q', options).response()
    await clock.advance(2_500)
    expect((await answer).provider_used).toBe('healthy')
  })

  it('may use all the time when it is the only one', async () => {
    const clock = new FakeClock()
    const slow = mockProvider({ reply: { text: 'slow', latencyMs: 2_900 }, clock })
    const client = new InferenceClient({ providers: [slow], defaultModel: 'mock-model', clock })
    const answer = client.infer('q', { timeout_seconds: 3 })
    await clock.advance(2_950)
    expect((await answer).response).toBe('slow')
  })

  it('is answered for by an old answer when the caller will not wait longer', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: (_call, { index }) => (index === 0 ? 'old' : { fault: { kind: 'stall' } }),
      clock,
    })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      clock,
      random: () => 0.5,
    })
    await client.infer('q')
    await clock.advance(2 * 3_600_000)
    const late = client.infer('q', { timeout_seconds: 1 })
    await clock.advance(1_100)
    expect(await late).toMatchObject({ response: 'old', cache: { stale: true } })
  })
})

describe('a budget', () => {
  const client = () =>
    new InferenceClient({
      providers: [
        mockProvider({
          reply: 'x',
          models: [{ id: 'gpt-4o-mini', price: { input: 0.15, output: 0.6 } }],
        }),
      ],
      defaultModel: 'gpt-4o-mini',
    })
  const pixel = { type: 'image', data: 'AAAA', media_type: 'image/png' } as const

  it('counts an image at the most it may cost', async () => {
    // gpt-4o-mini may bill 48,169 tokens for one image: 0.0072 USD.
    const request = { messages: [{ role: 'user', content: [pixel] }], max_tokens: 64 } as const
    expect((await failure(client().infer({ ...request, budget_limit: 0.007 }))).code).toBe(
      'BUDGET_EXCEEDED',
    )
    expect((await client().infer({ ...request, budget_limit: 0.02 })).response).toBe('x')
  })

  it('says what the least candidate may cost, and grants exactly that', async () => {
    const refusal = await failure(client().infer('hello', { budget_limit: 1e-7 }))
    const least = refusal.details['estimated_cost'] as number
    expect(least).toBeGreaterThan(1e-7)
    const granted = await client().infer('hello', { budget_limit: least })
    expect(granted.metadata.max_tokens_capped).toBeGreaterThanOrEqual(64)
  })

  it('knows no price for extras that are billed apart', async () => {
    const fields = { provider_options: { mock: { service_tier: 'priority' } } }
    expect((await client().infer('q', fields)).actual_cost).toBeNull()
    const refusal = await failure(client().infer('q', { ...fields, budget_limit: 1 }))
    expect(refusal.details.reason).toBe('price_unknown')
  })
})

describe('what is told', () => {
  it('names the model that was asked for by this caller, not by the one before', async () => {
    const client = new InferenceClient({
      providers: [mockProvider({ reply: ['once'] })],
      defaultModel: 'mock-model',
    })
    expect((await client.infer('q', { model_name: 'auto' })).metadata.requested_model).toBe('auto')
    expect((await client.infer('q')).metadata.requested_model).toBe('mock-model')
  })

  it('does not wait for a price source that hangs', async () => {
    const clock = new FakeClock()
    const client = new InferenceClient({
      providers: [
        {
          ...mockProvider({ reply: 'x', models: [{ id: 'm' }] }),
          vendor: 'acme',
          models: [{ id: 'm' }],
        },
      ],
      defaultModel: 'm',
      priceSource: { priceOf: () => new Promise(() => undefined) },
      clock,
    })
    const answer = client.infer('q')
    await clock.advance(1_100)
    expect((await answer).actual_cost).toBeNull()
  })
})
