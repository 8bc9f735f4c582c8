import { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { chatCompletions } from '../../../src/features/providers/openai-chat.js'
import { chatSender } from '../../../src/features/providers/openai-client.js'
import { openai } from '../../../src/features/providers/openai.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import type { Delta } from '../../../src/contracts/provider.js'
import { callOf, collect, completion, event, factsOf, json, never, sse } from './openai-server.js'
import { ROLE, STOP, USAGE, chunk, startChatServer, textOf } from './openai-server.js'
import type { ChatServer } from './openai-server.js'

let server: ChatServer
beforeAll(async () => {
  server = await startChatServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

const stream = (): AsyncIterable<Delta> =>
  openai({ apiKey: 'sk-test', baseURL: server.baseURL }).stream(callOf(), never())
const COUNTED = { input: 10, cache_read: 0, cache_write: 0, output: 5, reasoning: 0 }
const TEXT = [ROLE, chunk({ content: 'Par' }), chunk({ content: 'is.' }), STOP, USAGE]

describe('an OpenAI stream', () => {
  it('brings a sign of life, the text and one finish with the usage of the last chunk', async () => {
    server.answer = sse(TEXT)
    expect(await collect(stream())).toEqual([
      { type: 'alive', usage: undefined },
      { type: 'text', text: 'Par' },
      { type: 'text', text: 'is.' },
      { type: 'alive', usage: undefined },
      { type: 'alive', usage: COUNTED },
      { type: 'finish', finish_reason: 'stop', usage: COUNTED },
    ])
  })

  it('reads the same deltas wherever the network cuts the bytes and however lines end', async () => {
    const text = [ROLE, chunk({ content: 'Zürich 🎉' }), STOP, USAGE].map(event).join('')
    for (const newline of ['\n', '\r\n', '\r']) {
      const bytes = Buffer.from(`${text}data: [DONE]\n\n`.replaceAll('\n', newline))
      server.answer = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const write = (at: number): void => {
          if (at >= bytes.length) response.end()
          else response.write(bytes.subarray(at, at + 7), () => setImmediate(write, at + 7))
        }
        write(0)
      }
      const deltas = await collect(stream())
      expect(textOf(deltas)).toBe('Zürich 🎉')
      expect(deltas.at(-1)).toEqual({ type: 'finish', finish_reason: 'stop', usage: COUNTED })
    }
  })

  it('is complete with [DONE] alone', async () => {
    server.answer = sse([ROLE, chunk({ content: 'Paris.' })], 'done')
    expect((await collect(stream())).at(-1)).toEqual({
      type: 'finish',
      finish_reason: 'stop',
      usage: undefined,
    })
  })

  it('is complete with a finish reason alone, even when the connection breaks after it', async () => {
    for (const end of ['eof', 'cut'] as const) {
      server.answer = sse([ROLE, chunk({ content: 'Paris.' }), STOP], end)
      expect((await collect(stream())).at(-1)).toMatchObject({ type: 'finish' })
    }
  })

  it('ends at [DONE] although the server keeps the connection open', async () => {
    server.answer = sse([...TEXT, 'data: [DONE]\n\n'], 'open')
    expect((await collect(stream())).at(-1)).toMatchObject({ type: 'finish', usage: COUNTED })
    await server.requests[0]!.cut
  })

  it('does not wait for usage for ever once the answer is complete', async () => {
    server.answer = sse([ROLE, chunk({ content: 'Paris.' }), STOP], 'open')
    const clock = new FakeClock()
    const client = new OpenAI({ apiKey: 'sk-test', baseURL: server.baseURL })
    const chat = chatCompletions(
      chatSender(() => Promise.resolve(client)),
      { maxTokensField: 'max_tokens', streamUsage: true },
      clock,
    )
    const deltas = collect(chat.stream(callOf(), never()))
    await vi.waitUntil(() => clock.pending > 0, { interval: 1 })
    await clock.advance(2_000)
    expect((await deltas).at(-1)).toMatchObject({ type: 'finish', usage: undefined })
    await server.requests[0]!.cut
  })

  it('leaves the connection open for the next call when it ran to its end', async () => {
    server.answer = sse(TEXT)
    const provider = openai({ apiKey: 'sk-test', baseURL: server.baseURL })
    await collect(provider.stream(callOf(), never()))
    const before = server.connections
    for (let count = 0; count < 3; count++) await collect(provider.stream(callOf(), never()))
    expect(server.connections).toBe(before)
  })

  it('gives tool calls by position, whatever their indices', async () => {
    const piece = (index: number, id: string | undefined, name: string | undefined, text: string) =>
      chunk({
        tool_calls: [
          {
            index,
            ...(id && { id, type: 'function' }),
            function: { ...(name && { name }), arguments: text },
          },
        ],
      })
    server.answer = sse([
      ROLE,
      piece(3, 'call_a', 'a', ''),
      piece(3, undefined, undefined, '{"x":'),
      piece(5, 'call_b', 'b', '{}'),
      piece(3, undefined, undefined, '1}'),
      chunk({}, 'tool_calls'),
      USAGE,
    ])
    const deltas = await collect(stream())
    expect(deltas.filter((delta) => delta.type === 'tool_call')).toEqual([
      { type: 'tool_call', index: 0, id: 'call_a', name: 'a', arguments: '' },
      { type: 'tool_call', index: 0, arguments: '{"x":' },
      { type: 'tool_call', index: 1, id: 'call_b', name: 'b', arguments: '{}' },
      { type: 'tool_call', index: 0, arguments: '1}' },
    ])
    expect(deltas.at(-1)).toMatchObject({ finish_reason: 'tool_calls' })
  })

  it('tells parallel tool calls apart that share one index', async () => {
    const whole = (id: string, name: string) =>
      chunk({ tool_calls: [{ index: 0, id, function: { name, arguments: '{}' } }] })
    server.answer = sse([whole('x', 'a'), whole('y', 'b'), chunk({}, 'stop')])
    const deltas = await collect(stream())
    expect(deltas.filter((delta) => delta.type === 'tool_call')).toEqual([
      { type: 'tool_call', index: 0, id: 'x', name: 'a', arguments: '{}' },
      { type: 'tool_call', index: 1, id: 'y', name: 'b', arguments: '{}' },
    ])
    expect(deltas.at(-1)).toMatchObject({ finish_reason: 'tool_calls' })
  })

  it('gives reasoning apart from the text', async () => {
    server.answer = sse([chunk({ reasoning_content: 'Hm.' }), chunk({ content: 'Paris.' }), STOP])
    const deltas = await collect(stream())
    expect(deltas[0]).toEqual({ type: 'reasoning', text: 'Hm.' })
    expect(textOf(deltas)).toBe('Paris.')
  })

  it('passes comments over: they are no sign of life', async () => {
    server.answer = sse([': ping\n\n', ROLE, ': ping\n\n', chunk({ content: 'Hi' }), STOP])
    expect((await collect(stream())).map((delta) => delta.type)).toEqual([
      'alive',
      'text',
      'alive',
      'finish',
    ])
  })

  it('of a server that answers in one piece is that piece', async () => {
    server.answer = json(completion())
    expect(await collect(stream())).toEqual([
      { type: 'text', text: 'Paris.' },
      { type: 'finish', finish_reason: 'stop', usage: COUNTED },
    ])
  })

  it.each([
    ['a finish reason of content_filter', [chunk({ content: 'I' }), chunk({}, 'content_filter')]],
    ['a refusal', [chunk({ refusal: 'SECRET I cannot.' }), STOP]],
  ])('with %s fails as filtered, with its usage', async (_name, chunks) => {
    server.answer = sse([...chunks, USAGE])
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'content_filter', usage: COUNTED })
  })

  it('without any text is empty', async () => {
    server.answer = sse([ROLE, chunk({ content: ' \n' }), STOP, USAGE])
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'empty', usage: COUNTED })
  })

  it.each([
    [
      'server_error',
      { message: 'SECRET', type: 'server_error', code: null },
      { type: 'server_error' },
    ],
    ['overloaded', { message: 'SECRET', type: 'x', code: 'overloaded' }, { type: 'overloaded' }],
    ['a status', { message: 'SECRET', code: 429 }, { status: 429 }],
    ['nothing of use', { message: 'SECRET' }, { reason: 'bad_response' }],
  ])(
    'with an error event of %s states it, after the deltas before it',
    async (_name, error, facts) => {
      server.answer = sse([ROLE, chunk({ content: 'Par' }), { error }])
      const seen: Delta[] = []
      const read = async (): Promise<void> => {
        for await (const delta of stream()) seen.push(delta)
      }
      expect(await factsOf(read())).toEqual(facts)
      expect(textOf(seen)).toBe('Par')
    },
  )

  it('knows an error by the name of its event', async () => {
    server.answer = sse([ROLE, `event: error\n${event({ message: 'SECRET', type: 'overloaded' })}`])
    expect(await factsOf(collect(stream()))).toEqual({ type: 'overloaded' })
  })

  it.each([
    ['JSON that is none', 'data: {"choices": [SECRET\n\n'],
    ['null', 'data: null\n\n'],
    ['content that is a number', chunk({ content: 7 })],
    ['a delta that is text', { choices: [{ delta: 'SECRET' }] }],
    [
      'a tool call that nothing began',
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
    ],
  ])('with %s is a bad response', async (_name, item) => {
    server.answer = sse([ROLE, item, STOP])
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'bad_response' })
  })

  it('with an event of more than 1 Mi characters is too large', async () => {
    server.answer = sse([`data: ${'x'.repeat(2 ** 20 + 70_000)}`], 'open')
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'answer_too_large' })
  })

  it('that ends cleanly without a terminal marker is truncated', async () => {
    server.answer = sse([ROLE, chunk({ content: 'Par' })], 'eof')
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'stream_truncated' })
    server.answer = sse([], 'eof')
    expect(await factsOf(collect(stream()))).toEqual({ reason: 'stream_truncated' })
  })

  it('that is cut keeps the usage it had reported', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5 }
    server.answer = sse([chunk({ content: 'Par' }, null, { usage })], 'cut')
    expect(await factsOf(collect(stream()))).toMatchObject({
      reason: 'connection_reset',
      usage: COUNTED,
    })
  })
})
