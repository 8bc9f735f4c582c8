import { describe, expect, it } from 'vitest'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { CANARY, isRaptorflowError, never, revoked, untouchable } from './support.js'

const boom = (): never => {
  throw new Error(CANARY)
}
const cyclic: Record<string, unknown> = { prompt: 'x', metadata: {} }
cyclic['metadata'] = cyclic

/** Everything a caller without a compiler may pass anywhere. */
const VALUES: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  zero: 0,
  NaN: NaN,
  'a bigint': 10n,
  'a symbol': Symbol(CANARY),
  'a function': () => 'x',
  'a string': 'text',
  'an empty string': '',
  'an array': [],
  'a sparse array of 4e9': new Array(4e9),
  'an object': {},
  'a date': new Date(0),
  'a map': new Map(),
  'a promise': Promise.resolve(1),
  'a boxed string': new String('x'),
  'an object without prototype': Object.assign(Object.create(null) as object, { prompt: 'x' }),
  'a class instance': new (class Request {
    prompt = 'x'
  })(),
  'a revoked proxy': revoked(),
  'a proxy that throws itself': untouchable(),
  'a cycle': cyclic,
  'a toJSON that throws': { toJSON: boom },
  'a getter that throws': {
    get prompt() {
      return boom()
    },
  },
  'an own __proto__': JSON.parse('{"__proto__":{"polluted":1},"prompt":"x"}') as unknown,
  'a constructor key': { prompt: 'x', metadata: { constructor: { prototype: { polluted: 1 } } } },
  'a lone surrogate': { prompt: 'a\ud800' },
  'a signal that is text': { signal: CANARY },
  'a signal that is an object': { signal: { aborted: true } },
  'a signal whose methods throw': {
    signal: { aborted: false, addEventListener: boom, removeEventListener: boom },
  },
  'a signal aborted with a proxy': { signal: AbortSignal.abort(untouchable()) },
  'a signal getter that throws': {
    get signal() {
      return boom()
    },
  },
  'a request_id that is a symbol': { request_id: Symbol(CANARY) },
  'a request_id that is a number': { request_id: 123 },
  'a request_id that turns into text': { request_id: { toString: () => 'abc' } },
  'a request_id with a line break': { request_id: 'a\nb' },
  'a request_id that is null': { request_id: null },
  'a request_id getter that throws': {
    get request_id() {
      return boom()
    },
  },
  'a key_id that is an object': { key_id: { a: CANARY } },
  'an onProgress that is a number': { onProgress: 5 },
  'an onProgress that throws': { onProgress: boom },
  'an onProgress that rejects': { onProgress: () => Promise.reject(new Error(CANARY)) },
}

const FIELDS = ['prompt', 'messages', 'system', 'metadata', 'tools', 'response_format'] as const
const MORE_FIELDS = ['provider_options', 'cache', 'stop', 'fallback', 'strategy'] as const

type Loose = {
  [Name in keyof InferenceClient]: (...given: readonly unknown[]) => unknown
}

/** Every way a value gets in, each as a call that has to return a promise or a stream. */
function waysIn(client: Loose, value: unknown): Readonly<Record<string, () => unknown>> {
  const ways: Record<string, () => unknown> = {
    'infer(v)': () => client.infer(value),
    'infer(prompt, v)': () => client.infer('p', value),
    'infer(request, v)': () => client.infer({ prompt: 'q' }, value),
    'stream(v)': () => readAll(client.stream(value)),
    'stream(prompt, v)': () => readAll(client.stream('p', value)),
    'stream(request, v)': () => readAll(client.stream({ prompt: 'r' }, value)),
    'batch(v)': () => client.batch(value),
    'batch({ requests: v })': () => client.batch({ requests: value }),
    'batch({ requests: [v] })': () => client.batch({ requests: [value] }),
    'batch(two, v)': () => client.batch({ requests: [{ prompt: 'a' }, { prompt: 'b' }] }, value),
    'analytics(v)': () => client.analytics(value),
    'analytics({ days: v })': () => client.analytics({ days: value }),
    'clearCache(v)': () => client.clearCache(value),
    'countTokens(v)': () => client.countTokens(value),
  }
  for (const field of [...FIELDS, ...MORE_FIELDS]) {
    const rest = field === 'prompt' || field === 'messages' ? {} : { prompt: 'x' }
    ways[`infer({ ${field}: v })`] = () => client.infer({ ...rest, [field]: value })
  }
  return ways
}

/** Not async itself: what `stream()` throws at once must be seen. */
function readAll(stream: unknown): Promise<void> {
  return (async () => {
    for await (const chunk of stream as AsyncIterable<unknown>) expect(chunk).toBeDefined()
  })()
}

