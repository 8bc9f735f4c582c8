import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Mock } from 'vitest'
import { GoogleGenAI } from '@google/genai'
import { google } from '../../../src/features/providers/google.js'
import { googleGenerativeAI } from '../../../src/features/providers/google-generative-ai.js'
import type { Provider } from '../../../src/contracts/provider.js'
import {
  callOf,
  contentOf,
  deltasOf,
  eventStream,
  factsOf,
  html,
  json,
  keepAlive,
  never,
  partialBody,
  reset,
  run,
  startServer,
} from './anthropic-server.js'
import type { Json, LocalServer, Mode } from './anthropic-server.js'
import {
  chunk,
  dailyQuota,
  geminiEvents,
  googleFailure,
  hello,
  minuteQuota,
  retryInfo,
  usage,
  usageMetadata,
} from './google-server.js'

const MODES: readonly Mode[] = ['unary', 'stream']
const SECRET = 'AIza-secret-key'
const SDKS = [
  { name: '@google/genai', current: true, make: google },
  { name: '@google/generative-ai', current: false, make: googleGenerativeAI },
] as const
const consoleMethods = ['log', 'info', 'warn', 'error', 'debug'] as const

let server: LocalServer
let consoleSpies: Mock[] = []
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown): void => void unhandled.push(reason)

beforeEach(async () => {
  unhandled.length = 0
  process.on('unhandledRejection', onUnhandled)
  consoleSpies = consoleMethods.map((method) => vi.spyOn(console, method))
  server = await startServer()
})

afterEach(async () => {
  await server.close()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
  for (const spy of consoleSpies) expect(spy).not.toHaveBeenCalled()
})

