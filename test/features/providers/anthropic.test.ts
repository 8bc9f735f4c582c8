import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Mock } from 'vitest'
import { Anthropic } from '@anthropic-ai/sdk'
import { anthropic } from '../../../src/features/providers/anthropic.js'
import type { Provider } from '../../../src/contracts/provider.js'
import { RaptorflowError } from '../../../src/errors.js'
import {
  anthropicEvents,
  callOf,
  contentOf,
  deltasOf,
  eventStream,
  factsOf,
  html,
  json,
  keepAlive,
  message,
  messageEnd,
  messageStart,
  never,
  partialBody,
  reset,
  run,
  startServer,
  textEvents,
} from './anthropic-server.js'
import type { Json, LocalServer, Mode } from './anthropic-server.js'

const MODES: readonly Mode[] = ['unary', 'stream']
const SECRET = 'sk-secret-key'
const usageAtStart = { input: 12, cache_read: 3, cache_write: 5, output: 1, reasoning: 0 }

let server: LocalServer
let provider: Provider
let consoleSpies: Mock[] = []
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
const consoleMethods = ['log', 'info', 'warn', 'error', 'debug'] as const

beforeEach(async () => {
  unhandled.length = 0
  process.on('unhandledRejection', onUnhandled)
  consoleSpies = consoleMethods.map((method) => vi.spyOn(console, method))
  server = await startServer()
  provider = anthropic({ apiKey: SECRET, baseURL: server.url })
})

afterEach(async () => {
  await server.close()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
  for (const spy of consoleSpies) expect(spy).not.toHaveBeenCalled()
})

const streamed = (...events: readonly Json[]): ReturnType<typeof eventStream> =>
  eventStream(anthropicEvents(messageStart, ...events))

