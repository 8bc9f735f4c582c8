import { describe, expect, it } from 'vitest'
import { ProviderError, defineProvider, type Provider, type ProviderCall } from '../../src/index.js'
import { RaptorflowError } from '../../src/errors.js'
import {
  ANSWER,
  CANARY,
  FINISH,
  USAGE,
  follow,
  isRaptorflowError,
  never,
  rawProvider,
  untouchable,
  worldOf,
  type World,
} from './support.js'

const MODELS = [{ id: 'm', price: { input: 1, output: 2 } }]
const CONVERSATION = `${CANARY} in the prompt`
const HUGE = 'x'.repeat(5 * 2 ** 20)

/** What a provider's code may throw. */
const THROWN: Readonly<Record<string, unknown>> = {
  'an error with the prompt in it': new Error(CANARY),
  'an error that names, codes and counts with text': Object.assign(new Error(CANARY), {
    name: `${CANARY} sk-123`,
    code: `${CANARY} with spaces`,
    status: 429,
    headers: { 'retry-after': CANARY },
  }),
  'a text': CANARY,
  nothing: undefined,
  null: null,
  'a symbol': Symbol(CANARY),
  'a bigint': 10n,
  'an object': { status: 500, message: CANARY },
  'a proxy that throws itself': untouchable(),
  'a DOMException': new DOMException(CANARY, 'AbortError'),
  'facts without facts': new ProviderError({}),
  'a reason that is none': new ProviderError({ reason: CANARY as 'network' }),
  'a reason from Object.prototype': new ProviderError({ reason: '__proto__' as 'network' }),
  'a status that is text': new ProviderError({ status: CANARY as unknown as number }),
  'an endless Retry-After': new ProviderError({ status: 429, retryAfterMs: Infinity }),
  'usage that is NaN': new ProviderError({ status: 500, usage: { ...USAGE, input: NaN } }),
  'usage below zero': new ProviderError({ status: 500, usage: { ...USAGE, output: -1e9 } }),
  'a forged mark': Object.assign(new Error(CANARY), { [Symbol.for('raptorflow.error')]: true }),
  'a forged provider mark': Object.assign(new Error(CANARY), {
    [Symbol.for('raptorflow.provider-error')]: true,
    facts: null,
  }),
}

const answer = (changes: object) => () => Promise.resolve({ ...ANSWER, ...changes })

/** What `call` may do. */
const CALLS: Readonly<Record<string, unknown>> = {
  'is no function': 5,
  'never settles': never,
  'answers nothing': () => Promise.resolve(undefined),
  'answers null': () => Promise.resolve(null),
  'answers a number': () => Promise.resolve(5),
  'answers without a promise': () => ANSWER,
  'answers an empty object': () => Promise.resolve({}),
  'answers a text that is a number': answer({ text: 5 }),
  'answers a text that is an object': answer({ text: { toString: () => CANARY } }),
  'answers no tool calls': answer({ tool_calls: null }),
  'answers tool calls of null': answer({ tool_calls: [null] }),
  'answers tool calls of numbers': answer({ tool_calls: [{ id: 1, name: 2, arguments: 3 }] }),
  'ends for no known reason': answer({ finish_reason: CANARY }),
  'reports usage that is NaN': answer({ usage: { input: NaN, output: NaN } }),
  'reports usage below zero': answer({ usage: { ...USAGE, input: -5 } }),
  'reports usage beyond numbers': answer({ usage: { ...USAGE, input: 1e308, output: 1e308 } }),
  'reports the largest usage': answer({ usage: { ...USAGE, input: 2 ** 53 - 1 } }),
  'reports usage in text': answer({ usage: { ...USAGE, input: '7' } }),
  'reports usage with a getter that throws': () =>
    Promise.resolve({
      ...ANSWER,
      get usage() {
        throw new Error(CANARY)
      },
    }),
  'answers five mebibytes': answer({ text: HUGE }),
  'reasons for five mebibytes': answer({ reasoning: HUGE }),
  'calls a tool with five mebibytes': answer({
    finish_reason: 'tool_calls',
    tool_calls: [{ id: 'a', name: 'b', arguments: `"${HUGE}"` }],
  }),
  'resolves twice': () => ({
    then: (resolve: (value: unknown) => void) => {
      resolve(ANSWER)
      resolve({ ...ANSWER, text: 'second' })
    },
  }),
  'gives a promise whose then throws': () => ({
    then: () => {
      throw new Error(CANARY)
    },
  }),
}

