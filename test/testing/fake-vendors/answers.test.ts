import { GoogleGenerativeAI } from '@google/generative-ai'
import OpenAI from 'openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fakeVendors } from '../../../src/testing/index.js'
import { DRIVERS, MODES } from './sdk-drivers.js'
import type { FakeVendors } from '../../../src/testing/index.js'

let vendors: FakeVendors

beforeAll(async () => {
  vendors = await fakeVendors()
})
beforeEach(() => vendors.reset())
afterAll(() => vendors.close())

const FINISH = {
  openai: { stop: 'stop', length: 'length', tool: 'tool_calls' },
  anthropic: { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' },
  google: { stop: 'STOP', length: 'MAX_TOKENS', tool: 'STOP' },
}

const ID = { openai: /^chatcmpl-\w{22}$/, anthropic: /^msg_01\w{22}$/, google: /^\w{22}$/ }

describe.each(DRIVERS)('fake %s over the real SDK', (vendor, driverOf) => {
  describe.each(MODES)('%s', (mode) => {
    it('answers a customer with a finish reason, an id and a usage', async () => {
      const seen = await driverOf(vendors)[mode]()
      expect(seen.text).toMatch(/Cards|card/)
      expect(seen.finish).toBe(FINISH[vendor].stop)
      expect(seen.id).toMatch(ID[vendor])
      expect(seen.usage).toBeDefined()
      expect(driverOf(vendors).vendor).toBe(vendor)
    })

    it('gives the same answer to the same prompt and another one to another', async () => {
      const driver = driverOf(vendors)
      const first = await driver[mode]({ prompt: 'Where is my card?' })
      const again = await driver[mode]({ prompt: 'Where is my card?' })
      const other = await driver[mode]({ prompt: 'Where is my new card?' })
      expect(again.text).toBe(first.text)
      expect(other.text).not.toBe(first.text)
      expect(again.id).not.toBe(first.id)
    })

    it('sends a scripted answer with reasoning and exact usage', async () => {
      vendors.script({
        answer: {
          text: 'Paris is the capital.',
          reasoning: 'France, so Paris.',
          usage: { input: 100, cache_read: 30, cache_write: 7, output: 5, reasoning: 4 },
        },
      })
      const seen = await driverOf(vendors)[mode]()
      expect(seen.text).toBe('Paris is the capital.')
      expect(seen.reasoning).toBe('France, so Paris.')
      expect(seen.usage).toMatchObject(
        {
          openai: {
            prompt_tokens: 137,
            completion_tokens: 9,
            total_tokens: 146,
            prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 7 },
            completion_tokens_details: { reasoning_tokens: 4 },
          },
          anthropic: {
            input_tokens: 100,
            cache_read_input_tokens: 30,
            cache_creation_input_tokens: 7,
            output_tokens: 9,
            output_tokens_details: { thinking_tokens: 4 },
          },
          google: {
            promptTokenCount: 137,
            cachedContentTokenCount: 30,
            candidatesTokenCount: 5,
            thoughtsTokenCount: 4,
            totalTokenCount: 146,
          },
        }[vendor],
      )
    })

    it('estimates the usage as a quarter of the characters', async () => {
      vendors.script({ answer: 'x'.repeat(41) })
      const seen = await driverOf(vendors)[mode]({ prompt: 'y'.repeat(399) })
      expect(seen.usage).toMatchObject(
        {
          openai: { prompt_tokens: 100, completion_tokens: 11 },
          anthropic: { input_tokens: 100, output_tokens: 11 },
          google: { promptTokenCount: 100, candidatesTokenCount: 11 },
        }[vendor],
      )
    })

    it('reports no usage when told so', async () => {
      vendors.script({ answer: { text: 'Paris.', usage: null } })
      expect((await driverOf(vendors)[mode]()).usage ?? null).toBeNull()
    })

    it('makes scripted tool calls', async () => {
      vendors.script({
        answer: {
          tool_calls: [
            { name: 'weather', arguments: { city: 'Rome', days: 2 } },
            { id: 'my_id', name: 'weather', arguments: '{"city":"Paris"}' },
          ],
        },
      })
      const seen = await driverOf(vendors)[mode]({ tool: 'auto' })
      expect(seen.finish).toBe(FINISH[vendor].tool)
      expect(seen.tools).toMatchObject([
        { name: 'weather', args: { city: 'Rome', days: 2 } },
        { id: 'my_id', name: 'weather', args: { city: 'Paris' } },
      ])
      expect(seen.tools[0]?.id).toMatch(/^(call_|toolu_01)\w{22}$/)
    })

    it('calls a forced tool with arguments that fit its schema', async () => {
      const seen = await driverOf(vendors)[mode]({ tool: 'forced' })
      expect(seen.tools).toMatchObject([{ name: 'weather', args: { city: 'Paris' } }])
    })

    it('writes JSON that fits the schema asked for', async () => {
      const schema = {
        type: 'object',
        properties: {
          mood: { type: 'string', enum: ['calm', 'angry'] },
          score: { type: 'number', minimum: 0.5 },
          steps: { type: 'array', items: { $ref: '#/$defs/step' }, minItems: 2 },
          urgent: { type: 'boolean' },
        },
        required: ['mood', 'score', 'steps', 'urgent'],
        $defs: { step: { type: 'object', properties: { order: { type: 'integer' } } } },
      }
      const seen = await driverOf(vendors)[mode]({ schema })
      expect(JSON.parse(seen.text)).toEqual({
        mood: 'calm',
        score: 0.5,
        steps: [{ order: 1 }, { order: 1 }],
        urgent: true,
      })
    })

    it('stops at the token limit of the request', async () => {
      const seen = await driverOf(vendors)[mode]({ maxTokens: 3 })
      expect(seen.text).toHaveLength(12)
      expect(seen.finish).toBe(FINISH[vendor].length)
    })
  })

  it('streams the scripted chunks as they are cut, then the terminal marker', async () => {
    vendors.script({ answer: { chunks: ['Pa', 'ri', 's.'] } })
    const seen = await driverOf(vendors).stream()
    expect(seen).toMatchObject({ text: 'Paris.', pieces: 3, terminal: true })
  })

  it('cuts a text into eight pieces unless told otherwise', async () => {
    const seen = await driverOf(vendors).stream()
    expect(seen.pieces).toBe(8)
  })

  it('records what arrived without credentials', async () => {
    await driverOf(vendors).stream({ prompt: 'Is this recorded?' })
    const [request] = vendors.requests
    expect(request).toMatchObject({
      index: 0,
      vendor,
      stream: true,
      prompt: 'Is this recorded?',
      status: 200,
      closedByClient: false,
    })
    expect(JSON.stringify(request)).not.toContain('fake-')
    expect(request?.headers['content-type']).toContain('application/json')
    expect(vendors.hits()).toBe(1)
    expect(vendors.hits(vendor)).toBe(1)
  })

  it('knows that the client hung up in the middle of a stream', async () => {
    const driver = driverOf(vendors)
    vendors.script({ answer: { text: 'one two three four', betweenChunksMs: 10_000 } })
    const controller = new AbortController()
    const asked = driver.stream({
      signal: controller.signal,
      onText: () => {
        controller.abort()
      },
    })
    await asked.catch(() => undefined)
    await expect.poll(() => vendors.requests[0]?.closedByClient).toBe(true)
  })
})

