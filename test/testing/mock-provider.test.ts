import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { ProviderError, RaptorflowError } from '../../src/errors.js'
import { InferenceClient } from '../../src/index.js'
import { FakeClock, mockProvider } from '../../src/testing/index.js'
import { settleAnswer, splitText } from '../../src/testing/scripted-answer.js'
import type { Delta, Provider, ProviderCall } from '../../src/contracts/provider.js'
import type { MockFault, MockProvider } from '../../src/testing/index.js'

const CALL: ProviderCall = {
  request_id: 'req_1',
  model: {
    id: 'mock-model',
    aliases: [],
    price: null,
    contextWindow: null,
    maxOutputTokens: null,
    capabilities: mockProvider().capabilities,
    qualityScore: null,
    reliabilityScore: null,
    estimatedTime: null,
    requestsPerMinute: null,
    tier: 'basic',
  },
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Which city is the capital of France?' }],
  temperature: undefined,
  top_p: undefined,
  max_tokens: undefined,
  stop: undefined,
  seed: undefined,
  tools: undefined,
  tool_choice: undefined,
  response_format: undefined,
  provider_options: undefined,
  timeoutMs: 1_000,
}

const never = new AbortController().signal

async function collect(
  provider: MockProvider,
  signal = never,
  seen: Delta[] = [],
): Promise<Delta[]> {
  for await (const delta of provider.stream(CALL, signal)) seen.push(delta)
  return seen
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('what a mock provider is', () => {
  it('fulfils the contract with one model that can do everything', () => {
    const provider = mockProvider()
    expectTypeOf(provider).toExtend<Provider>()
    expect(provider).toMatchObject({ specVersion: 'v1', name: 'mock', vendor: null })
    expect(provider.models).toMatchObject([
      {
        id: 'mock-model',
        price: { input: 1, output: 2 },
        contextWindow: 128_000,
        maxOutputTokens: 16_384,
        qualityScore: 0.5,
      },
    ])
  })

  it('takes a name and models, and fills in what they leave out', () => {
    const provider = mockProvider({
      name: 'backup',
      models: [
        { id: 'small', qualityScore: 0.2 },
        { id: 'free', price: undefined },
      ],
    })
    expect(provider.name).toBe('backup')
    expect(provider.models).toMatchObject([
      { id: 'small', qualityScore: 0.2, price: { input: 1, output: 2 } },
      { id: 'free', price: undefined },
    ])
  })
})

describe('models', () => {
  it('may be names, and are then like the default model', () => {
    expect(mockProvider({ models: ['small', { id: 'large' }] }).models).toMatchObject([
      { id: 'small', price: { input: 1, output: 2 }, qualityScore: 0.5 },
      { id: 'large', price: { input: 1, output: 2 } },
    ])
  })
})

describe('replies', () => {
  it('are a text, with the usage estimated from the characters', async () => {
    const provider = mockProvider({ reply: 'Paris.' })
    expect(await provider.call(CALL, never)).toEqual({
      text: 'Paris.',
      reasoning: undefined,
      tool_calls: [],
      finish_reason: 'stop',
      // 9 + 36 characters in, 6 out.
      usage: { input: 12, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 },
    })
  })

  it('are an answer in parts, all of which arrive', async () => {
    const provider = mockProvider({
      reply: {
        text: 'Let me look.',
        reasoning: 'I need the weather.',
        tool_calls: [{ name: 'weather', arguments: { city: 'Rome' } }],
        usage: { cache_read: 9 },
      },
    })
    expect(await provider.call(CALL, never)).toEqual({
      text: 'Let me look.',
      reasoning: 'I need the weather.',
      tool_calls: [{ id: 'call_1_1', name: 'weather', arguments: '{"city":"Rome"}' }],
      finish_reason: 'tool_calls',
      usage: { input: 12, cache_read: 9, cache_write: 0, output: 7, reasoning: 5 },
    })
    expect(await collect(provider)).toMatchObject([
      { type: 'reasoning', text: 'I need the weather.' },
      { type: 'text', text: 'Let ' },
      { type: 'text', text: 'me ' },
      { type: 'text', text: 'look.' },
      { type: 'tool_call', index: 0, id: 'call_2_1', name: 'weather' },
      { type: 'finish', finish_reason: 'tool_calls', usage: { cache_read: 9 } },
    ])
  })

  it('stream in the chunks they are cut into', async () => {
    const provider = mockProvider({
      reply: { chunks: ['Pa', 'ri', 's.'], finish_reason: 'length' },
    })
    expect(await collect(provider)).toMatchObject([
      { text: 'Pa' },
      { text: 'ri' },
      { text: 's.' },
      { type: 'finish', finish_reason: 'length' },
    ])
  })

  it('report no usage when told so', async () => {
    const provider = mockProvider({ reply: { text: 'Paris.', usage: null } })
    expect((await provider.call(CALL, never)).usage).toBeUndefined()
    expect((await collect(provider)).at(-1)).toMatchObject({ type: 'finish', usage: undefined })
  })

  it('come from a function of the call, at once or later', async () => {
    const provider = mockProvider({
      reply: ({ system }, { index, signal }) =>
        index === 0
          ? `${system ?? ''} ${String(signal.aborted)}`
          : Promise.resolve({ text: `later ${index}` }),
    })
    expect((await provider.call(CALL, never)).text).toBe('Be brief. false')
    expect((await provider.call(CALL, never)).text).toBe('later 1')
  })

  it('come from a list in turn, and then the call is unscripted', async () => {
    const provider = mockProvider({ reply: ['one', { text: 'two' }] })
    expect((await provider.call(CALL, never)).text).toBe('one')
    expect((await collect(provider)).at(0)).toMatchObject({ text: 'two' })
    for (const work of [provider.call(CALL, never), collect(provider)]) {
      const error = await errorOf(work)
      expect(RaptorflowError.isInstance(error)).toBe(true)
      expect(error).toMatchObject({
        code: 'INTERNAL_ERROR',
        retryable: false,
        message: expect.stringMatching(/^Unscripted call: expected at most 2 calls/) as string,
      })
    }
  })

  it('may be functions inside a list, as a round trip of tools needs', async () => {
    const provider = mockProvider({
      reply: [
        { tool_calls: [{ name: 'weather', arguments: { city: 'Rome' } }] },
        ({ messages }, { index }) => `${index}: ${messages.length} message`,
        () => Promise.resolve({ text: 'later' }),
      ],
    })
    expect((await provider.call(CALL, never)).finish_reason).toBe('tool_calls')
    expect((await provider.call(CALL, never)).text).toBe('1: 1 message')
    expect((await collect(provider))[0]).toMatchObject({ text: 'later' })
  })

  it.each([
    ['an unknown fault', { fault: { kind: 'stal' } }, /unknown fault `stal`.*mean `stall`\?/],
    ['a fault without a kind', { fault: {} }, /`fault` to be an object with a `kind`/],
    ['a fault by its name', { fault: 'network' }, /`fault` to be an object with a `kind`/],
    ['a status fault without status', { fault: { kind: 'status', code: 500 } }, /number `status`/],
    ['a cut without a place', { fault: { kind: 'truncated' } }, /number `chunks`/],
    [
      'a field a fault does not have',
      { fault: { kind: 'status', status: 429, retryAfter: 1 } },
      /unknown field of the fault `status`: `retryAfter`.*mean `retryAfterMs`/,
    ],
    ['an unknown field', { content: 'Paris.' }, /unknown field `content`.*Known: text,/],
    ['a misspelt field', { latency: 5 }, /unknown field `latency`/],
    ['a number', 7, /got number/],
    ['null', null, /got null/],
  ])('are refused for %s, at once or when the call comes', async (_what, bad, message) => {
    const reply = bad as unknown as string
    for (const [field, replies] of [
      ['reply', reply],
      ['reply.1', ['fine', reply]],
    ] as const) {
      expect(() => mockProvider({ reply: replies })).toThrow(
        expect.objectContaining({
          code: 'INVALID_REQUEST',
          message: expect.stringMatching(message) as string,
          details: { field, validation: 'option', reason: 'configuration' },
        }) as Error,
      )
    }
    for (const late of [() => reply, [() => Promise.resolve(reply)]]) {
      const error = await errorOf(mockProvider({ reply: late }).call(CALL, never))
      expect(error).toMatchObject({
        code: 'INTERNAL_ERROR',
        details: { reason: 'unscripted_call' },
        message: expect.stringMatching(message) as string,
      })
    }
  })

  it('that a function forgets to return are unscripted', async () => {
    const forgetful = mockProvider({ reply: () => undefined as unknown as string })
    expect(await errorOf(forgetful.call(CALL, never))).toMatchObject({
      details: { reason: 'unscripted_call' },
      message: expect.stringContaining('got undefined') as string,
    })
  })

  it('that run out after a failure are told of through the client', async () => {
    const outage = { fault: { kind: 'status', status: 500 } } as const
    const provider = mockProvider({ reply: [outage] })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      random: () => 0,
    })
    expect(await errorOf(client.infer('q'))).toMatchObject({
      code: 'INTERNAL_ERROR',
      details: { reason: 'unscripted_call' },
    })
    await client.close()
  })

  it('are missed loudly when there are none', async () => {
    const error = await errorOf(mockProvider().call(CALL, never))
    expect(error).toMatchObject({
      details: { reason: 'unscripted_call' },
      message: expect.stringContaining('Pass `reply`') as string,
    })
  })

  it('pass on what their function throws', async () => {
    const provider = mockProvider({
      reply: () => {
        throw new ProviderError({ status: 418 })
      },
    })
    expect(await errorOf(provider.call(CALL, never))).toMatchObject({ facts: { status: 418 } })
    expect(provider.calls[0]?.outcome).toBe('failed')
  })

  it('are refused when chunks and text differ', () => {
    const context = { inputChars: 0, chunkCount: 1, toolCallId: String }
    expect(() => settleAnswer({ text: 'ab', chunks: ['a', 'c'] }, context)).toThrow(
      /Expected the `chunks`/,
    )
  })
})