describe('what anthropic sends', () => {
  const bodyOf = async (call = callOf()): Promise<Json> => {
    server.respond = json(message())
    await provider.call(call, never)
    return server.requests[0]!.body
  }

  it('sends nothing but what the call says, with the required max_tokens', async () => {
    expect(await bodyOf()).toEqual({
      model: 'model-test',
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Hi' }],
      stream: false,
    })
    expect(server.requests[0]).toMatchObject({
      url: '/v1/messages',
      headers: { authorization: `Bearer ${SECRET}` },
    })
  })

  it('maps sampling, stop, system and structured output', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false }
    const body = await bodyOf(
      callOf({
        system: 'Be brief.',
        temperature: 0.5,
        top_p: 0.9,
        max_tokens: 100,
        stop: ['END'],
        response_format: { type: 'json_schema', schema },
      }),
    )
    expect(body).toMatchObject({
      system: 'Be brief.',
      temperature: 0.5,
      top_p: 0.9,
      max_tokens: 100,
      stop_sequences: ['END'],
      output_config: { format: { type: 'json_schema', schema } },
    })
  })

  it('maps images and documents, as data and by address', async () => {
    const body = await bodyOf(
      callOf({
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'text', text: '' },
              { type: 'image', data: 'aW1n', media_type: 'image/png' },
              { type: 'image', url: 'https://example.com/a.png' },
              { type: 'file', data: 'cGRm', media_type: 'application/pdf', filename: 'a.pdf' },
              { type: 'file', url: 'https://example.com/a.pdf', media_type: 'application/pdf' },
              { type: 'file', data: 'w6Q=', media_type: 'text/plain' },
            ],
          },
        ],
      }),
    )
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aW1n' } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'cGRm' },
            title: 'a.pdf',
          },
          { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'ä' } },
        ],
      },
    ])
  })

  it('puts the results of consecutive tool messages into one user turn', async () => {
    const body = await bodyOf(
      callOf({
        messages: [
          { role: 'user', content: 'Hi' },
          {
            role: 'assistant',
            content: 'Looking.',
            tool_calls: [
              { id: 't1', name: 'look', arguments: '{"at":1}' },
              { id: 't2', name: 'look', arguments: '' },
              { id: 't3', name: 'look', arguments: 'not json' },
            ],
          },
          { role: 'tool', tool_call_id: 't1', content: 'one' },
          { role: 'tool', tool_call_id: 't2', content: 'two' },
          { role: 'assistant', content: '' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 't4', name: 'look', arguments: '{}' }],
          },
          { role: 'tool', tool_call_id: 't4', content: 'four' },
        ],
      }),
    )
    expect(body['messages']).toEqual([
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Looking.' },
          { type: 'tool_use', id: 't1', name: 'look', input: { at: 1 } },
          { type: 'tool_use', id: 't2', name: 'look', input: {} },
          { type: 'tool_use', id: 't3', name: 'look', input: { arguments: 'not json' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: 'one' },
          { type: 'tool_result', tool_use_id: 't2', content: 'two' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't4', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't4', content: 'four' }] },
    ])
  })

  it.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
    [{ name: 'look' }, { type: 'tool', name: 'look' }],
  ] as const)('maps the tool choice %j', async (tool_choice, expected) => {
    const parameters = { type: 'object' }
    const tools = [{ name: 'look', description: 'Looks.', parameters, strict: true }]
    const body = await bodyOf(callOf({ tools, tool_choice }))
    expect(body['tool_choice']).toEqual(expected)
    expect(body['tools']).toEqual([
      { name: 'look', description: 'Looks.', input_schema: parameters, strict: true },
    ])
  })

  it('adds provider_options without letting them change what the call sets', async () => {
    const schema = { type: 'object' }
    const body = await bodyOf(
      callOf({
        max_tokens: 10,
        response_format: { type: 'json_schema', schema },
        provider_options: {
          model: 'other',
          max_tokens: 99,
          stream: true,
          messages: [],
          workspace_id: 'wrkspc_other',
          thinking: { type: 'adaptive' },
          output_config: { effort: 'low', format: null },
        },
      }),
    )
    expect(body).toEqual({
      model: 'model-test',
      max_tokens: 10,
      stream: false,
      messages: [{ role: 'user', content: 'Hi' }],
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low', format: { type: 'json_schema', schema } },
    })
    expect(server.requests[0]!.headers).not.toHaveProperty('anthropic-workspace-id')
  })

  it('bounds the default max_tokens by the model, and takes it from provider_options or the option', async () => {
    server.respond = json(message())
    provider = anthropic({ apiKey: SECRET, baseURL: server.url, defaultMaxTokens: 50_000 })
    await provider.call(callOf({ model: { maxOutputTokens: 1_000 } }), never)
    await provider.call(callOf({ provider_options: { max_tokens: 7 } }), never)
    // So large that the SDK would refuse it without a timeout.
    await provider.call(callOf(), never)
    expect(server.requests.map(({ body }) => body['max_tokens'])).toEqual([1_000, 7, 50_000])
  })

  it('sends headers and uses the fetch it is given', async () => {
    const fetch = vi.fn(globalThis.fetch)
    const headers = { 'x-team': 'blue' }
    provider = anthropic({ apiKey: SECRET, baseURL: server.url, headers, fetch })
    await bodyOf()
    expect(server.requests[0]!.headers).toMatchObject(headers)
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('uses the client it is given, without that client’s retries', async () => {
    const client = new Anthropic({ apiKey: 'own-key', baseURL: server.url, maxRetries: 5 })
    server.respond = json({}, 529)
    const facts = await factsOf(anthropic({ client }).call(callOf(), never))
    expect(facts.status).toBe(529)
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer own-key'])
  })

  it('does not follow a redirect', async () => {
    server.respond = (response) => {
      response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end()
    }
    expect(await factsOf(provider.call(callOf(), never))).toMatchObject({ status: 307 })
  })
})

