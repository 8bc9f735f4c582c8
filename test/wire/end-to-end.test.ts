/** infer, stream and batch through every adapter to the wire and back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Usage } from '../../src/contracts/provider.js'
import { openaiCompatible } from '../../src/features/providers/openai-compatible.js'
import { InferenceClient, jsonSchema } from '../../src/index.js'
import type { InferenceRequest, InferenceResponse } from '../../src/index.js'
import { fakeVendors, type FakeVendors, type VendorRequest } from '../../src/testing/index.js'
import { ADAPTERS, OPENAI, connectionOf, nanoUsd, type Adapter } from './support/adapters.js'
import type { Mode } from './support/expectations.js'

const COMPATIBLE: Omit<Adapter, 'id'> & { readonly id: string } = {
  ...OPENAI,
  id: 'openai-compatible',
  model: 'llama-3.3-70b',
  price: { input: 0.6, cacheRead: 0.6, cacheWrite: 0.6, output: 0.8 },
  create: ({ apiKey, baseURL }) =>
    openaiCompatible({
      name: 'openai',
      apiKey,
      baseURL,
      capabilities: { tools: true, toolChoice: true, images: true, jsonSchema: true },
      models: [{ id: 'llama-3.3-70b', price: { input: 0.6, output: 0.8 } }],
    }),
}

type Tested = typeof COMPATIBLE

const MODES: readonly Mode[] = ['unary', 'stream']
const CASES = [...ADAPTERS, COMPATIBLE].flatMap((adapter: Tested) =>
  MODES.map((mode) => ({ id: adapter.id, mode, adapter })),
)

let vendors: FakeVendors
beforeAll(async () => {
  vendors = await fakeVendors()
})
afterEach(() => vendors.reset())
afterAll(() => vendors.close())

function clientOf(adapter: Tested): InferenceClient {
  return new InferenceClient({
    providers: [adapter.create(connectionOf(vendors, adapter.vendor))],
    defaultModel: adapter.model,
  })
}

/** The response; of a stream, after its text was seen to be the same. */
async function run<T>(
  client: InferenceClient,
  mode: Mode,
  request: InferenceRequest<T>,
): Promise<InferenceResponse<T>> {
  if (mode === 'unary') return client.infer(request)
  const stream = client.stream(request)
  let text = ''
  for await (const piece of stream.text()) text += piece
  const response = await stream.response()
  expect(text).toBe(response.response)
  return response
}

const sent = (): VendorRequest => {
  const [request] = vendors.requests
  if (!request) throw new Error('nothing was sent')
  return request
}

const TOOLS = [
  {
    name: 'find_card',
    description: 'Finds a card',
    parameters: {
      type: 'object',
      properties: { last_digits: { type: 'string' } },
      required: ['last_digits'],
    },
  },
]