const fresh = (): InferenceClient =>
  new InferenceClient({ providers: [mockProvider({ reply: 'ok' })], defaultModel: 'mock-model' })

describe('whatever comes in', () => {
  for (const [name, value] of Object.entries(VALUES)) {
    it(`${name} is answered or rejected with a RaptorflowError, never thrown`, async () => {
      const wrong: string[] = []
      const client = fresh()
      for (const [way, call] of Object.entries(waysIn(client as unknown as Loose, value))) {
        let outcome: unknown
        try {
          outcome = call()
        } catch {
          wrong.push(`${way} threw`)
          continue
        }
        try {
          await outcome
        } catch (error) {
          if (!isRaptorflowError(error)) wrong.push(`${way} rejected with something else`)
          else if (JSON.stringify(error).includes(CANARY)) wrong.push(`${way} repeats the input`)
        }
      }
      const { pending_requests, processing_requests } = await client.stats()
      expect(wrong).toEqual([])
      expect([pending_requests, processing_requests]).toEqual([0, 0])
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    })

    it(`${name} among the options is a RaptorflowError or no matter`, () => {
      const options = { providers: [mockProvider({ reply: 'ok' })] }
      const make = (given: unknown) => new InferenceClient(given as typeof options)
      const nested = { specVersion: 'v1', name: 'x' }
      const places: readonly unknown[] = [
        value,
        ...['providers', 'defaultModel', 'fallback', 'cache', 'schedule', 'timeouts'].map(
          (key) => ({
            ...options,
            [key]: value,
          }),
        ),
        ...['prices', 'priceSource', 'ledger', 'logger'].map((key) => ({
          ...options,
          [key]: value,
        })),
        { providers: [value] },
        { providers: [{ ...nested, models: value }] },
        { providers: [{ ...nested, models: [value], capabilities: value }] },
        { ...options, cache: { l1: value } },
        { ...options, cache: { l2: value } },
        { ...options, cache: { ttlSeconds: value } },
        { ...options, schedule: { maxConcurrency: value } },
        { ...options, prices: { x: value } },
        { ...options, ledger: { maxRows: value } },
      ]
      for (const place of places) {
        try {
          make(place)
        } catch (error) {
          expect(isRaptorflowError(error)).toBe(true)
        }
      }
    })
  }

  it('a listener or an event name that is none is told so at once', () => {
    const client = fresh() as unknown as Loose
    for (const method of ['on', 'once', 'off'] as const) {
      for (const given of [['request:end', 5], ['request:end'], [untouchable(), () => 1], []]) {
        let thrown: unknown
        try {
          client[method](...given)
        } catch (error) {
          thrown = error
        }
        expect(isRaptorflowError(thrown)).toBe(true)
      }
    }
  })

  it('a bad signal leaves no call behind that nobody waits for', async () => {
    const provider = mockProvider({ reply: 'ok' })
    const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
    const signals = [
      { aborted: false, addEventListener: boom, removeEventListener: boom },
      'text',
      {},
    ] as unknown as readonly AbortSignal[]
    for (const signal of signals) await client.infer('q', { signal }).catch(() => undefined)
    expect(provider.calls).toHaveLength(0)
  })

  it('names the option at fault', async () => {
    const client = fresh() as unknown as Loose
    const bad = [{ signal: {} }, { request_id: 'a b' }, { key_id: 5 }]
    for (const options of bad) {
      await expect(client.infer({ prompt: 'x' }, options)).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        details: { field: Object.keys(options)[0] },
      })
    }
    await expect(client.batch({ requests: [{}] }, { onProgress: 1 })).rejects.toMatchObject({
      details: { field: 'onProgress' },
    })
  })

  it('a signal of another make works', async () => {
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      reason: 'gone',
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    }
    const provider = mockProvider({ reply: never })
    const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
    const call = client.infer('x', { signal: signal as unknown as AbortSignal })
    for (const listener of listeners) listener()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED', cause: 'gone' })
    expect(listeners.size).toBe(0)
  })

  it('a body of a million values is refused before it costs time', async () => {
    const client = fresh() as unknown as Loose
    const many = new Array<number>(1_000_000).fill(0)
    const started = performance.now()
    for (const request of [
      { messages: many },
      { messages: [{ role: 'user', content: many }] },
      { messages: [{ role: 'assistant', tool_calls: many }] },
      { prompt: 'x', tools: many },
    ]) {
      await expect(client.infer(request)).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        details: { validation: 'size' },
      })
    }
    // One such body took two seconds; all four together take some 30 ms.
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