describe('splitText', () => {
  it('loses nothing and makes at most the pieces asked for, none of them empty', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 9 }),
        (text, count) => {
          const pieces = splitText(text, count)
          expect(pieces.join('')).toBe(text)
          expect(pieces.length).toBeLessThanOrEqual(count)
          expect(pieces).not.toContain('')
        },
      ),
    )
  })
})

describe('records', () => {
  it('hold each call with its mode and, later, its outcome', async () => {
    const provider = mockProvider({ reply: { text: 'Paris.', latencyMs: 5 } })
    const asked = provider.call(CALL, never)
    expect(provider.calls).toMatchObject([
      { request_id: 'req_1', mode: 'unary', outcome: 'running' },
    ])
    await asked
    await collect(provider)
    expect(provider.calls).toMatchObject([
      { mode: 'unary', outcome: 'ok' },
      { mode: 'stream', outcome: 'ok', messages: CALL.messages },
    ])
  })

  it('say that a reader left', async () => {
    const provider = mockProvider({ reply: 'one two three' })
    for await (const delta of provider.stream(CALL, never)) if (delta.type === 'text') break
    expect(provider.calls[0]?.outcome).toBe('aborted')
  })

  it('are forgotten by reset, which starts a list anew', async () => {
    const provider = mockProvider({ reply: ['only'] })
    await provider.call(CALL, never)
    provider.reset()
    expect(provider.calls).toEqual([])
    expect((await provider.call(CALL, never)).text).toBe('only')
  })
})