describe.each(CASES)('$id, $mode,', ({ adapter, mode }) => {
  it('brings the answer, the counts and who gave it', async () => {
    const usage = { input: 120, output: 30 }
    vendors.script({ answer: { text: 'It is on its way to you.', usage } })
    const answer = await run(clientOf(adapter), mode, { prompt: 'Where is my card?' })
    expect(answer).toMatchObject({
      response: 'It is on its way to you.',
      finish_reason: 'stop',
      model_used: adapter.model,
      provider_used: adapter.vendor,
      cache_hit: false,
      input_tokens: 120,
      output_tokens: 30,
      attempts: [{ outcome: 'ok', kind: null, cost_estimated: false }],
    })
    expect(sent()).toMatchObject({
      model: adapter.model,
      stream: mode === 'stream',
      prompt: 'Where is my card?',
    })
  })

  it('answers the same request again from the cache, for nothing', async () => {
    const client = clientOf(adapter)
    const first = await run(client, mode, { prompt: 'Where is my card?' })
    const second = await run(client, mode, { prompt: 'Where is my card?' })
    expect(second).toMatchObject({
      response: first.response,
      cache_hit: true,
      actual_cost: 0,
      cost_saved: first.actual_cost,
    })
    expect(vendors.hits()).toBe(1)
  })

  it('puts instructions where the vendor wants them', async () => {
    await run(clientOf(adapter), mode, { prompt: 'Where is my card?', system: 'Be brief.' })
    const { body } = sent()
    const placed = {
      openai: { messages: [{ content: 'Be brief.' }, { role: 'user' }] },
      anthropic: { system: 'Be brief.', messages: [{ role: 'user' }] },
      google: { systemInstruction: { parts: [{ text: 'Be brief.' }] } },
    }
    expect(body).toMatchObject(placed[adapter.vendor])
  })

  it('passes a picture on', async () => {
    await run(clientOf(adapter), mode, {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', data: 'iVBORw0KGgo=', media_type: 'image/png' },
          ],
        },
      ],
    })
    expect(sent().prompt).toBe('What is this?')
    const written = JSON.stringify(sent().body)
    expect(written).toContain('iVBORw0KGgo=')
    expect(written).toContain('image/png')
  })

  it('calls a tool and takes its result', async () => {
    const client = clientOf(adapter)
    const request = {
      tools: TOOLS,
      tool_choice: { name: 'find_card' },
      messages: [{ role: 'user', content: 'Where is my card?' }],
    } satisfies InferenceRequest
    const answer = await run(client, mode, request)
    expect(answer).toMatchObject({
      finish_reason: 'tool_calls',
      tool_calls: [{ name: 'find_card' }],
    })
    const [call] = answer.tool_calls
    expect(JSON.parse(call?.arguments ?? '')).toHaveProperty('last_digits')

    await vendors.reset()
    const { tool_calls } = answer
    const next = await run(client, mode, {
      tools: TOOLS,
      messages: [
        ...request.messages,
        { role: 'assistant', tool_calls },
        { role: 'tool', tool_call_id: call?.id ?? '', content: 'It is in Leeds.' },
      ],
    })
    expect(next).toMatchObject({ finish_reason: 'stop', tool_calls: [] })
    const written = JSON.stringify(sent().body)
    expect(written).toContain('It is in Leeds.')
    expect(written).toContain('find_card')
  })

  it('brings structured output as a value', async () => {
    vendors.script({ answer: '{"city":"Leeds","days":3}' })
    const schema = jsonSchema<{ city: string; days: number }>({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
      additionalProperties: false,
    })
    const answer = await run(clientOf(adapter), mode, {
      prompt: 'Where is my card?',
      response_format: { type: 'json_schema', schema },
    })
    expect(answer.parsed).toEqual({ city: 'Leeds', days: 3 })
    expect(JSON.stringify(sent().body)).toContain('"days":{"type":"integer"}')
  })

  it('prices exactly what the vendor reports, cached and reasoning tokens included', async () => {
    const plain: Usage = { input: 1_003, cache_read: 0, cache_write: 0, output: 41, reasoning: 0 }
    const priced = async (usage: Usage): Promise<number> => {
      await vendors.reset()
      vendors.script({ answer: { text: 'On its way.', usage } })
      const client = clientOf(adapter)
      const answer = await run(client, mode, { prompt: 'Where is my card?' })
      expect(answer.usage).toEqual(usage)
      expect(answer.actual_cost).toBe(nanoUsd(adapter, usage) / 1e9)
      const { cost_stats } = await client.stats()
      expect(cost_stats).toMatchObject({
        total_cost: answer.actual_cost,
        provider_breakdown: { [adapter.vendor]: answer.actual_cost },
        unpriced_attempts: 0,
      })
      return answer.actual_cost ?? NaN
    }
    const cost = await priced(plain)
    expect(await priced({ ...plain, reasoning: 59 })).toBeGreaterThan(cost)
    const cached = await priced({ ...plain, input: 303, cache_read: 700 })
    // A server of no known vendor gives no discount.
    if (adapter === COMPATIBLE) expect(cached).toBe(cost)
    else expect(cached).toBeLessThan(cost)
  })

  it('hands on reasoning apart from the answer', async () => {
    vendors.script({ answer: { text: 'Leeds.', reasoning: 'The post takes a while.' } })
    const answer = await run(clientOf(adapter), mode, { prompt: 'Where is my card?' })
    expect(answer).toMatchObject({ response: 'Leeds.', reasoning: 'The post takes a while.' })
    expect(answer.usage.reasoning).toBeGreaterThan(0)
  })

  it('estimates and says so when no usage is reported', async () => {
    vendors.script({ answer: { text: 'On its way.', usage: null } })
    const answer = await run(clientOf(adapter), mode, { prompt: 'Where is my card?' })
    expect(answer.attempts).toMatchObject([{ outcome: 'ok', cost_estimated: true }])
    expect(answer.actual_cost).toBeGreaterThan(0)
  })

  it('marks an answer that was cut at max_tokens and does not keep it', async () => {
    const client = clientOf(adapter)
    const request = { prompt: 'Where is my card?', max_tokens: 5 }
    const answer = await run(client, mode, request)
    expect(answer.finish_reason).toBe('length')
    expect((await run(client, mode, request)).cache_hit).toBe(false)
    expect(vendors.hits()).toBe(2)
  })
})