describe('anthropic’s options', () => {
  it('needs a key', () => {
    vi.stubEnv('ANTHROPIC_API_KEY', '')
    expect(() => anthropic()).toThrow(RaptorflowError)
    vi.stubEnv('ANTHROPIC_API_KEY', 'from-env')
    expect(anthropic()).toMatchObject({ name: 'anthropic', vendor: 'anthropic', models: null })
    vi.unstubAllEnvs()
  })

  it.each([
    [{ defaultMaxTokens: 0 }],
    [{ defaultMaxTokens: 1.5 }],
    [{ name: 'Not A Name' }],
    [{ models: [''] }],
    [{ client: new Anthropic({ apiKey: 'k' }) }],
  ])('refuses %j', (options) => {
    expect(() => anthropic({ apiKey: SECRET, ...options })).toThrow(/^Expected the option/)
  })

  it('lists the models it is given', () => {
    const facts = { id: 'claude-b', contextWindow: 5 }
    expect(anthropic({ apiKey: SECRET, models: ['claude-a', facts] }).models).toEqual([
      { id: 'claude-a' },
      facts,
    ])
  })

  it('states what the wire format cannot carry', () => {
    expect(provider.capabilities).toMatchObject({
      seed: false,
      jsonObject: false,
      jsonSchema: true,
      maxTemperature: 1,
      temperatureWithTopP: false,
    })
  })
})

describe('what anthropic answers', () => {
  it('reads text, thinking, tool calls and usage of a whole message', async () => {
    server.respond = json(
      message({
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 's' },
          { type: 'text', text: 'Look' },
          { type: 'text', text: 'ing.' },
          { type: 'tool_use', id: 't1', name: 'look', input: { at: 1 } },
          { type: 'tool_use', id: 't2', name: 'look', input: {} },
        ],
        stop_reason: 'tool_use',
        usage: {
          input_tokens: 100,
          cache_read_input_tokens: 30,
          cache_creation_input_tokens: 10,
          output_tokens: 50,
          output_tokens_details: { thinking_tokens: 20 },
        },
      }),
    )
    expect(await provider.call(callOf(), never)).toEqual({
      text: 'Looking.',
      reasoning: 'Hm.',
      tool_calls: [
        { id: 't1', name: 'look', arguments: '{"at":1}' },
        { id: 't2', name: 'look', arguments: '{}' },
      ],
      finish_reason: 'tool_calls',
      usage: { input: 100, cache_read: 30, cache_write: 10, output: 30, reasoning: 20 },
    })
  })

  it('streams text, with the last cumulative usage, and bookkeeping as alive', async () => {
    server.respond = streamed(...textEvents, ...messageEnd('end_turn'))
    const deltas = await deltasOf(provider)
    expect(server.requests[0]!.body['stream']).toBe(true)
    expect(deltas[0]).toEqual({ type: 'alive', usage: usageAtStart })
    expect(deltas.filter(({ type }) => type !== 'alive')).toEqual([
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      { type: 'finish', finish_reason: 'stop', usage: { ...usageAtStart, output: 7 } },
    ])
    expect(deltas.at(-1)?.type).toBe('finish')
  })

  it('does not take a null count in a later event for zero', async () => {
    const end = messageEnd('end_turn')
    const usage = {
      input_tokens: null,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 },
    }
    server.respond = streamed(...textEvents, { ...end[0], usage }, end[1]!)
    expect((await contentOf(provider)).at(-1)).toMatchObject({
      usage: { ...usageAtStart, output: 5, reasoning: 4 },
    })
  })

  it('streams thinking and tool calls, numbered among themselves', async () => {
    const piece = (index: number, partial_json: string): Json => ({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json },
    })
    const tool = (index: number, id: string): Json => ({
      type: 'content_block_start',
      index,
      content_block: { type: 'tool_use', id, name: 'look', input: {} },
    })
    server.respond = streamed(
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } },
      { type: 'content_block_stop', index: 0 },
      tool(1, 't1'),
      piece(1, ''),
      piece(1, '{"at"'),
      piece(1, ':1}'),
      { type: 'content_block_stop', index: 1 },
      tool(2, 't2'),
      piece(2, ''),
      { type: 'content_block_stop', index: 2 },
      ...messageEnd('tool_use'),
    )
    expect(await contentOf(provider)).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'tool_call', index: 0, id: 't1', name: 'look' },
      { type: 'tool_call', index: 0, arguments: '{"at"' },
      { type: 'tool_call', index: 0, arguments: ':1}' },
      { type: 'tool_call', index: 1, id: 't2', name: 'look' },
      { type: 'tool_call', index: 1, arguments: '{}' },
      { type: 'finish', finish_reason: 'tool_calls', usage: { ...usageAtStart, output: 7 } },
    ])
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['pause_turn', 'length'],
  ])('takes the stop reason %s for %s', async (stop_reason, expected) => {
    server.respond = json(message({ stop_reason }))
    expect(await provider.call(callOf(), never)).toMatchObject({ finish_reason: expected })
    server.respond = streamed(...textEvents, ...messageEnd(stop_reason))
    expect((await contentOf(provider)).at(-1)).toMatchObject({ finish_reason: expected })
  })

  it('answers a streaming call from a server that cannot stream', async () => {
    server.respond = json(message())
    expect(await contentOf(provider)).toEqual([
      { type: 'text', text: 'Hello' },
      {
        type: 'finish',
        finish_reason: 'stop',
        usage: { input: 12, cache_read: 0, cache_write: 0, output: 7, reasoning: 0 },
      },
    ])
  })

  it('keeps a complete answer whose connection is cut, or never closed, after the stop reason', async () => {
    const events = anthropicEvents(messageStart, ...textEvents, ...messageEnd('end_turn'))
    server.respond = eventStream(events.slice(0, -1), 'cut')
    expect((await contentOf(provider)).at(-1)).toMatchObject({ finish_reason: 'stop' })
    server.respond = eventStream(events, 'stall')
    expect((await contentOf(provider)).at(-1)).toMatchObject({ finish_reason: 'stop' })
    await server.disconnected
  })
})