describe.each(SDKS)('gemini on $name', ({ current, make }) => {
  let provider: Provider

  beforeEach(() => {
    provider = make({ apiKey: SECRET, baseURL: server.url })
  })

  const bodyOf = async (call = callOf()): Promise<Json> => {
    server.respond = json(chunk([{ text: 'ok' }], 'STOP'))
    await provider.call(call, never)
    // Either SDK adds empty fields where there is nothing to say.
    const isEmpty = (value: unknown): boolean =>
      typeof value === 'object' && value !== null && Object.keys(value).length === 0
    return Object.fromEntries(
      Object.entries(server.requests.at(-1)!.body).filter(([, value]) => !isEmpty(value)),
    )
  }

  describe('what it sends', () => {
    it('sends nothing but what the call says', async () => {
      expect(await bodyOf()).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] })
      expect(server.requests[0]).toMatchObject({
        url: '/v1beta/models/model-test:generateContent',
        headers: { 'x-goog-api-key': SECRET },
      })
    })

    it('asks for a stream of events', async () => {
      server.respond = eventStream(geminiEvents(...hello))
      await deltasOf(provider)
      expect(server.requests[0]!.url).toBe(
        '/v1beta/models/model-test:streamGenerateContent?alt=sse',
      )
    })

    it('maps sampling, stop, seed, system and structured output', async () => {
      const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
      const body = await bodyOf(
        callOf({
          system: 'Be brief.',
          temperature: 0.5,
          top_p: 0.9,
          max_tokens: 100,
          stop: ['END'],
          seed: 7,
          response_format: { type: 'json_schema', schema },
        }),
      )
      expect(body['systemInstruction']).toMatchObject({ parts: [{ text: 'Be brief.' }] })
      expect(body['generationConfig']).toEqual({
        temperature: 0.5,
        topP: 0.9,
        maxOutputTokens: 100,
        stopSequences: ['END'],
        seed: 7,
        responseMimeType: 'application/json',
        responseJsonSchema: schema,
      })
    })

    it('asks for any JSON without a schema', async () => {
      const body = await bodyOf(callOf({ response_format: { type: 'json_object' } }))
      expect(body['generationConfig']).toEqual({ responseMimeType: 'application/json' })
    })

    it('maps images and files, as data and by address', async () => {
      const { contents } = await bodyOf(
        callOf({
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is this?' },
                { type: 'image', data: 'aW1n', media_type: 'image/png' },
                { type: 'image', url: 'https://example.com/a.JPG?x=1' },
                { type: 'file', data: 'cGRm', media_type: 'application/pdf' },
                { type: 'file', url: 'https://example.com/a.pdf', media_type: 'application/pdf' },
              ],
            },
          ],
        }),
      )
      expect(contents).toEqual([
        {
          role: 'user',
          parts: [
            { text: 'What is this?' },
            { inlineData: { mimeType: 'image/png', data: 'aW1n' } },
            { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.com/a.JPG?x=1' } },
            { inlineData: { mimeType: 'application/pdf', data: 'cGRm' } },
            { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a.pdf' } },
          ],
        },
      ])
    })

    it('names the function in each result, and joins the results of consecutive tool messages', async () => {
      const { contents } = await bodyOf(
        callOf({
          messages: [
            { role: 'user', content: 'Hi' },
            {
              role: 'assistant',
              content: 'Looking.',
              tool_calls: [
                { id: 't1', name: 'look', arguments: '{"at":1}' },
                { id: 't2', name: 'listen', arguments: '' },
              ],
            },
            { role: 'tool', tool_call_id: 't1', content: '{"seen":true}' },
            { role: 'tool', tool_call_id: 't2', content: 'silence' },
            { role: 'assistant', content: '' },
            { role: 'assistant', content: 'Done.' },
            { role: 'user', content: 'Again' },
          ],
        }),
      )
      expect(contents).toEqual([
        { role: 'user', parts: [{ text: 'Hi' }] },
        {
          role: 'model',
          parts: [
            { text: 'Looking.' },
            { functionCall: { id: 't1', name: 'look', args: { at: 1 } } },
            { functionCall: { id: 't2', name: 'listen', args: {} } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 't1', name: 'look', response: { seen: true } } },
            { functionResponse: { id: 't2', name: 'listen', response: { output: 'silence' } } },
          ],
        },
        { role: 'model', parts: [{ text: 'Done.' }] },
        { role: 'user', parts: [{ text: 'Again' }] },
      ])
    })

    it.each([
      ['gemini-2.5-pro', false],
      ['gemini-3.1-pro', true],
      ['models/gemini-4-argon', true],
      ['gemini-10', true],
    ])('gives earlier function calls a stand-in signature for %s: %s', async (id, signed) => {
      const tool_calls = [
        { id: 't1', name: 'look', arguments: '{}' },
        { id: 't2', name: 'look', arguments: '{}' },
      ]
      const messages = [{ role: 'assistant', tool_calls } as const]
      const { contents } = await bodyOf(callOf({ model: { id }, messages }))
      const parts = (contents as { parts: Json[] }[])[0]!.parts
      expect(parts.map((part) => 'thoughtSignature' in part)).toEqual([signed, false])
    })

    it.each([
      ['auto', { mode: 'AUTO' }],
      ['none', { mode: 'NONE' }],
      ['required', { mode: 'ANY' }],
      [{ name: 'look' }, { mode: 'ANY', allowedFunctionNames: ['look'] }],
    ] as const)('maps the tool choice %j', async (tool_choice, functionCallingConfig) => {
      const parameters = { type: 'object', properties: {}, additionalProperties: false }
      const tools = [{ name: 'look', description: 'Looks.', parameters }]
      const body = await bodyOf(callOf({ tools, tool_choice }))
      expect(body['toolConfig']).toEqual({ functionCallingConfig })
      expect(body['tools']).toEqual([
        {
          functionDeclarations: [
            { name: 'look', description: 'Looks.', parametersJsonSchema: parameters },
          ],
        },
      ])
    })

    it('adds provider_options without letting them change what the call sets', async () => {
      const body = await bodyOf(
        callOf({
          temperature: 0.1,
          tools: [{ name: 'look', parameters: { type: 'object' } }],
          provider_options: {
            model: 'models/other',
            contents: [],
            tools: [],
            generationConfig: { temperature: 2, thinkingConfig: { thinkingBudget: 5 } },
            safetySettings: [{ category: 'C', threshold: 'T' }],
          },
        }),
      )
      expect(body).toEqual({
        contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
        tools: [
          { functionDeclarations: [{ name: 'look', parametersJsonSchema: { type: 'object' } }] },
        ],
        generationConfig: { temperature: 0.1, thinkingConfig: { thinkingBudget: 5 } },
        safetySettings: [{ category: 'C', threshold: 'T' }],
      })
      expect(server.requests[0]!.url).toContain('/models/model-test:')
    })

    it('sends headers', async () => {
      provider = make({ apiKey: SECRET, baseURL: server.url, headers: { 'x-team': 'blue' } })
      await bodyOf()
      expect(server.requests[0]!.headers['x-team']).toBe('blue')
    })

    it.each(['..', 'models/../../x', 'a?b', 'a#b', '/a', ''])(
      'never lets the model name "%s" change the address',
      async (id) => {
        const call = callOf({ model: { id } })
        expect(await factsOf(provider.call(call, never))).toEqual({ type: 'NOT_FOUND' })
        expect(await factsOf(deltasOf(provider, call))).toEqual({ type: 'NOT_FOUND' })
        expect(server.requests).toHaveLength(0)
      },
    )
  })

  describe('its options', () => {
    it('needs a key', () => {
      vi.stubEnv('GOOGLE_API_KEY', '')
      vi.stubEnv('GEMINI_API_KEY', '')
      expect(() => make()).toThrow(/^Expected the option `apiKey`/)
      vi.stubEnv('GEMINI_API_KEY', 'from-env')
      expect(make()).toMatchObject({ name: 'google', vendor: 'google', models: null })
      vi.unstubAllEnvs()
    })

    it.each([[{ name: 'Not A Name' }], [{ models: [''] }], [{ baseURL: 'nowhere' }]])(
      'refuses %j',
      (options) => {
        expect(() => make({ apiKey: SECRET, ...options })).toThrow(/^Expected the option/)
      },
    )

    it('lists the models it is given', () => {
      expect(make({ apiKey: SECRET, models: ['a', { id: 'b', contextWindow: 5 }] }).models).toEqual(
        [{ id: 'a' }, { id: 'b', contextWindow: 5 }],
      )
    })
  })

  describe('what it answers', () => {
    it('reads text, thoughts and usage of a whole answer', async () => {
      server.respond = json(
        chunk([{ text: 'Hm.', thought: true }, { text: 'Hel' }, { text: 'lo' }], 'STOP', {
          usageMetadata: {
            promptTokenCount: 100,
            cachedContentTokenCount: 40,
            toolUsePromptTokenCount: 5,
            candidatesTokenCount: 50,
            thoughtsTokenCount: 20,
            totalTokenCount: 175,
          },
        }),
      )
      expect(await provider.call(callOf(), never)).toEqual({
        text: 'Hello',
        reasoning: 'Hm.',
        tool_calls: [],
        finish_reason: 'stop',
        usage: { input: 65, cache_read: 40, cache_write: 0, output: 50, reasoning: 20 },
      })
    })

    it('streams text, with the last usage', async () => {
      server.respond = eventStream(
        geminiEvents(
          chunk([{ text: 'Hm.', thought: true }]),
          chunk([{ text: 'Hel' }]),
          { usageMetadata: { promptTokenCount: 20 } },
          chunk([{ text: 'lo' }], 'STOP', {
            usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 3 },
          }),
          { usageMetadata },
        ),
      )
      const deltas = await deltasOf(provider)
      expect(deltas.filter(({ type }) => type !== 'alive')).toEqual([
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'Hel' },
        { type: 'text', text: 'lo' },
        { type: 'finish', finish_reason: 'stop', usage },
      ])
      expect(deltas[2]).toMatchObject({ type: 'alive', usage: { input: 20, output: 0 } })
      expect(deltas.at(-1)?.type).toBe('finish')
    })

    it('reads tool calls, with an id for those that have none', async () => {
      const parts = [
        { functionCall: { id: 'f1', name: 'look', args: { at: 1 } }, thoughtSignature: 's' },
        { functionCall: { name: 'look' } },
      ]
      const id: unknown = expect.stringMatching(/^call_[0-9a-f]{32}$/)
      server.respond = json(chunk(parts, 'STOP'))
      expect(await provider.call(callOf(), never)).toMatchObject({
        finish_reason: 'tool_calls',
        tool_calls: [
          { id: 'f1', name: 'look', arguments: '{"at":1}' },
          { id, name: 'look', arguments: '{}' },
        ],
      })
      server.respond = eventStream(
        geminiEvents(chunk(parts.slice(0, 1)), chunk(parts.slice(1), 'STOP')),
      )
      expect(await contentOf(provider)).toEqual([
        { type: 'tool_call', index: 0, id: 'f1', name: 'look', arguments: '{"at":1}' },
        { type: 'tool_call', index: 1, id, name: 'look', arguments: '{}' },
        { type: 'finish', finish_reason: 'tool_calls', usage },
      ])
    })

    it('reports an answer that reached its limit as cut short', async () => {
      server.respond = json(chunk([{ text: 'Hel' }], 'MAX_TOKENS'))
      expect(await provider.call(callOf(), never)).toMatchObject({ finish_reason: 'length' })
      server.respond = eventStream(geminiEvents(chunk([], 'MAX_TOKENS')))
      expect((await contentOf(provider)).at(-1)).toMatchObject({ finish_reason: 'length' })
    })

    it('reports no usage when none came', async () => {
      server.respond = json(chunk([{ text: 'ok' }], 'STOP', { usageMetadata: undefined }))
      expect((await provider.call(callOf(), never)).usage).toBeUndefined()
    })

    it('reads the first candidate only', async () => {
      const other = { index: 1, content: { parts: [{ text: 'other' }] }, finishReason: 'STOP' }
      const { candidates } = hello[1]
      server.respond = json({ candidates: [other, ...(candidates as Json[])] })
      expect((await provider.call(callOf(), never)).text).toBe('lo')
    })

    it('keeps a complete answer whose connection is cut, or never closed, after the finish reason', async () => {
      for (const ending of ['cut', 'stall'] as const) {
        server.respond = eventStream(geminiEvents(...hello), ending)
        expect((await contentOf(provider)).at(-1)).toMatchObject({ finish_reason: 'stop' })
      }
      await server.disconnected
    })
  })

  describe('answers that are none', () => {
    it.each([
      ['SAFETY', 'content_filter'],
      ['RECITATION', 'content_filter'],
      ['PROHIBITED_CONTENT', 'content_filter'],
      ['SPII', 'content_filter'],
      ['MALFORMED_FUNCTION_CALL', 'bad_response'],
      ['OTHER', 'bad_response'],
      ['SOMETHING_NEW', 'bad_response'],
    ])('reports %s as %s, with what it cost', async (finishReason, reason) => {
      server.respond = json(chunk([], finishReason))
      expect(await factsOf(run(provider, 'unary'))).toEqual({ reason, usage })
      server.respond = eventStream(geminiEvents(hello[0], chunk([], finishReason)))
      expect(await factsOf(run(provider, 'stream'))).toEqual({ reason, usage })
    })

    it('reports a blocked prompt, with what it cost', async () => {
      const blocked = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata }
      server.respond = json(blocked)
      expect(await factsOf(run(provider, 'unary'))).toEqual({ reason: 'content_filter', usage })
      server.respond = eventStream(geminiEvents(blocked))
      expect(await factsOf(run(provider, 'stream'))).toEqual({ reason: 'content_filter', usage })
    })

    it('reports an empty answer that ended well, with what it cost', async () => {
      server.respond = json(chunk([{ text: ' ' }], 'STOP'))
      expect(await factsOf(run(provider, 'unary'))).toEqual({ reason: 'empty', usage })
      server.respond = eventStream(geminiEvents(chunk([], 'STOP')))
      expect(await factsOf(run(provider, 'stream'))).toEqual({ reason: 'empty', usage })
    })

    it.each<[string, unknown]>([
      ['null', 'null'],
      ['an empty object', {}],
      ['a list', []],
      ['a text', '"Hello"'],
      ['broken JSON', '{"candidates":['],
      ['no candidates', { candidates: [] }],
      ['candidates that are no list', { candidates: 'x' }],
      [
        'parts that are no list',
        { candidates: [{ content: { parts: 'x' }, finishReason: 'STOP' }] },
      ],
      [
        'a part that is null',
        { candidates: [{ content: { parts: [null] }, finishReason: 'STOP' }] },
      ],
      [
        'a text that is no text',
        { candidates: [{ content: { parts: [{ text: 5 }] }, finishReason: 'STOP' }] },
      ],
      ['no finish reason', chunk([{ text: 'Hello' }])],
      ['an unspecified finish reason', chunk([{ text: 'Hi' }], 'FINISH_REASON_UNSPECIFIED')],
      ['a function call without a name', chunk([{ functionCall: {} }], 'STOP')],
    ])('refuses %s with status 200', async (_name, body) => {
      server.respond = json(body)
      expect((await factsOf(run(provider, 'unary'))).reason).toBe('bad_response')
    })

    it.each<[string, unknown]>([
      ['null', 'null'],
      ['an empty object', {}],
      ['a whole answer', chunk([{ text: 'Hello' }], 'STOP')],
    ])('refuses %s in place of a stream', async (_name, body) => {
      server.respond = json(body)
      expect((await factsOf(run(provider, 'stream'))).reason).toBe('bad_response')
    })

    it.each(MODES)('refuses HTML with status 200 (%s)', async (mode) => {
      for (const page of [html(), html('<html>\n\n'), html('<html>')]) {
        server.respond = page
        const { reason } = await factsOf(run(provider, mode))
        // The older SDK does not tell what kind of answer came.
        expect(current ? ['bad_response'] : ['bad_response', 'stream_truncated']).toContain(reason)
      }
    })

    it.each([
      ['malformed JSON', 'data: {"candidates":[{\r\n\r\n', 'bad_response'],
      ['a list', 'data: []\r\n\r\n', ''],
      ['nothing more', '', 'stream_truncated'],
      ['half an event', 'data: {"candi', 'stream_truncated'],
      ['no finish reason', geminiEvents({ usageMetadata })[0]!, 'stream_truncated'],
    ])('does not take a stream in which %s follows for complete', async (_name, text, reason) => {
      server.respond = eventStream([...geminiEvents(hello[0]), text])
      const facts = await factsOf(run(provider, 'stream'))
      if (reason !== '') expect(facts.reason).toBe(reason)
      expect(facts.usage).toEqual(usage)
    })

    it('reports an empty stream as truncated', async () => {
      server.respond = eventStream([])
      expect(await factsOf(run(provider, 'stream'))).toEqual({ reason: 'stream_truncated' })
    })

    it('reports an error inside a stream by its code and status', async () => {
      server.respond = eventStream(geminiEvents(hello[0], googleFailure(503, 'UNAVAILABLE')))
      expect(await factsOf(run(provider, 'stream'))).toEqual({
        status: 503,
        type: 'UNAVAILABLE',
        usage,
      })
    })
  })

  describe.each(MODES)('its failures (%s)', (mode) => {
    const nameOf = (type: string): Json => (current ? { type } : {})

    it.each<[number, string]>([
      [400, 'INVALID_ARGUMENT'],
      [401, 'UNAUTHENTICATED'],
      [403, 'PERMISSION_DENIED'],
      [404, 'NOT_FOUND'],
      [429, 'RESOURCE_EXHAUSTED'],
      [500, 'INTERNAL'],
      [503, 'UNAVAILABLE'],
      [504, 'DEADLINE_EXCEEDED'],
    ])('reports status %i %s, after one call', async (status, name) => {
      server.respond = json(googleFailure(status, name, `about ${SECRET}`), status)
      expect(await factsOf(run(provider, mode))).toEqual({ status, ...nameOf(name) })
      expect(server.requests).toHaveLength(1)
    })

    it('reports a failure whose body is no JSON by its status', async () => {
      server.respond = (response) => response.writeHead(502).end('<html>Bad Gateway</html>')
      expect(await factsOf(run(provider, mode))).toEqual({ status: 502 })
      server.respond = json('{"error":', 529)
      expect(await factsOf(run(provider, mode))).toEqual({ status: 529 })
    })

    it('reports the wait and the limit that error details name', async () => {
      server.respond = json(
        googleFailure(429, 'RESOURCE_EXHAUSTED', 'quota', [minuteQuota, retryInfo]),
        429,
      )
      expect(await factsOf(run(provider, mode))).toEqual({
        status: 429,
        retryAfterMs: 36_000,
        ...nameOf('RESOURCE_EXHAUSTED'),
      })
      server.respond = json(
        googleFailure(429, 'RESOURCE_EXHAUSTED', 'quota', [dailyQuota, retryInfo]),
        429,
      )
      expect(await factsOf(run(provider, mode))).toEqual({
        status: 429,
        retryAfterMs: 36_000,
        type: 'quota_exhausted_per_day',
      })
    })

    it('reports a prompt that is too long, and a wrong key, for what they are', async () => {
      const text =
        'The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).'
      server.respond = json(googleFailure(400, 'INVALID_ARGUMENT', text), 400)
      expect(await factsOf(run(provider, mode))).toEqual({
        status: 400,
        type: 'context_length_exceeded',
      })
      const reason = {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
      }
      server.respond = json(
        googleFailure(400, 'INVALID_ARGUMENT', 'API key not valid.', [reason]),
        400,
      )
      expect(await factsOf(run(provider, mode))).toEqual({ status: 400, type: 'API_KEY_INVALID' })
    })

    it('reports a connection reset before the answer', async () => {
      server.respond = reset
      const { reason } = await factsOf(run(provider, mode))
      // The older SDK drops the cause, so it cannot be told from a failed connect.
      expect(reason).toBe(current ? 'connection_reset' : 'network')
      expect(server.requests).toHaveLength(1)
    })

    it('reports a connection cut in the middle of the answer', async () => {
      server.respond =
        mode === 'unary'
          ? partialBody('{"candidates":', 'cut')
          : eventStream(geminiEvents(hello[0]), 'cut')
      expect(await factsOf(run(provider, mode))).toMatchObject({
        reason: 'connection_reset',
        ...(mode === 'stream' && { usage }),
      })
    })

    it('reports that nothing listens', async () => {
      await server.close()
      expect(await factsOf(run(provider, mode))).toEqual({
        reason: 'network',
        ...(current && { causeCode: 'ECONNREFUSED' }),
      })
    })

    it.each(['before the answer', 'in its middle'])(
      'closes the connection when aborted %s',
      async (moment) => {
        const seen = new Promise<void>((resolve) => {
          server.respond = (response) => {
            if (moment === 'in its middle') {
              if (mode === 'unary') partialBody('{"candidates":', 'stall')(response)
              else eventStream(geminiEvents(hello[0]), 'stall')(response)
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
        if (mode === 'stream' && moment === 'in its middle') expect(facts.usage).toEqual(usage)
        await server.disconnected
      },
    )

    it('calls nobody when aborted before', async () => {
      expect(await factsOf(run(provider, mode, AbortSignal.abort()))).toEqual({ reason: 'aborted' })
      expect(server.requests).toHaveLength(0)
    })
  })

  it('yields nothing for keep-alive comments, and closes the connection when aborted', async () => {
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
    server.respond = eventStream(geminiEvents(hello[0]), 'stall')
    for await (const delta of provider.stream(callOf(), never)) {
      if (delta.type === 'text') break
    }
    await server.disconnected
  })
})

describe('google() only', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
  ])('reads the wait from %j, which the SDK’s errors lack', async (headers, retryAfterMs) => {
    const provider = google({ apiKey: SECRET, baseURL: server.url })
    server.respond = json(googleFailure(429, 'RESOURCE_EXHAUSTED'), 429, headers)
    for (const mode of MODES) {
      expect(await factsOf(run(provider, mode))).toEqual({
        status: 429,
        type: 'RESOURCE_EXHAUSTED',
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      })
    }
  })

  it('reads waits through the fetch it is given', async () => {
    const fetch = vi.fn(globalThis.fetch)
    const provider = google({ apiKey: SECRET, baseURL: server.url, fetch })
    server.respond = json(googleFailure(503, 'UNAVAILABLE'), 503, { 'retry-after': '2' })
    expect(await factsOf(run(provider, 'unary'))).toMatchObject({
      status: 503,
      retryAfterMs: 2_000,
    })
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('keeps calls apart that run at the same time', async () => {
    const provider = google({ apiKey: SECRET, baseURL: server.url })
    const waits = ['1', '2', '3', '4']
    server.respond = (response) => {
      json(googleFailure(429, 'RESOURCE_EXHAUSTED'), 429, { 'retry-after': waits.shift()! })(
        response,
      )
    }
    const all = await Promise.all([1, 2, 3, 4].map(() => factsOf(run(provider, 'unary'))))
    expect(all.map(({ retryAfterMs }) => retryAfterMs).sort()).toEqual([1_000, 2_000, 3_000, 4_000])
  })

  it('uses the client it is given, without that client’s own fetch being lost', async () => {
    const fetch = vi.fn(globalThis.fetch)
    const client = new GoogleGenAI({
      apiKey: 'own-key',
      httpOptions: { baseUrl: server.url, fetch },
    })
    server.respond = json(chunk([{ text: 'ok' }], 'STOP'))
    expect((await google({ client }).call(callOf(), never)).text).toBe('ok')
    expect(server.requests[0]!.headers['x-goog-api-key']).toBe('own-key')
    expect(fetch).toHaveBeenCalledTimes(1)
    expect(() => google({ client, apiKey: SECRET })).toThrow(/left out beside `client`/)
  })

  it('does not follow a redirect', async () => {
    const provider = google({ apiKey: SECRET, baseURL: server.url })
    server.respond = (response) => {
      response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end()
    }
    expect(await factsOf(run(provider, 'unary'))).toMatchObject({ status: 307 })
  })

  it('finds the error inside the message of another error, and in a list', async () => {
    const provider = google({ apiKey: SECRET, baseURL: server.url })
    const inner = JSON.stringify(googleFailure(429, 'RESOURCE_EXHAUSTED', 'quota', [dailyQuota]))
    for (const body of [inner, `[${inner}]`]) {
      server.respond = (response) => response.writeHead(429).end(body)
      expect(await factsOf(run(provider, 'stream'))).toEqual({
        status: 429,
        type: 'quota_exhausted_per_day',
      })
    }
  })

  it('makes no second call for an answer that could be continued', async () => {
    const provider = google({ apiKey: SECRET, baseURL: server.url })
    const candidate = { content: { parts: [{ text: 'Hel' }] }, finishReason: 'CONTINUATION' }
    server.respond = json({ candidates: [{ ...candidate, continuationToken: 'more' }] })
    expect(await provider.call(callOf(), never)).toMatchObject({ finish_reason: 'length' })
    expect(server.requests).toHaveLength(1)
  })
})