async function* items(...given: readonly unknown[]): AsyncGenerator {
  for (const item of given) yield await Promise.resolve(item)
}

const tool = (index: unknown) => ({ type: 'tool_call', index, id: 'a', name: 'b', arguments: '{}' })
const text = (given: unknown) => ({ type: 'text', text: given })

async function* endless(item: unknown): AsyncGenerator {
  for (;;) yield await Promise.resolve(item)
}

const iterator = (parts: object) => () => ({ [Symbol.asyncIterator]: () => parts })
const finished = () => Promise.resolve({ done: false, value: FINISH })

/** What `stream` may do. */
const STREAMS: Readonly<Record<string, unknown>> = {
  'is no function': 5,
  'gives nothing': () => undefined,
  'gives an array': () => [text('x'), FINISH],
  'gives a promise': () => Promise.resolve([]),
  'ends without finish': () => items(text('a')),
  'ends at once': () => items(),
  'goes on after finish': () => items(text('a'), FINISH, text('b'), FINISH),
  'yields null': () => items(null),
  'yields nothing': () => items(undefined),
  'yields deltas of no known type': () => items({ type: CANARY }, FINISH),
  'yields a text that is a number': () => items(text(5), FINISH),
  'yields a text without a text': () => items({ type: 'text' }, FINISH),
  'counts tools from -1': () => items(tool(-1), FINISH),
  'counts tools from 4e9': () => items(tool(4e9), { ...FINISH, finish_reason: 'tool_calls' }),
  'counts tools beyond integers': () => items(tool(2 ** 53), FINISH),
  'counts tools by __proto__': () => items(tool('__proto__'), FINISH),
  'counts tools by length': () => items(tool('length'), FINISH),
  'never names its tool': () =>
    items({ type: 'tool_call', index: 0, arguments: '{}' }, { ...FINISH, finish_reason: 'stop' }),
  'reports usage that is NaN': () => items(text('a'), { ...FINISH, usage: { input: NaN } }),
  'reports NaN on the way': () =>
    items({ type: 'alive', usage: { ...USAGE, input: NaN } }, text('a'), FINISH),
  'ends for no known reason': () => items(text('a'), { type: 'finish', finish_reason: CANARY }),
  'yields five mebibytes': () => items(text(HUGE), FINISH),
  'floods with text': () => endless(text('x'.repeat(100_000))),
  'floods with keep-alives': () => endless({ type: 'alive' }),
  'floods with empty texts': () => endless(text('')),
  'floods with tools': () => endless({ type: 'tool_call', index: 0 }),
  'stalls before the first byte': () => iterator({ next: never })(),
  'stalls after the first piece': async function* () {
    yield text('a')
    await never()
  },
  'has a return() that throws': iterator({
    next: finished,
    return: () => {
      throw new Error(CANARY)
    },
  }),
  'has a return() that rejects': iterator({
    next: finished,
    return: () => Promise.reject(new Error(CANARY)),
  }),
  'has a return() that never settles': iterator({ next: finished, return: never }),
  'has a next() without a promise': iterator({ next: () => ({ done: false, value: FINISH }) }),
  'has a next() that gives nothing': iterator({ next: () => Promise.resolve(undefined) }),
  'has a next() that throws': iterator({
    next: () => {
      throw new Error(CANARY)
    },
  }),
}

