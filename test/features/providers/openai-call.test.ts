import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openai } from '../../../src/features/providers/openai.js'
import type { ProviderAnswer } from '../../../src/contracts/provider.js'
import { callOf, completion, factsOf, json, never, startChatServer } from './openai-server.js'
import type { ChatServer } from './openai-server.js'

let server: ChatServer
beforeAll(async () => {
  server = await startChatServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

const call = (): Promise<ProviderAnswer> =>
  openai({ apiKey: 'sk-test', baseURL: server.baseURL }).call(callOf(), never())
const USAGE = { input: 10, cache_read: 0, cache_write: 0, output: 5, reasoning: 0 }

describe('a unary OpenAI answer', () => {
  it('is the text, why it ended and the usage', async () => {
    server.answer = json(completion())
    expect(await call()).toEqual({
      text: 'Paris.',
      reasoning: undefined,
      tool_calls: [],
      finish_reason: 'stop',
      usage: USAGE,
    })
  })

  it.each([
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['eos', 'stop'],
  ])('that ends with %s finishes as %s', async (finish_reason, expected) => {
    server.answer = json(completion({}, { finish_reason }))
    expect((await call()).finish_reason).toBe(expected)
  })

  it('counts as cut short, not as empty, when reasoning used up all tokens', async () => {
    server.answer = json(completion({ content: '' }, { finish_reason: 'length' }))
    expect(await call()).toMatchObject({ text: '', finish_reason: 'length' })
  })

  it('carries the reasoning that compatible servers add', async () => {
    server.answer = json(completion({ reasoning_content: 'Because.' }))
    expect((await call()).reasoning).toBe('Because.')
    server.answer = json(completion({ reasoning: 'Because.' }))
    expect((await call()).reasoning).toBe('Because.')
  })

  it('carries tool calls, also when the vendor says it simply stopped', async () => {
    const tool_calls = [
      { id: 'call_1', type: 'function', function: { name: 'a', arguments: '{"x":1}' } },
      { id: '', type: 'function', function: { name: 'b', arguments: '' } },
    ]
    for (const finish_reason of ['tool_calls', 'stop']) {
      server.answer = json(completion({ content: null, tool_calls }, { finish_reason }))
      expect(await call()).toMatchObject({
        text: '',
        finish_reason: 'tool_calls',
        tool_calls: [
          { id: 'call_1', name: 'a', arguments: '{"x":1}' },
          { id: expect.stringMatching(/^call_/) as string, name: 'b', arguments: '' },
        ],
      })
    }
  })

  it.each([
    [
      { prompt_tokens: 100, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 60 } },
      { input: 40, cache_read: 60, cache_write: 0, output: 50, reasoning: 0 },
    ],
    [
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      { input: 10, cache_read: 60, cache_write: 30, output: 30, reasoning: 20 },
    ],
    [
      { prompt_tokens: 100, completion_tokens: 50, prompt_cache_hit_tokens: 60 },
      { input: 40, cache_read: 60, cache_write: 0, output: 50, reasoning: 0 },
    ],
    [
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 350,
        completion_tokens_details: { reasoning_tokens: 200 },
      },
      { input: 100, cache_read: 0, cache_write: 0, output: 50, reasoning: 200 },
    ],
    [
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: { cached_tokens: 99 },
        completion_tokens_details: { reasoning_tokens: 99 },
      },
      { input: 0, cache_read: 10, cache_write: 0, output: 0, reasoning: 5 },
    ],
    [
      { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: null },
      { input: 10, cache_read: 0, cache_write: 0, output: 5, reasoning: 0 },
    ],
    [{ prompt_tokens: -1, completion_tokens: 5 }, undefined],
    [{ prompt_tokens: 10 }, undefined],
    [{ prompt_tokens: '10', completion_tokens: 5 }, undefined],
    [{ prompt_tokens: 0, completion_tokens: 0 }, undefined],
    [null, undefined],
  ])('with usage %j counts each token once', async (usage, expected) => {
    server.answer = json(completion({}, {}, { usage }))
    expect((await call()).usage).toEqual(expected)
  })

  it.each([
    ['an empty object', {}],
    ['null', null],
    ['an array', []],
    ['a string', 'Paris.'],
    ['no choices', { choices: [] }],
    ['choices that are none', { choices: 'Paris.' }],
    ['a null choice', { choices: [null] }],
    ['no message', { choices: [{ finish_reason: 'stop' }] }],
    ['no finish reason', { choices: [{ message: { content: 'Paris.' } }] }],
    ['content that is a number', { choices: [{ message: { content: 7 }, finish_reason: 'stop' }] }],
    ['an error that is text', { error: 'SECRET Network connection lost.' }],
    [
      'tool calls that are none',
      { choices: [{ message: { tool_calls: {} }, finish_reason: 'stop' }] },
    ],
    [
      'a tool call without a name',
      {
        choices: [
          { message: { tool_calls: [{ id: 'a', function: {} }] }, finish_reason: 'tool_calls' },
        ],
      },
    ],
  ])('with status 200 and %s is a bad response', async (_name, body) => {
    server.answer = json(body)
    expect(await factsOf(call())).toEqual({ reason: 'bad_response' })
  })

  it('that announces tool calls without any is a bad response', async () => {
    server.answer = json(completion({}, { finish_reason: 'tool_calls' }))
    expect(await factsOf(call())).toEqual({ reason: 'bad_response', usage: USAGE })
  })

  it('that ends for a reason which means failure is a bad response', async () => {
    server.answer = json(completion({}, { finish_reason: 'insufficient_system_resource' }))
    expect(await factsOf(call())).toEqual({
      reason: 'bad_response',
      type: 'insufficient_system_resource',
      usage: USAGE,
    })
  })

  it('with an error object inside status 200 states its type and status', async () => {
    server.answer = json({ error: { message: 'SECRET', type: 'server_error', code: null } })
    expect(await factsOf(call())).toEqual({ type: 'server_error' })
    server.answer = json({ error: { message: 'SECRET', code: 429 } })
    expect(await factsOf(call())).toEqual({ status: 429 })
  })

  it.each(['', ' \n'])('with the text %j is empty', async (content) => {
    server.answer = json(completion({ content }))
    expect(await factsOf(call())).toEqual({ reason: 'empty', usage: USAGE })
  })

  it('that was filtered or refused says so with its usage', async () => {
    const facts = { reason: 'content_filter', usage: USAGE }
    server.answer = json(completion({}, { finish_reason: 'content_filter' }))
    expect(await factsOf(call())).toEqual(facts)
    server.answer = json(completion({ content: null, refusal: 'SECRET I cannot help.' }))
    expect(await factsOf(call())).toEqual(facts)
  })

  it('of more than 8 Mi characters is too large', async () => {
    server.answer = json(completion({ content: 'x'.repeat(9 * 2 ** 20) }))
    expect(await factsOf(call())).toEqual({ reason: 'answer_too_large' })
  })
})