describe('time', () => {
  it('passes on the given clock', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ clock, reply: { text: 'Paris.', latencyMs: 1_000 } })
    const asked = provider.call(CALL, never)
    await clock.advance(999)
    expect(provider.calls[0]?.outcome).toBe('running')
    await clock.advance(1)
    expect(provider.calls[0]?.outcome).toBe('ok')
    expect((await asked).text).toBe('Paris.')
    expect(clock.pending).toBe(0)
  })

  it('lies before the first chunk and between chunks of a stream, not after the last', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      clock,
      reply: { chunks: ['a', 'b', 'c'], firstByteMs: 100, betweenChunksMs: 10, latencyMs: 5_000 },
    })
    const times: string[] = []
    const read = async (): Promise<void> => {
      for await (const delta of provider.stream(CALL, never)) {
        times.push(`${delta.type === 'text' ? delta.text : delta.type}@${clock.monotonic()}`)
      }
    }
    const reading = read()
    await clock.advance(1_000)
    await reading
    expect(times).toEqual(['a@100', 'b@110', 'c@120', 'finish@120'])
  })
})

describe('an abort', () => {
  const waiting: [string, Parameters<typeof mockProvider>[0]][] = [
    ['a latency', { reply: { text: 'a b', latencyMs: 60_000, betweenChunksMs: 60_000 } }],
    ['a stall', { reply: { fault: { kind: 'stall' } } }],
    ['a reply that never comes', { reply: () => new Promise<string>(() => undefined) }],
  ]

  it.each(waiting)('ends %s at once and leaves no timer', async (_, options) => {
    const clock = new FakeClock()
    const provider = mockProvider({ ...options, clock })
    for (const begin of [
      (signal: AbortSignal) => provider.call(CALL, signal),
      (signal: AbortSignal) => collect(provider, signal),
    ]) {
      const controller = new AbortController()
      const error = errorOf(begin(controller.signal))
      await clock.advance(10)
      controller.abort()
      expect(await error).toMatchObject({ facts: { reason: 'aborted' } })
      expect(provider.calls.at(-1)?.outcome).toBe('aborted')
      expect(clock.pending).toBe(0)
    }
  })

  it('before the call lets nothing happen', async () => {
    const provider = mockProvider({ reply: 'Paris.' })
    const aborted = AbortSignal.abort()
    expect(await errorOf(provider.call(CALL, aborted))).toMatchObject({
      facts: { reason: 'aborted' },
    })
    expect(await errorOf(collect(provider, aborted))).toMatchObject({
      facts: { reason: 'aborted' },
    })
  })

  it('by the reply function itself leaves no rejection behind', async () => {
    const controller = new AbortController()
    const provider = mockProvider({
      reply: () => {
        controller.abort()
        return Promise.reject(new Error('too late'))
      },
    })
    expect(await errorOf(provider.call(CALL, controller.signal))).toMatchObject({
      facts: { reason: 'aborted' },
    })
  })

  it('between two deltas stops the stream', async () => {
    const controller = new AbortController()
    const provider = mockProvider({ reply: { chunks: ['a', 'b'] } })
    const seen: Delta[] = []
    const read = async (): Promise<void> => {
      for await (const delta of provider.stream(CALL, controller.signal)) {
        seen.push(delta)
        controller.abort()
      }
    }
    expect(await errorOf(read())).toMatchObject({ facts: { reason: 'aborted' } })
    expect(seen).toHaveLength(1)
  })
})