/** Reads a whole stream: the response, after checks that every stream has to pass. */
async function readStream({ client, told }: World): Promise<unknown> {
  const stream = client.stream(CONVERSATION, { timeout_seconds: 100 })
  const pieces: string[] = []
  let position = 0
  for await (const chunk of stream) {
    position += 1
    expect(chunk.sequence).toBe(position)
    if (chunk.type === 'data') pieces.push(chunk.data)
    else told.push(chunk)
  }
  const response = await stream.response()
  expect(pieces.join('')).toBe(response.response)
  return response
}

/** One call of a misbehaving provider, up to its end, and everything that must hold afterwards. */
async function survive(provider: Provider, mode: 'infer' | 'stream'): Promise<void> {
  const world = worldOf([provider])
  const { client, clock, told } = world
  const call =
    mode === 'stream' ? readStream(world) : client.infer(CONVERSATION, { timeout_seconds: 100 })
  const standing = follow<unknown>(call)
  for (let second = 0; second < 110 && standing().state === 'pending'; second += 1) {
    await clock.advance(1_000)
  }
  await clock.advance(10)
  const end = standing()
  expect(end.state).not.toBe('pending')
  if (end.state === 'rejected') expect(isRaptorflowError(end.error)).toBe(true)
  if (end.state === 'resolved') {
    const { actual_cost, input_tokens } = end.value as Record<string, number>
    expect([actual_cost, input_tokens].every(Number.isFinite)).toBe(true)
  }
  const documents = [await client.stats(), await client.analytics()]
  const status = documents[0] as Awaited<ReturnType<typeof client.stats>>
  expect([status.pending_requests, status.processing_requests, clock.pending]).toEqual([0, 0, 0])
  // NaN and Infinity are null in JSON.
  expect(JSON.stringify(documents)).not.toContain('null')
  const seen = JSON.stringify([documents, told, end.state === 'rejected' ? end.error : null])
  expect(seen).not.toContain(CANARY)
  expect(Object.hasOwn(Array.prototype, 'arguments')).toBe(false)
}

const throwing = (thrown: unknown) => async (): Promise<never> => {
  await Promise.resolve()
  throw thrown as Error
}
const throwingAtOnce = (thrown: unknown) => () => {
  throw thrown as Error
}

describe('a provider whose call', () => {
  const all: Record<string, unknown> = { ...CALLS }
  for (const [name, thrown] of Object.entries(THROWN)) {
    all[`rejects with ${name}`] = throwing(thrown)
    all[`throws ${name}`] = throwingAtOnce(thrown)
  }
  for (const [name, call] of Object.entries(all)) {
    it(`${name} costs its callers an error at most`, async () => {
      await survive(rawProvider('raw', { call }), 'infer')
      if (typeof call !== 'function') return
      const made = defineProvider({ name: 'made', models: MODELS, call: call as () => string })
      await survive(made, 'infer')
      await survive(made, 'stream')
    })
  }
})

describe('a provider whose stream', () => {
  const all: Record<string, unknown> = { ...STREAMS }
  for (const [name, thrown] of Object.entries(THROWN)) {
    all[`fails with ${name}`] = async function* () {
      yield { type: 'alive' }
      await Promise.resolve()
      throw thrown as Error
    }
    all[`throws ${name}`] = throwingAtOnce(thrown)
  }
  for (const [name, stream] of Object.entries(all)) {
    it(`${name} costs its callers an error at most`, async () => {
      await survive(rawProvider('raw', { stream }), 'stream')
    })
  }
})

