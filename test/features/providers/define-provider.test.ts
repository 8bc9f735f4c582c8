import { describe, expect, it } from 'vitest'
import { defineProvider } from '../../../src/features/providers/define-provider.js'
import type { DefineProviderOptions } from '../../../src/features/providers/define-provider.js'
import { ProviderError, RaptorflowError } from '../../../src/errors.js'
import { InferenceClient } from '../../../src/index.js'
import { callOf, collect, factsOf, never } from './openai-server.js'

const define = (options: Partial<DefineProviderOptions>) =>
  defineProvider({ name: 'mine', models: ['m'], call: () => 'Paris.', ...options })
const answering = (result: unknown) => define({ call: () => result as string })
const failing = (error: unknown) =>
  define({
    call: () => {
      throw error
    },
  })
const usage = { input: 3, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 }

describe('defineProvider()', () => {
  it('makes a provider of a function that returns a text', async () => {
    const provider = define({})
    expect(provider).toMatchObject({ name: 'mine', vendor: null, specVersion: 'v1' })
    expect(await provider.call(callOf(), never())).toEqual({
      text: 'Paris.',
      reasoning: undefined,
      tool_calls: [],
      finish_reason: 'stop',
      usage: undefined,
    })
  })

  it('fills in what an answer leaves out', async () => {
    const provider = answering({
      tool_calls: [{ name: 'a', arguments: '{}' }],
      usage: { input: 3, output: 2 },
    })
    expect(await provider.call(callOf(), never())).toEqual({
      text: '',
      reasoning: undefined,
      tool_calls: [{ id: expect.stringMatching(/^call_/) as string, name: 'a', arguments: '{}' }],
      finish_reason: 'tool_calls',
      usage,
    })
  })

  it('hands the call and a signal to the function', async () => {
    const seen: unknown[] = []
    const provider = define({
      call: (call, signal) => {
        seen.push(call.model.id, signal.aborted)
        return Promise.resolve('ok')
      },
    })
    await provider.call(callOf(), never())
    expect(seen).toEqual(['gpt-4o', false])
  })

  it('derives the stream from the whole answer', async () => {
    const provider = answering({
      text: 'Hi',
      reasoning: 'Hm.',
      tool_calls: [{ id: 'x', name: 'a', arguments: '{}' }],
      usage,
    })
    expect(await collect(provider.stream(callOf(), never()))).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_call', index: 0, id: 'x', name: 'a', arguments: '{}' },
      { type: 'finish', finish_reason: 'tool_calls', usage },
    ])
  })

  it.each([
    [undefined],
    [null],
    [7],
    [[]],
    [{ text: 7 }],
    [{ text: 'a', reasoning: 7 }],
    [{ text: 'a', finish_reason: 'done' }],
    [{ text: 'a', usage: 7 }],
    [{ text: 'a', usage: { input: -1, output: 0 } }],
    [{ text: 'a', usage: { input: 1 } }],
    [{}],
    [{ texty: 'a' }],
    [{ text: null }],
    [{ finish_reason: 'length' }],
    [{ tool_calls: {} }],
    [{ tool_calls: [{ name: 'a' }] }],
  ])('calls %j a bad response', async (result) => {
    expect(await factsOf(answering(result).call(callOf(), never()))).toEqual({
      reason: 'bad_response',
    })
  })

  it('calls an empty answer empty and a filtered one filtered', async () => {
    for (const nothing of ['', ' ', { text: '' }, { tool_calls: [] }, { reasoning: 'Hm.' }]) {
      expect(await factsOf(answering(nothing).call(callOf(), never()))).toEqual({ reason: 'empty' })
    }
    const wordless = answering({ finish_reason: 'content_filter' })
    expect(await factsOf(wordless.call(callOf(), never()))).toEqual({ reason: 'content_filter' })
    const filtered = answering({ text: 'x', finish_reason: 'content_filter', usage })
    expect(await factsOf(filtered.call(callOf(), never()))).toEqual({
      reason: 'content_filter',
      usage,
    })
  })

  it.each([
    [new SyntaxError('SECRET'), { reason: 'bad_response' }],
    [new TypeError('fetch failed'), { reason: 'network' }],
    [Object.assign(new Error('SECRET'), { status: 503 }), { status: 503 }],
    [
      Object.assign(new Error('SECRET'), {
        status: 429,
        code: 'slow_down',
        headers: { 'Retry-After': '2' },
      }),
      { status: 429, type: 'slow_down', retryAfterMs: 2_000 },
    ],
    [Object.assign(new Error('SECRET'), { statusCode: 401 }), { status: 401 }],
    [
      Object.assign(new Error('SECRET'), { code: 'ECONNREFUSED' }),
      { reason: 'network', causeCode: 'ECONNREFUSED' },
    ],
    [new ProviderError({ reason: 'timeout' }), { reason: 'timeout' }],
  ])('states the facts of %o and none of its text', async (error: unknown, facts) => {
    expect(await factsOf(failing(error).call(callOf(), never()))).toEqual(facts)
    expect(await factsOf(collect(failing(error).stream(callOf(), never())))).toEqual(facts)
    const streaming = define({
      stream: async function* () {
        yield 'Hi'
        throw error as Error
      },
    })
    expect(await factsOf(collect(streaming.stream(callOf(), never())))).toEqual(facts)
  })

  it.each([
    new Error('SECRET'),
    new TypeError('x is not a function'),
    Object.assign(new Error('SECRET'), { status: 7 }),
    Object.assign(new Error('SECRET'), { status: '503' }),
    Object.assign(new Error('SECRET'), { code: 'something_of_mine' }),
    new RaptorflowError('RATE_LIMITED', 'of a client that the function calls'),
    new RaptorflowError('ABORTED', 'of such a client', {
      cause: new DOMException('', 'AbortError'),
    }),
    'SECRET',
  ])('leaves %o as it is: no fact identifies it', async (error: unknown) => {
    const streaming = define({
      stream: async function* () {
        yield 'Hi'
        throw error as Error
      },
    })
    for (const work of [
      failing(error).call(callOf(), never()),
      collect(failing(error).stream(callOf(), never())),
      collect(streaming.stream(callOf(), never())),
    ]) {
      await expect(work).rejects.toBe(error)
    }
  })

  it('counts whatever is thrown after an abort as the abort', async () => {
    const controller = new AbortController()
    const provider = define({
      call: () => {
        controller.abort()
        throw new TypeError('x is not a function')
      },
    })
    expect(await factsOf(provider.call(callOf(), controller.signal))).toEqual({ reason: 'aborted' })
  })

  it('takes a stream of texts for complete when it ends', async () => {
    const provider = define({
      stream: async function* () {
        yield 'Par'
        yield ''
        yield 'is.'
      },
    })
    expect(await collect(provider.stream(callOf(), never()))).toEqual([
      { type: 'text', text: 'Par' },
      { type: 'text', text: 'is.' },
      { type: 'finish', finish_reason: 'stop', usage: undefined },
    ])
  })

  it('passes deltas on up to finish and closes what comes after', async () => {
    let closed = false
    const provider = define({
      stream: async function* () {
        try {
          yield { type: 'alive' }
          yield { type: 'reasoning', text: 'Hm.' }
          yield { type: 'tool_call', index: 0, id: 'x', name: 'a', arguments: '{}' }
          yield { type: 'finish', finish_reason: 'tool_calls', usage }
          yield 'never read'
        } finally {
          closed = true
        }
      },
    })
    expect((await collect(provider.stream(callOf(), never()))).map((delta) => delta.type)).toEqual([
      'alive',
      'reasoning',
      'tool_call',
      'finish',
    ])
    expect(closed).toBe(true)
  })

  it.each([
    ['deltas without finish', [{ type: 'text', text: 'a' }], 'stream_truncated'],
    ['an unknown delta', [{ type: 'audio' }], 'bad_response'],
    ['a number', [7], 'bad_response'],
    ['a text that is none', [{ type: 'text', text: 7 }], 'bad_response'],
    ['a tool call without a place', [{ type: 'tool_call', name: 'a' }], 'bad_response'],
    ['an unknown ending', [{ type: 'finish', finish_reason: 'done' }], 'bad_response'],
    ['nothing', [], 'empty'],
    ['an ending only', [{ type: 'finish', finish_reason: 'stop', usage: undefined }], 'empty'],
  ])('fails a stream of %s', async (_name, items, reason) => {
    const provider = define({
      stream: async function* () {
        yield* items as unknown[] as string[]
      },
    })
    expect(await factsOf(collect(provider.stream(callOf(), never())))).toEqual({ reason })
  })

  it('fails a stream that is none', async () => {
    const provider = define({ stream: () => 7 as never })
    expect(await factsOf(collect(provider.stream(callOf(), never())))).toEqual({
      reason: 'bad_response',
    })
  })

  it('leaves a function that ignores the signal, whatever becomes of it', async () => {
    const controller = new AbortController()
    let fail: (error: Error) => void = () => undefined
    const stuck = () =>
      new Promise<string>((_resolve, reject) => {
        fail = reject
      })
    const unary = factsOf(define({ call: stuck }).call(callOf(), controller.signal))
    const streaming = define({
      stream: async function* () {
        yield await stuck()
      },
    })
    const stream = factsOf(collect(streaming.stream(callOf(), controller.signal)))
    controller.abort()
    expect(await unary).toEqual({ reason: 'aborted' })
    expect(await stream).toEqual({ reason: 'aborted' })
    fail(new Error('late'))
  })

  it("aborts the function's own signal when the reader leaves", async () => {
    let given: AbortSignal | undefined
    const provider = define({
      stream: async function* (_call, signal) {
        given = signal
        yield 'a'
        yield 'b'
      },
    })
    for await (const delta of provider.stream(callOf(), never())) {
      if (delta.type === 'text') break
    }
    expect(given?.aborted).toBe(true)
  })

  it.each([
    ['name', { name: 'Mine' }],
    ['models', { models: [] }],
    ['call', { call: undefined }],
    ['call', { call: 'x' }],
    ['stream', { stream: 'x' }],
  ])('refuses a bad %s', (field, bad) => {
    expect(() => define(bad as Partial<DefineProviderOptions>)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: expect.objectContaining({ field, reason: 'configuration' }) as object,
      }) as Error,
    )
  })
})

describe('a bug in the function', () => {
  const bug = () => {
    throw new TypeError('x is not a function')
  }
  const clientOf = (...providers: ReturnType<typeof define>[]) =>
    new InferenceClient({ providers, defaultModel: 'm', random: () => 0 })

  it('is the end where nobody else can be asked: it would happen again', async () => {
    let calls = 0
    const buggy = define({
      call: () => {
        calls += 1
        return bug()
      },
    })
    const error: unknown = await clientOf(buggy)
      .infer('q')
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'INTERNAL_ERROR',
      retryable: false,
      details: { reason: 'internal' },
    })
    expect(calls).toBe(1)
  })

  it('moves on to the next provider', async () => {
    const answer = await clientOf(define({ call: bug }), define({ name: 'other' })).infer('q')
    expect(answer.provider_used).toBe('other')
    expect(answer.attempts.map(({ kind }) => kind)).toEqual(['internal', null])
  })
})
