import { describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError, defineProvider, jsonSchema } from '../../src/index.js'
import { FakeClock, mockProvider } from '../../src/testing/index.js'

const clientOf = (
  provider = mockProvider({ reply: 'Paris.' }),
  options: Partial<ConstructorParameters<typeof InferenceClient>[0]> = {},
): InferenceClient =>
  new InferenceClient({ providers: [provider], defaultModel: 'mock-model', ...options })

const failure = async (promise: Promise<unknown>): Promise<RaptorflowError> => {
  const outcome = await promise.then(
    () => new Error('expected a rejection'),
    (error: unknown) => error,
  )
  expect(RaptorflowError.isInstance(outcome)).toBe(true)
  return outcome as RaptorflowError
}

describe('infer', () => {
  it('answers with every documented field', async () => {
    const client = clientOf()
    const answer = await client.infer({ prompt: 'What is the capital of France?' })
    expect(answer).toMatchObject({
      response: 'Paris.',
      model_used: 'mock-model',
      provider_used: 'mock',
      cache_hit: false,
      coalesced: false,
      finish_reason: 'stop',
      metadata: { strategy: 'balanced', optimization_enabled: true },
      cache: { level: null, age_seconds: 0, similarity: null, stale: false },
    })
    expect(answer.request_id).toMatch(/^req_[0-9a-f]{32}$/)
    expect(answer.input_tokens).toBeGreaterThan(0)
    expect(answer.actual_cost).toBeGreaterThan(0)
    expect(answer.attempts).toHaveLength(1)
  })

  it('takes a prompt and fields apart as well', async () => {
    const provider = mockProvider({ reply: 'ok' })
    const answer = await clientOf(provider).infer('Hello', { temperature: 0, request_id: 'abc' })
    expect(answer.request_id).toBe('abc')
    expect(provider.calls[0]).toMatchObject({ temperature: 0 })
  })

  it('answers the second equal request from memory, at no cost', async () => {
    const provider = mockProvider({ reply: ['Paris.'] })
    const client = clientOf(provider)
    const first = await client.infer({ prompt: 'Capital?' })
    const second = await client.infer({ prompt: 'Capital?' })
    expect(second).toMatchObject({
      response: 'Paris.',
      cache_hit: true,
      actual_cost: 0,
      estimated_cost: first.actual_cost,
      cost_saved: first.actual_cost,
      attempts: [],
      cache: { level: 'l1', stale: false },
    })
    expect(second.request_id).not.toBe(first.request_id)
    expect(provider.calls).toHaveLength(1)
  })

  it('makes exactly one upstream call for 1,000 identical concurrent calls', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { text: 'once', latencyMs: 50 }, clock })
    const client = clientOf(provider, { clock })
    const calls = Array.from({ length: 1_000 }, () => client.infer('The same question'))
    await clock.advance(60)
    const answers = await Promise.all(calls)
    expect(provider.calls).toHaveLength(1)
    expect(answers.filter(({ coalesced }) => !coalesced)).toHaveLength(1)
    const paid = answers.reduce((sum, { actual_cost }) => sum + (actual_cost ?? NaN), 0)
    expect(paid).toBe(answers.find(({ coalesced }) => !coalesced)?.actual_cost)
  })

  it('does not read, write or coalesce with use_cache: false', async () => {
    const provider = mockProvider({ reply: 'fresh' })
    const client = clientOf(provider)
    await Promise.all([
      client.infer({ prompt: 'q', use_cache: false }),
      client.infer({ prompt: 'q', use_cache: false }),
    ])
    await client.infer({ prompt: 'q' })
    expect(provider.calls).toHaveLength(3)
  })

  it('replaces the stored answer with cache.refresh', async () => {
    const provider = mockProvider({ reply: ['old', 'new'] })
    const client = clientOf(provider)
    await client.infer('q')
    const refreshed = await client.infer('q', { cache: { refresh: true } })
    const after = await client.infer('q')
    expect([refreshed.response, after.response, after.cache_hit]).toEqual(['new', 'new', true])
  })

  it('keeps tenants apart', async () => {
    const provider = mockProvider({ reply: ['for a', 'for b', 'for ann'] })
    const client = clientOf(provider)
    const a = await client.infer('q', { workspace_id: 'a' })
    const b = await client.infer('q', { workspace_id: 'b' })
    const ann = await client.infer('q', {
      workspace_id: 'a',
      user_id: 'ann',
      cache: { scope: 'user' },
    })
    expect([a.response, b.response, ann.response]).toEqual(['for a', 'for b', 'for ann'])
  })

  it('never stores an answer that was cut off', async () => {
    const provider = mockProvider({
      reply: [{ text: 'half', finish_reason: 'length' }, 'whole'],
    })
    const client = clientOf(provider)
    expect((await client.infer('q')).finish_reason).toBe('length')
    expect((await client.infer('q')).response).toBe('whole')
  })

  it('parses structured output anew for each caller', async () => {
    const provider = mockProvider({ reply: ['{"city":"Paris"}'] })
    const client = clientOf(provider)
    const schema = jsonSchema<{ city: string }>({ type: 'object' })
    const request = { prompt: 'q', response_format: { type: 'json_schema', schema } } as const
    const first = await client.infer(request)
    if (first.parsed) first.parsed.city = 'changed'
    const second = await client.infer(request)
    expect(second.parsed?.city).toBe('Paris')
  })

  it('fails over when an answer that should be JSON is not', async () => {
    const broken = mockProvider({ name: 'broken', reply: 'not json' })
    const good = mockProvider({ name: 'good', reply: '{"a":1}' })
    const client = new InferenceClient({ providers: [broken, good], defaultModel: 'mock-model' })
    const answer = await client.infer({ prompt: 'q', response_format: { type: 'json_object' } })
    expect(answer).toMatchObject({ parsed: { a: 1 }, provider_used: 'good' })
  })
})