describe('fakeVendors', () => {
  it('serves the older Google SDK, unary and streaming', async () => {
    vendors.script({ answer: { text: 'Paris it is.', usage: { input: 8, output: 3 } } })
    const model = new GoogleGenerativeAI(vendors.google.apiKey).getGenerativeModel(
      { model: 'gemini-2.5-flash' },
      { baseUrl: vendors.google.baseURL },
    )
    const { response } = await model.generateContent('Where?')
    expect(response.text()).toBe('Paris it is.')
    expect(response.usageMetadata).toMatchObject({ promptTokenCount: 8, candidatesTokenCount: 3 })
    const streamed = await model.generateContentStream('Where?')
    let text = ''
    for await (const chunk of streamed.stream) text += chunk.text()
    expect(text).toBe('Paris it is.')
    expect((await streamed.response).candidates?.[0]?.finishReason).toBe('STOP')
  })

  it('speaks all three formats at its shared address', async () => {
    const prompt = [{ role: 'user' as const, content: 'Hello' }]
    const openai = new OpenAI({ apiKey: 'k', baseURL: `${vendors.url}/v1`, maxRetries: 0 })
    const anthropic = new Anthropic({ apiKey: 'k', baseURL: vendors.url, maxRetries: 0 })
    const google = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: vendors.url } })
    await openai.chat.completions.create({ model: 'm', messages: prompt })
    await anthropic.messages.create({ model: 'm', max_tokens: 9, messages: prompt })
    await google.models.generateContent({ model: 'm', contents: 'Hello' })
    expect(vendors.requests.map((request) => request.vendor)).toEqual([
      'openai',
      'anthropic',
      'google',
    ])
  })

  it('lists models as each vendor does and records no hit for it', async () => {
    const openai = new OpenAI({ ...vendors.openai, maxRetries: 0 })
    const anthropic = new Anthropic({ ...vendors.anthropic, maxRetries: 0 })
    expect((await openai.models.list()).data[0]?.id).toBe('gpt-3.5-turbo')
    expect((await anthropic.models.list()).data[0]?.id).toMatch(/^claude-/)
    expect(vendors.hits()).toBe(0)
  })

  it('takes an Anthropic key as bearer token and as x-api-key, and refuses neither', async () => {
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${vendors.anthropic.baseURL}/v1/messages`, {
        method: 'POST',
        headers,
        body: JSON.stringify({
          model: 'claude-haiku-4-5',
          max_tokens: 9,
          messages: [{ role: 'user', content: 'Hi' }],
        }),
      })
    expect((await ask({ authorization: 'Bearer k' })).status).toBe(200)
    expect((await ask({ 'x-api-key': 'k' })).status).toBe(200)
    const refused = await ask({})
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: { type: 'authentication_error' } })
  })

  it('refuses a body the vendor would refuse', async () => {
    const response = await fetch(`${vendors.anthropic.baseURL}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'k' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('max_tokens: Field required')
    const broken = await fetch(`${vendors.openai.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer k' },
      body: '{"model":',
    })
    expect(broken.status).toBe(400)
  })

  it('answers 404 to any other path', async () => {
    expect((await fetch(`${vendors.url}/v1/embeddings`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(vendors.url)).status).toBe(404)
  })

  it('takes answers and latencies from functions of the request', async () => {
    const own = await fakeVendors({
      answer: ({ prompt, vendor }) => `${vendor} heard ${prompt}`,
      latencyMs: ({ prompt }) => prompt.length,
      chunkCount: 2,
    })
    try {
      for (const [vendor, driverOf] of DRIVERS) {
        const started = performance.now()
        const seen = await driverOf(own).stream({ prompt: 'a'.repeat(40) })
        expect(performance.now() - started).toBeGreaterThanOrEqual(39)
        expect(seen).toMatchObject({ text: `${vendor} heard ${'a'.repeat(40)}`, pieces: 2 })
      }
    } finally {
      await own.close()
    }
  })

  it('shows a mistake in the answer function to its author', async () => {
    vendors.script({
      vendor: 'openai',
      answer: () => {
        throw new TypeError('my own bug')
      },
    })
    const openai = new OpenAI({ ...vendors.openai, maxRetries: 0 })
    const asked = openai.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    await expect(asked).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('my own bug') as string,
    })
  })
})