describe('a whole answer', () => {
  it('of nonsense usage is kept, and its cost estimated', async () => {
    const { client } = worldOf([rawProvider('raw', { call: CALLS['reports usage that is NaN'] })])
    const { attempts, input_tokens, actual_cost } = await client.infer('q')
    expect(attempts[0]).toMatchObject({ outcome: 'ok', cost_estimated: true })
    expect(input_tokens).toBeGreaterThan(0)
    expect(actual_cost).toBeGreaterThan(0)
  })

  it('of another shape fails over', async () => {
    const { client } = worldOf([
      rawProvider('broken', { call: CALLS['answers tool calls of null'] }),
      rawProvider('sound', { call: () => Promise.resolve(ANSWER) }),
    ])
    const { provider_used, attempts } = await client.infer('q')
    expect([provider_used, attempts[0]?.kind]).toEqual(['sound', 'bad_response'])
  })

  it('stays as it was when the provider goes on with its own objects', async () => {
    const mine = { id: 'a', name: 'b', arguments: '{}' }
    const given = {
      ...ANSWER,
      finish_reason: 'tool_calls',
      tool_calls: [mine],
      usage: { ...USAGE },
    }
    const { client } = worldOf([rawProvider('raw', { call: () => Promise.resolve(given) })])
    const answered = await client.infer('q')
    mine.arguments = CANARY
    given.tool_calls.push({ ...mine })
    given.usage.input = -1
    expect(answered.tool_calls).toEqual([{ id: 'a', name: 'b', arguments: '{}' }])
    expect(answered.usage).toEqual(USAGE)
  })

  it('leaves other calls their turn, however much of it comes at once', async () => {
    const { client, clock } = worldOf([
      rawProvider('raw', { stream: STREAMS['floods with empty texts'] }),
    ])
    const standing = follow(client.stream('q', { timeout_seconds: 1 }).response())
    await clock.advance(1_000)
    expect(standing()).toMatchObject({ state: 'rejected', error: { code: 'TIMEOUT' } })
  })

  it('does not live on texts without a character', async () => {
    const { client, clock } = worldOf([
      rawProvider('raw', {
        stream: async function* () {
          yield text('a')
          for (;;) {
            await new Promise<void>((resolve) => void clock.schedule(10_000, resolve))
            yield text('')
          }
        },
      }),
    ])
    const standing = follow(client.stream('q').response())
    for (let second = 0; second < 40; second += 1) await clock.advance(1_000)
    expect(standing()).toMatchObject({
      state: 'rejected',
      error: { code: 'TIMEOUT', details: { reason: 'stream_idle' } },
    })
  })

  it('an error of its own that a provider throws explains itself', async () => {
    const thrown = new RaptorflowError('INVALID_REQUEST', 'Ask for something else.')
    const { client } = worldOf([rawProvider('raw', { call: throwing(thrown) })])
    await expect(client.infer('q')).rejects.toMatchObject({ message: 'Ask for something else.' })
  })
})

describe('a provider that writes into its call', () => {
  it('spoils neither the next provider’s call nor the answer in the cache', async () => {
    const request = {
      messages: [
        { role: 'user' as const, content: [{ type: 'text' as const, text: 'question' }] },
        {
          role: 'assistant' as const,
          tool_calls: [{ id: 'a', name: 'tool', arguments: '{}' }],
        },
        { role: 'tool' as const, tool_call_id: 'a', content: 'result' },
      ],
      tools: [{ name: 'tool', parameters: { type: 'object' } }],
      provider_options: { second: { extra: [1] } },
    }
    const seen: unknown[] = []
    const spoil = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const held of Object.values(value)) spoil(held)
      for (const key of Object.keys(value)) (value as Record<string, unknown>)[key] = CANARY
    }
    const { client } = worldOf(
      [
        rawProvider('first', {
          call: ({ messages, tools }: ProviderCall) => {
            spoil([messages, tools])
            return Promise.reject(new ProviderError({ status: 503 }))
          },
        }),
        rawProvider('second', {
          call: ({ messages, tools, provider_options }: ProviderCall) => {
            seen.push(structuredClone({ messages, tools, provider_options }))
            spoil([messages, tools, provider_options])
            return Promise.resolve(ANSWER)
          },
        }),
      ],
      { fallback: ['second/m'] },
    )
    await client.infer(request)
    await client.infer({ ...request, cache: { refresh: true } })
    const { messages, tools } = request
    const asked = { messages, tools, provider_options: { extra: [1] } }
    expect(seen).toEqual([asked, asked])
  })
})