describe('anthropic', () => {
  it.each(MODES)('%s: prices tokens written to its cache', async (mode) => {
    const [, anthropic] = ADAPTERS
    if (!anthropic) throw new Error('no adapter')
    const usage: Usage = { input: 10, cache_read: 0, cache_write: 2_000, output: 7, reasoning: 0 }
    vendors.script({ answer: { text: 'On its way.', usage } })
    const answer = await run(clientOf(anthropic), mode, { prompt: 'Where is my card?' })
    expect(answer.usage).toEqual(usage)
    expect(answer.actual_cost).toBe((10 * 3 + 2_000 * 3.75 + 7 * 15) / 1e6)
  })
})

describe.each([...ADAPTERS, COMPATIBLE])('batch through $id', (adapter: Tested) => {
  it('answers in order, equal items once, and lists the one that fails', async () => {
    vendors.script({
      when: ({ prompt }) => prompt === 'bad',
      fault: { kind: 'status', status: 400 },
    })
    vendors.script({
      answer: ({ prompt }) => ({ text: `re: ${prompt}`, usage: { input: 10, output: 5 } }),
    })
    const prompts = ['one', 'two', 'one', 'bad', 'three']
    const batch = await clientOf(adapter).batch({ requests: prompts.map((prompt) => ({ prompt })) })
    expect(batch.responses.map(({ response }) => response)).toEqual([
      're: one',
      're: two',
      're: one',
      're: three',
    ])
    expect(batch).toMatchObject({
      total_requests: 5,
      successful_requests: 4,
      failed_requests: 1,
      duplicate_requests: 1,
      errors: [{ index: 3, error: { code: 'INVALID_REQUEST' } }],
    })
    expect(batch.total_actual_cost).toBeCloseTo(
      (3 * nanoUsd(adapter, { input: 10, output: 5 })) / 1e9,
      12,
    )
    expect(vendors.hits()).toBe(4)
  })
})

describe.each([...ADAPTERS, COMPATIBLE])('a crowd before $id', (adapter: Tested) => {
  it('of 1,000 equal calls makes one request', async () => {
    vendors.script({ answer: { text: 'The same for all.', latencyMs: 30 } })
    const client = clientOf(adapter)
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => client.infer({ prompt: 'Where is my card?' })),
    )
    expect(vendors.hits()).toBe(1)
    expect(new Set(answers.map(({ response }) => response))).toEqual(new Set(['The same for all.']))
    expect(answers.filter(({ coalesced }) => coalesced)).toHaveLength(999)
    const { cost_stats } = await client.stats()
    const paid = answers.reduce((sum, { actual_cost }) => sum + (actual_cost ?? NaN), 0)
    expect(paid).toBe(cost_stats.total_cost)
  })

  it('of 200 equal streams makes one request, and all read the same', async () => {
    vendors.script({
      answer: { text: 'One after the other, the same for all.', betweenChunksMs: 5 },
    })
    const client = clientOf(adapter)
    const texts = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const pieces: string[] = []
        for await (const piece of client.stream('Where is my card?').text()) pieces.push(piece)
        return pieces
      }),
    )
    expect(vendors.hits()).toBe(1)
    expect(new Set(texts.map((pieces) => pieces.join('')))).toEqual(
      new Set(['One after the other, the same for all.']),
    )
    expect(texts.every((pieces) => pieces.length > 1)).toBe(true)
  })

  it('of 50 equal calls learns of one failure after one attempt', async () => {
    vendors.script({ fault: { kind: 'status', status: 400 } })
    const client = clientOf(adapter)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => client.infer({ prompt: 'Where is my card?' })),
    )
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(vendors.hits()).toBe(1)
  })
})
