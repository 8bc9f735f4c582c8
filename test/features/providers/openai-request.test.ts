import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openai } from '../../../src/features/providers/openai.js'
import type { ProviderCall } from '../../../src/contracts/provider.js'
import {
  callOf,
  collect,
  completion,
  factsOf,
  json,
  never,
  sse,
  startChatServer,
} from './openai-server.js'
import { ROLE, STOP, chunk } from './openai-server.js'
import type { ChatServer } from './openai-server.js'

let server: ChatServer
beforeAll(async () => {
  server = await startChatServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
  server.answer = json(completion())
})

const provider = () => openai({ apiKey: 'sk-test', baseURL: server.baseURL })
async function sent(fields: Partial<ProviderCall>): Promise<Readonly<Record<string, unknown>>> {
  await provider().call(callOf(fields), never())
  return server.requests[0]!.body
}

describe('the body of an OpenAI call', () => {
  it('holds nothing but the model and the conversation when nothing else is asked', async () => {
    expect(await sent({})).toEqual({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      stream: false,
    })
    expect(server.requests[0]!.path).toBe('/v1/chat/completions')
    expect(server.requests[0]!.headers.authorization).toBe('Bearer sk-test')
  })

  it('switches reasoning off for models that refuse tools with it, unless the caller says otherwise', async () => {
    const tools = [{ name: 'look', parameters: { type: 'object' } }]
    const gpt56 = { ...callOf({}).model, id: 'gpt-5.6-luna' }
    expect(await sent({ model: gpt56, tools })).toMatchObject({ reasoning_effort: 'none' })
    server.requests.length = 0
    const chosen = { reasoning_effort: 'low' }
    expect(await sent({ model: gpt56, tools, provider_options: chosen })).toMatchObject(chosen)
    server.requests.length = 0
    expect(await sent({ model: gpt56 })).not.toHaveProperty('reasoning_effort')
    server.requests.length = 0
    expect(await sent({ tools })).not.toHaveProperty('reasoning_effort')
  })

  it('carries every sampling setting under the names of the wire', async () => {
    const body = await sent({
      temperature: 0,
      top_p: 0.5,
      max_tokens: 64,
      stop: ['END', '\n'],
      seed: 0,
    })
    expect(body).toMatchObject({
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 64,
      stop: ['END', '\n'],
      seed: 0,
    })
    expect(body).not.toHaveProperty('max_tokens')
  })

  it('puts the system text first and maps a conversation with tool calls and their results', async () => {
    const call = { id: 'call_1', name: 'weather', arguments: '{"city": "Paris"}' }
    const body = await sent({
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: '21 C' },
        { role: 'assistant', content: 'It is 21 C.' },
      ],
    })
    expect(body['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"city": "Paris"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '21 C' },
      { role: 'assistant', content: 'It is 21 C.' },
    ])
  })

  it('passes image URLs on and sends image and file data as data URLs', async () => {
    const body = await sent({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Compare' },
            { type: 'image', url: 'https://example.com/a.png' },
            { type: 'image', data: 'AAAA', media_type: 'image/jpeg' },
            { type: 'file', data: 'BBBB', media_type: 'application/pdf', filename: 'a.pdf' },
            { type: 'file', data: 'CCCC', media_type: 'application/pdf' },
          ],
        },
      ],
    })
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,AAAA' } },
          {
            type: 'file',
            file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' },
          },
          {
            type: 'file',
            file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,CCCC' },
          },
        ],
      },
    ])
  })

  it('refuses a file that is only a URL before anything is sent', async () => {
    const content = [
      { type: 'file', url: 'https://example.com/a.pdf', media_type: 'application/pdf' },
    ] as const
    const call = callOf({ messages: [{ role: 'user', content }] })
    const facts = { status: 400, type: 'unsupported_file_url' }
    expect(await factsOf(provider().call(call, never()))).toEqual(facts)
    expect(await factsOf(collect(provider().stream(call, never())))).toEqual(facts)
    expect(server.requests).toHaveLength(0)
  })

  it('maps tools and each kind of tool choice', async () => {
    const parameters = { type: 'object', properties: {} }
    const body = await sent({
      tools: [
        { name: 'a', parameters },
        { name: 'b', description: 'Second', parameters, strict: true },
      ],
      tool_choice: { name: 'b' },
    })
    expect(body['tools']).toEqual([
      { type: 'function', function: { name: 'a', parameters } },
      {
        type: 'function',
        function: { name: 'b', description: 'Second', parameters, strict: true },
      },
    ])
    expect(body['tool_choice']).toEqual({ type: 'function', function: { name: 'b' } })
    server.requests.length = 0
    expect((await sent({ tool_choice: 'required' }))['tool_choice']).toBe('required')
  })

  it('maps each response format', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    const cases = [
      [{ type: 'text' }, undefined],
      [{ type: 'json_object' }, { type: 'json_object' }],
      [
        { type: 'json_schema', schema },
        { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      ],
      [
        { type: 'json_schema', schema, name: 'city', strict: false },
        { type: 'json_schema', json_schema: { name: 'city', schema, strict: false } },
      ],
    ] as const
    for (const [response_format, expected] of cases) {
      server.requests.length = 0
      expect((await sent({ response_format }))['response_format']).toEqual(expected)
    }
  })

  it('adds provider options but lets the call and the adapter win', async () => {
    const provider_options = {
      reasoning_effort: 'low',
      temperature: 2,
      max_tokens: 9,
      max_completion_tokens: 9,
      top_p: 0.1,
      stream: true,
      stream_options: { include_usage: false },
      model: 'other',
      messages: [],
      n: 5,
    }
    expect(await sent({ temperature: 0.5, max_tokens: 64, provider_options })).toEqual({
      reasoning_effort: 'low',
      temperature: 0.5,
      top_p: 0.1,
      max_completion_tokens: 64,
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      stream: false,
    })
  })

  it('asks for usage when it streams', async () => {
    server.answer = sse([ROLE, chunk({ content: 'Hi' }), STOP])
    await collect(provider().stream(callOf(), never()))
    expect(server.requests[0]!.body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
  })
})