describe('answers that are none', () => {
  it('reports a refusal, with what it cost', async () => {
    server.respond = json(message({ stop_reason: 'refusal', content: [] }))
    const usage = { input: 12, cache_read: 0, cache_write: 0, output: 7, reasoning: 0 }
    expect(await factsOf(run(provider, 'unary'))).toEqual({ reason: 'content_filter', usage })
    server.respond = streamed(...textEvents, ...messageEnd('refusal'))
    expect(await factsOf(run(provider, 'stream'))).toEqual({
      reason: 'content_filter',
      usage: { ...usageAtStart, output: 7 },
    })
  })

  it('reports an empty answer that ended well, with what it cost', async () => {
    server.respond = json(message({ content: [{ type: 'text', text: ' \n' }] }))
    expect(await factsOf(run(provider, 'unary'))).toMatchObject({
      reason: 'empty',
      usage: { output: 7 },
    })
    server.respond = streamed(...messageEnd('end_turn'))
    expect(await factsOf(run(provider, 'stream'))).toMatchObject({
      reason: 'empty',
      usage: { output: 7 },
    })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['an empty object', {}],
    ['a list', []],
    ['a text', '"Hello"'],
    ['broken JSON', '{"content":['],
    ['content that is no list', message({ content: 'Hello' })],
    ['a block that is no object', message({ content: ['Hello'] })],
    ['a text that is no text', message({ content: [{ type: 'text', text: 5 }] })],
    ['no stop reason', message({ stop_reason: null })],
    ['a tool call that is not there', message({ stop_reason: 'tool_use' })],
    ['a tool call without a name', message({ content: [{ type: 'tool_use', id: 't' }] })],
  ])('refuses %s with status 200', async (_name, body) => {
    server.respond = json(body)
    for (const mode of MODES) {
      expect((await factsOf(run(provider, mode))).reason, mode).toBe('bad_response')
    }
  })

  it.each(MODES)('refuses HTML with status 200 (%s)', async (mode) => {
    server.respond = html()
    expect((await factsOf(run(provider, mode))).reason).toBe('bad_response')
  })

  it.each([
    ['malformed JSON', 'event: content_block_delta\ndata: {"type":"content_bl\n\n', 'bad_response'],
    ['a list', 'event: x\ndata: []\n\n', 'bad_response'],
    [
      'text that is no text',
      anthropicEvents({ ...textEvents[2], delta: { type: 'text_delta' } })[0]!,
      'bad_response',
    ],
    ['nothing more', '', 'stream_truncated'],
    ['half an event', 'event: content_block_delta\nda', 'stream_truncated'],
    [
      'an end without a stop reason',
      anthropicEvents({ type: 'message_stop' })[0]!,
      'stream_truncated',
    ],
  ])('reports a stream in which %s follows as %s', async (_name, text, reason) => {
    server.respond = eventStream([...anthropicEvents(messageStart, ...textEvents), text])
    expect(await factsOf(run(provider, 'stream'))).toEqual({ reason, usage: usageAtStart })
  })

  it('reports an empty stream as truncated', async () => {
    server.respond = eventStream([])
    expect(await factsOf(run(provider, 'stream'))).toEqual({ reason: 'stream_truncated' })
  })

  it('reports an error inside a stream by its type, with what was counted', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    server.respond = streamed(...textEvents, error)
    expect(await factsOf(run(provider, 'stream'))).toEqual({
      type: 'overloaded_error',
      usage: usageAtStart,
    })
    server.respond = eventStream([`event: error\ndata: ${JSON.stringify(error)}\n\n`])
    expect(await factsOf(run(provider, 'stream'))).toEqual({ type: 'overloaded_error' })
  })
})