describe('faults', () => {
  const USAGE = { input: 12, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 }
  const failing: [MockFault, object][] = [
    [
      { kind: 'status', status: 429, retryAfterMs: 2_000 },
      { status: 429, retryAfterMs: 2_000 },
    ],
    [{ kind: 'status', status: 529 }, { status: 529 }],
    [
      { kind: 'status', status: 429, type: 'insufficient_quota' },
      { status: 429, type: 'insufficient_quota' },
    ],
    [{ kind: 'network' }, { reason: 'network', causeCode: 'ECONNREFUSED' }],
    [{ kind: 'connection_reset' }, { reason: 'connection_reset', causeCode: 'ECONNRESET' }],
    [{ kind: 'bad_response' }, { reason: 'bad_response' }],
    [{ kind: 'empty' }, { reason: 'empty', usage: USAGE }],
    [{ kind: 'content_filter' }, { reason: 'content_filter', usage: USAGE }],
    [{ kind: 'context_length' }, { status: 400, type: 'context_length_exceeded' }],
  ]

  it.each(failing)('%j fails with its facts before any content', async (fault, facts) => {
    const provider = mockProvider({ reply: { text: 'Paris.', fault } })
    const unary = await errorOf(provider.call(CALL, never))
    expect(ProviderError.isInstance(unary)).toBe(true)
    expect(unary).toMatchObject({ facts })
    const seen: Delta[] = []
    expect(await errorOf(collect(provider, never, seen))).toMatchObject({ facts })
    expect(seen).toEqual([])
    expect(provider.calls.map((call) => call.outcome)).toEqual(['failed', 'failed'])
  })

  it('truncated streams some chunks and then lacks the end', async () => {
    const fault: MockFault = { kind: 'truncated', chunks: 2 }
    const provider = mockProvider({ reply: { chunks: ['a', 'b', 'c'], fault } })
    const seen: Delta[] = []
    expect(await errorOf(collect(provider, never, seen))).toMatchObject({
      facts: { reason: 'stream_truncated' },
    })
    expect(seen).toMatchObject([{ text: 'a' }, { text: 'b' }])
    expect(await errorOf(provider.call(CALL, never))).toMatchObject({
      facts: { reason: 'bad_response' },
    })
  })

  it('stall_after streams some chunks and then waits for the abort', async () => {
    const fault: MockFault = { kind: 'stall_after', chunks: 1 }
    const clock = new FakeClock()
    const provider = mockProvider({ clock, reply: { chunks: ['a', 'b'], fault } })
    const controller = new AbortController()
    const seen: Delta[] = []
    const error = errorOf(collect(provider, controller.signal, seen))
    await clock.advance(3_600_000)
    expect(seen).toMatchObject([{ text: 'a' }])
    expect(provider.calls[0]?.outcome).toBe('running')
    controller.abort()
    expect(await error).toMatchObject({ facts: { reason: 'aborted' } })
  })

  it('take their turn in a list with good replies', async () => {
    const provider = mockProvider({ reply: [{ fault: { kind: 'network' } }, 'Paris.'] })
    expect(await errorOf(provider.call(CALL, never))).toBeInstanceOf(ProviderError)
    expect((await provider.call(CALL, never)).text).toBe('Paris.')
  })
})