describe('infer under failure', () => {
  it('asks the next provider at once and says so', async () => {
    const down = mockProvider({ name: 'down', reply: { fault: { kind: 'status', status: 503 } } })
    const up = mockProvider({ name: 'up', reply: 'here' })
    const client = new InferenceClient({ providers: [down, up], defaultModel: 'mock-model' })
    const failovers: unknown[] = []
    client.on('provider:failover', (event) => failovers.push(event))
    const answer = await client.infer('q')
    expect(answer.provider_used).toBe('up')
    expect(answer.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['down', 'failed'],
      ['up', 'ok'],
    ])
    expect(failovers).toHaveLength(1)
  })

  it('rejects with TIMEOUT at the deadline and aborts upstream', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { fault: { kind: 'stall' } }, clock })
    const promise = failure(clientOf(provider, { clock }).infer('q', { timeout_seconds: 0.5 }))
    await clock.advance(600)
    expect((await promise).code).toBe('TIMEOUT')
    expect(provider.calls[0]?.outcome).toBe('aborted')
    expect(clock.pending).toBe(0)
  })

  it('rejects with ABORTED, cause the reason, and hurts nobody else', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { text: 'late', latencyMs: 100 }, clock })
    const client = clientOf(provider, { clock })
    const controller = new AbortController()
    const leaving = failure(client.infer('q', { signal: controller.signal }))
    const staying = client.infer('q')
    await clock.advance(10)
    controller.abort('enough')
    const error = await leaving
    expect([error.code, error.cause]).toEqual(['ABORTED', 'enough'])
    await clock.advance(100)
    expect((await staying).response).toBe('late')
  })

  it('serves an answer past its time when every provider fails, and says so', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: (_call, { index }) =>
        index === 0 ? 'old' : { fault: { kind: 'status', status: 503 } },
      clock,
    })
    const client = clientOf(provider, { clock, random: () => 0.5 })
    await client.infer('q')
    await clock.advance(2 * 3_600_000)
    const late = client.infer('q')
    await clock.advance(1_000)
    expect(await late).toMatchObject({ response: 'old', cache_hit: true, cache: { stale: true } })
  })

  it('refuses before any call what the budget cannot cover', async () => {
    const provider = mockProvider({ reply: 'x' })
    const error = await failure(
      clientOf(provider).infer('q', { budget_limit: 0.000_001, max_tokens: 1_000 }),
    )
    expect(error.code).toBe('BUDGET_EXCEEDED')
    expect(error.details).toMatchObject({ budget_limit: 0.000_001 })
    expect(provider.calls).toHaveLength(0)
  })

  it('lowers the tokens to what the budget affords when none were named', async () => {
    const provider = mockProvider({ reply: 'x' })
    const answer = await clientOf(provider).infer('q', { budget_limit: 0.001 })
    const sent = provider.calls[0]?.max_tokens
    expect(sent).toBeGreaterThan(64)
    expect(sent).toBeLessThanOrEqual(500)
    expect(answer.metadata.max_tokens_capped).toBe(sent)
  })

  it('names the model it does not know', async () => {
    const error = await failure(clientOf().infer('q', { model_name: 'nobody-has-it' }))
    expect([error.code, error.details.field]).toEqual(['MODEL_NOT_SUPPORTED', 'model_name'])
  })

  it('reports an unknown price as null and as an event, and refuses it under a budget', async () => {
    const provider = mockProvider({ reply: 'x' })
    const client = clientOf(provider)
    const unknown: unknown[] = []
    client.on('price:unknown', (event) => unknown.push(event))
    const answer = await client.infer('q', { model_name: 'mock/other-model' })
    expect([answer.actual_cost, answer.estimated_cost]).toEqual([null, null])
    expect(unknown).toEqual([{ provider: 'mock', model: 'other-model' }])
    const error = await failure(
      client.infer('q2', { model_name: 'mock/other-model', budget_limit: 1 }),
    )
    expect([error.code, error.details.reason]).toEqual(['BUDGET_EXCEEDED', 'price_unknown'])
  })

  it('lets a mock say that a call was not scripted', async () => {
    const error = await failure(clientOf(mockProvider({ reply: [] })).infer('q'))
    expect(error.message).toMatch(/Unscripted call/)
  })

  it('rejects everything after close()', async () => {
    const client = clientOf()
    await client.close()
    const error = await failure(client.infer('q'))
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_UNAVAILABLE', 'closed'])
    await expect(client.stream('q').response()).rejects.toThrow(/close/)
    expect((await failure(client.batch({ requests: [{ prompt: 'q' }] }))).details.reason).toBe(
      'closed',
    )
  })

  it.each([
    ['an empty prompt', { prompt: '' }, 'prompt'],
    ['no input', {}, 'prompt'],
    ['nothing', undefined, undefined],
    ['a number', 5, undefined],
    ['a field that does not exist', { prompt: 'q', tempreature: 1 }, 'tempreature'],
    ['stream: true', { prompt: 'q', stream: true }, 'stream'],
  ])('rejects %s with INVALID_REQUEST', async (_what, request, field) => {
    const error = await failure(clientOf().infer(request as never))
    expect(error.code).toBe('INVALID_REQUEST')
    if (field !== undefined) expect(error.details.field).toBe(field)
    expect(error.request_id).toMatch(/^req_/)
  })
})