describe.each(MODES)('anthropic’s failures (%s)', (mode) => {
  const failWith = (status: number, type: string, text: string, headers = {}): void => {
    server.respond = json({ type: 'error', error: { type, message: text } }, status, headers)
  }

  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after-ms': '250', 'retry-after': '3' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reports a rate limit with %j once', async (headers, retryAfterMs) => {
    failWith(429, 'rate_limit_error', `limit of ${SECRET}`, headers)
    expect(await factsOf(run(provider, mode))).toEqual({
      status: 429,
      type: 'rate_limit_error',
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    [401, 'authentication_error', 'invalid x-api-key', 'authentication_error'],
    [403, 'permission_error', 'no', 'permission_error'],
    [404, 'not_found_error', 'model: nope', 'not_found_error'],
    [413, 'request_too_large', 'too large', 'request_too_large'],
    [500, 'api_error', 'oops', 'api_error'],
    [503, 'api_error', 'oops', 'api_error'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded_error'],
    [400, 'invalid_request_error', 'tools.0: bad', 'invalid_request_error'],
    [
      400,
      'invalid_request_error',
      'prompt is too long: 9 tokens > 8 maximum',
      'context_length_exceeded',
    ],
    [
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 9 + 1 > 8',
      'context_length_exceeded',
    ],
    [
      400,
      'invalid_request_error',
      'You have reached your specified API usage limits.',
      'usage_limits',
    ],
    [400, 'invalid_request_error', 'Your credit balance is too low to access', 'usage_limits'],
  ])('reports %i %s "%s" as %s', async (status, type, text, expected) => {
    failWith(status, type, text)
    expect(await factsOf(run(provider, mode))).toEqual({ status, type: expected })
    expect(server.requests).toHaveLength(1)
  })

  it('reports a reached spend limit as such, though its status is 429', async () => {
    const details = { error_code: 'contract_spend_limit_reached' }
    server.respond = json({ error: { type: 'rate_limit_error', message: 'm', details } }, 429)
    expect(await factsOf(run(provider, mode))).toEqual({ status: 429, type: 'usage_limits' })
  })

  it('keeps text that is no type to itself', async () => {
    failWith(500, `a type with spaces and ${SECRET}`, 'x')
    expect(await factsOf(run(provider, mode))).toEqual({ status: 500 })
    server.respond = (response) => response.writeHead(502).end('<html>Bad Gateway</html>')
    expect(await factsOf(run(provider, mode))).toEqual({ status: 502 })
  })

  it('reports a connection reset before the answer', async () => {
    server.respond = reset
    expect((await factsOf(run(provider, mode))).reason).toBe('connection_reset')
    expect(server.requests).toHaveLength(1)
  })

  it('reports a connection cut in the middle of the answer', async () => {
    server.respond =
      mode === 'unary'
        ? partialBody('{"content":', 'cut')
        : eventStream(anthropicEvents(messageStart, ...textEvents), 'cut')
    expect(await factsOf(run(provider, mode))).toMatchObject({
      reason: 'connection_reset',
      ...(mode === 'stream' && { usage: usageAtStart }),
    })
  })

  it('reports that nothing listens', async () => {
    await server.close()
    expect(await factsOf(run(provider, mode))).toEqual({
      reason: 'network',
      causeCode: 'ECONNREFUSED',
    })
  })

  it.each(['before the answer', 'in its middle'])(
    'closes the connection when aborted %s',
    async (moment) => {
      const seen = new Promise<void>((resolve) => {
        server.respond = (response) => {
          if (moment === 'in its middle') {
            if (mode === 'unary') partialBody('{"content":', 'stall')(response)
            else eventStream(anthropicEvents(messageStart, ...textEvents), 'stall')(response)
          }
          // Lets the client read what was sent before it is aborted.
          setTimeout(resolve, 30)
        }
      })
      const controller = new AbortController()
      const failing = factsOf(run(provider, mode, controller.signal))
      await seen
      controller.abort(new Error(SECRET))
      const facts = await failing
      expect(facts.reason).toBe('aborted')
      if (mode === 'stream' && moment === 'in its middle') expect(facts.usage).toEqual(usageAtStart)
      await server.disconnected
    },
  )

  it('calls nobody when aborted before', async () => {
    expect(await factsOf(run(provider, mode, AbortSignal.abort()))).toEqual({ reason: 'aborted' })
    expect(server.requests).toHaveLength(0)
  })

  it('reports the SDK’s own timeout for the head of an answer', async () => {
    server.respond = () => undefined
    const call = callOf({ timeoutMs: 50 })
    const running = mode === 'unary' ? provider.call(call, never) : deltasOf(provider, call)
    expect(await factsOf(running)).toEqual({ reason: 'timeout' })
  })
})

describe('streams that bring no content', () => {
  it('counts pings as alive only, and closes the connection when aborted', async () => {
    server.respond = keepAlive(anthropicEvents({ type: 'ping' })[0]!)
    const controller = new AbortController()
    const deltas: unknown[] = []
    const reading = (async () => {
      for await (const delta of provider.stream(callOf(), controller.signal)) {
        deltas.push(delta)
        if (deltas.length === 2) controller.abort()
      }
    })()
    expect(await factsOf(reading)).toEqual({ reason: 'aborted' })
    expect(new Set(deltas.map((delta) => JSON.stringify(delta)))).toEqual(
      new Set(['{"type":"alive"}']),
    )
    await server.disconnected
  })

  it('yields nothing at all for comments', async () => {
    server.respond = keepAlive(': keep-alive\n\n')
    const controller = new AbortController()
    const iterator = provider.stream(callOf(), controller.signal)[Symbol.asyncIterator]()
    const first = iterator.next()
    const early = await Promise.race([
      first.then(() => 'delta'),
      new Promise((resolve) => setTimeout(resolve, 100, 'nothing')),
    ])
    expect(early).toBe('nothing')
    controller.abort()
    expect((await factsOf(first)).reason).toBe('aborted')
    await server.disconnected
  })

  it('closes the connection when the reader leaves', async () => {
    server.respond = eventStream(anthropicEvents(messageStart, ...textEvents), 'stall')
    for await (const delta of provider.stream(callOf(), never)) {
      if (delta.type === 'text') break
    }
    await server.disconnected
  })
})