describe('errors that help', () => {
  it('name the providers there are, and the model that was probably meant', async () => {
    const error = await failure(clientOf().infer('q', { model_name: 'mock-modle' }))
    expect(error.message).toMatch(/\(mock\).*got `mock-modle`.*Did you mean `mock-model`/)
    const far = await failure(clientOf().infer('q', { model_name: 'zzz' }))
    expect(far.message).not.toMatch(/Did you mean/)
  })

  it('let an unscripted call explain itself even after a scripted fault', async () => {
    const provider = mockProvider({ reply: [{ fault: { kind: 'status', status: 500 } }] })
    const error = await failure(clientOf(provider, { random: () => 0 }).infer('q'))
    expect(error.message).toMatch(/Unscripted call/)
  })

  it('log where the code of a custom provider failed, never what it said', async () => {
    const warned: unknown[] = []
    const silent = (): void => undefined
    const provider = defineProvider({
      name: 'own',
      models: ['m'],
      call: () => {
        throw new TypeError('the secret prompt')
      },
    })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'm',
      logger: { debug: silent, info: silent, error: silent, warn: (fields) => warned.push(fields) },
    })
    await failure(client.infer('the secret prompt'))
    const text = JSON.stringify(warned)
    expect(text).toContain('infer.test.ts')
    expect(text).not.toContain('secret')
  })

  it('keep small metadata in memory and drop what is large', async () => {
    const client = clientOf(mockProvider({ reply: 'x' }))
    await client.infer('q', { metadata: { source: 'web', nested: { a: [1, 2] } } })
    await client.infer('q', { metadata: { large: 'x'.repeat(10_000) } })
    expect((await client.stats()).cost_stats.total_requests).toBe(2)
  })
})

describe('a batch', () => {
  it('does not answer a refresh with what was cached before', async () => {
    const client = clientOf(mockProvider({ reply: ['old', 'new'] }))
    await client.infer('q')
    const requests = [{ prompt: 'q' }, { prompt: 'q', cache: { refresh: true } }]
    const { responses } = await client.batch({ requests, parallel_processing: false })
    expect(responses.map(({ response }) => response)).toEqual(['old', 'new'])
  })
})
