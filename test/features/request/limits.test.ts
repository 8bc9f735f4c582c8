import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { parseRequest } from '../../../src/features/request/parse.js'
import { failure } from './failure.js'

const refused = (fields: object) => failure(() => parseRequest({ prompt: 'x', ...fields })).details
const MIB = 2 ** 20

/** `levels` objects, one inside the other. */
function nested(levels: number): object {
  let value: object = {}
  for (let level = 1; level < levels; level += 1) value = { a: value }
  return value
}

describe('the size of a request', () => {
  it('is 4 MiB of UTF-8 for prompt, system and messages together', () => {
    const size = { field: 'prompt', validation: 'size' }
    expect(parseRequest({ prompt: 'a'.repeat(4 * MIB) }).prompt).toHaveLength(4 * MIB)
    expect(refused({ prompt: 'a'.repeat(4 * MIB + 1) })).toEqual(size)
    expect(refused({ prompt: 'a'.repeat(4 * MIB), system: 'b' })).toEqual(size)
    // Three bytes each.
    expect(parseRequest({ prompt: '€'.repeat(1_398_101) }).prompt).toHaveLength(1_398_101)
    expect(refused({ prompt: '€'.repeat(1_398_102) })).toEqual(size)
  })

  it('counts the texts of messages, whatever they stand in', () => {
    const half = 'a'.repeat(2 * MIB - 20)
    const parts = (text: string) => [
      { role: 'system', content: half },
      { role: 'user', content: [{ type: 'text', text }] },
    ]
    expect(parseRequest({ messages: parts(half) }).messages).toHaveLength(2)
    const error = failure(() => parseRequest({ messages: parts(`${half}${'b'.repeat(60)}`) }))
    expect(error.details).toEqual({ field: 'messages', validation: 'size' })
  })

  it('is 1,000 messages', () => {
    const some = (count: number) => Array<object>(count).fill({ role: 'user', content: 'x' })
    expect(parseRequest({ messages: some(1_000) }).messages).toHaveLength(1_000)
    const error = failure(() => parseRequest({ messages: some(1_001) }))
    expect(error.details).toEqual({ field: 'messages', validation: 'size' })
  })

  it('is 64 KiB of JSON for metadata, exactly', () => {
    const overhead = JSON.stringify({ a: '' }).length
    const fits = { a: 'x'.repeat(65_536 - overhead) }
    expect(parseRequest({ prompt: 'x', metadata: fits }).metadata).toEqual(fits)
    const size = { field: 'metadata', validation: 'size' }
    expect(refused({ metadata: { a: `${fits.a}x` } })).toEqual(size)
    expect(refused({ metadata: { a: '\n'.repeat(32_768) } })).toEqual(size)
    expect(refused({ metadata: { a: 'x'.repeat(10 * MIB) } })).toEqual(size)
  })

  it('is 8 levels for metadata', () => {
    expect(parseRequest({ prompt: 'x', metadata: nested(8) }).metadata).toEqual(nested(8))
    expect(refused({ metadata: nested(9) })).toEqual({
      field: 'metadata.a.a.a.a.a.a.a.a',
      validation: 'depth',
    })
  })

  it('is 256 KiB and 64 levels for tools, provider options and response schemas', () => {
    const deep = { prompt: 'x', provider_options: { openai: nested(63) } }
    expect(parseRequest(deep).provider_options).toEqual({ openai: nested(63) })
    expect(refused({ provider_options: { openai: nested(64) } }).validation).toBe('depth')
    const large = { description: 'x'.repeat(256 * 1_024) }
    expect(refused({ tools: [{ name: 'a', parameters: large }] }).validation).toBe('size')
    expect(refused({ response_format: { type: 'json_schema', schema: large } }).validation).toBe(
      'size',
    )
    expect(refused({ provider_options: { openai: large } }).validation).toBe('size')
  })
})

describe('text', () => {
  it.each([
    [{ prompt: 'a\ud800' }, 'prompt'],
    [{ system: '\udc00' }, 'system'],
    [{ metadata: { note: 'a\ud800b' } }, 'metadata.note'],
    [{ metadata: { '\ud800': 1 } }, 'metadata.*'],
    [{ stop: ['\ud83d'] }, 'stop.0'],
    [{ tools: [{ name: 'a', description: '\ud83d', parameters: {} }] }, 'tools.0.description'],
  ])('with half a surrogate pair is refused: %#', (fields, field) => {
    expect(refused(fields)).toEqual({ field, validation: 'well_formed' })
  })

  it('with whole pairs is taken as it is, without normalisation', () => {
    const prompt = 'e\u0301 😀 \u0000 \u202e'
    expect(parseRequest({ prompt }).prompt).toBe(prompt)
  })
})

describe('keys that reach prototypes', () => {
  const parsed = (text: string): object => JSON.parse(text) as object
  it.each([
    ['{"__proto__": {"admin": true}}', '__proto__'],
    ['{"constructor": 1}', 'constructor'],
    ['{"prototype": null}', 'prototype'],
    ['{"metadata": {"a": [{"__proto__": 1}]}}', 'metadata.a.0.__proto__'],
    ['{"metadata": {"constructor": null}}', 'metadata.constructor'],
    [
      '{"provider_options": {"openai": {"x": {"prototype": 1}}}}',
      'provider_options.openai.x.prototype',
    ],
    ['{"cache": {"__proto__": {"refresh": true}}}', 'cache.__proto__'],
  ])('are refused anywhere: %s', (text, field) => {
    const input = parsed(text)
    const request = Object.defineProperty(input, 'prompt', { value: 'x', enumerable: true })
    const { details } = failure(() => parseRequest(request))
    expect(details).toEqual({ field, validation: 'forbidden_key' })
  })
})

describe('provider options', () => {
  it.each([
    ...['baseURL', 'base_url', 'base-url', 'endpoint', 'url', 'headers', 'default_headers'],
    ...['api_key', 'apiKey', 'API_KEY', 'x-api-key', 'authorization', 'httpOptions', 'mcp_servers'],
    ...['model', 'messages', 'system', 'stream', 'stream_options', 'temperature', 'max_tokens'],
    ...['max_completion_tokens', 'tools', 'tool_choice', 'response_format', 'seed', 'stop', 'n'],
  ])('may not hold %s', (name) => {
    const field = `provider_options.openai.${name}`
    expect(refused({ provider_options: { openai: { [name]: 'x' } } })).toEqual({
      field,
      validation: 'forbidden_key',
    })
  })

  it.each(['candidateCount', 'temperature', 'maxOutputTokens', 'responseSchema'])(
    'may not hold generationConfig.%s',
    (name) => {
      const google = { generationConfig: { thinkingConfig: {}, [name]: 1 } }
      expect(refused({ provider_options: { google } })).toEqual({
        field: `provider_options.google.generationConfig.${name}`,
        validation: 'forbidden_key',
      })
    },
  )

  it('may hold what only the vendor knows', () => {
    const provider_options = {
      openai: { reasoning_effort: 'low', service_tier: 'flex', verbosity: 'low' },
      anthropic: { thinking: { type: 'enabled', budget_tokens: 1_024 }, top_k: 5 },
      google: { generationConfig: { thinkingConfig: { thinkingBudget: 5 } }, safetySettings: [] },
    }
    expect(parseRequest({ prompt: 'x', provider_options }).provider_options).toEqual(
      provider_options,
    )
  })
})

describe('hostile input', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = [cycle, cycle]
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const evil = new Proxy(
    {},
    {
      has: () => {
        throw new Error('has')
      },
      get: () => {
        throw new Error('get')
      },
      getPrototypeOf: () => {
        throw new Error('prototype')
      },
    },
  )
  const throwing = (thrown: unknown): object =>
    Object.defineProperty({}, 'prompt', {
      enumerable: true,
      get: () => {
        throw thrown
      },
    })

  it.each([
    ['a getter that throws', throwing(new Error('my secret'))],
    ['a getter that throws a proxy that throws', throwing(evil)],
    ['a getter that throws undefined', throwing(undefined)],
    ['a proxy that throws', evil],
    ['a revoked proxy', revoked.proxy],
    ['a cycle', { prompt: 'x', metadata: cycle }],
    ['a function', { prompt: 'x', metadata: { f: () => 1 } }],
    ['a symbol', { prompt: 'x', metadata: { s: Symbol('s') } }],
    ['a bigint', { prompt: 'x', metadata: { b: 1n } }],
    ['NaN', { prompt: 'x', metadata: { n: NaN } }],
    ['Infinity', { prompt: 'x', provider_options: { openai: { n: -Infinity } } }],
    ['a Date', { prompt: 'x', metadata: { d: new Date() } }],
    ['a Map', { prompt: 'x', metadata: { m: new Map() } }],
    ['a hole in an array', { prompt: 'x', metadata: { a: Array<number>(2) } }],
    ['a String object', { prompt: Object('x') as unknown }],
    ['an endless array', { prompt: 'x', metadata: { a: endless(1) } }],
    ['an endless array of text', { messages: endless('xxxxxxxxxx') }],
    ['an endlessly deep object', { prompt: 'x', metadata: bottomless() }],
  ])('%s is refused with nothing of it in the error', (_title, input) => {
    const error = failure(() => parseRequest(input))
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('is read once: what a getter says later does not count', () => {
    let reads = 0
    const shifty = Object.defineProperty({ prompt: 'x' }, 'temperature', {
      enumerable: true,
      get: () => {
        reads += 1
        return reads === 1 ? 1 : 99
      },
    })
    expect(parseRequest(shifty).temperature).toBe(1)
    expect(reads).toBe(1)
  })

  it('does not profit from a polluted prototype', () => {
    const inherited = Object.create({ prompt: 'inherited' }) as object
    expect(failure(() => parseRequest(inherited)).details.field).toBe('request')
    Object.defineProperty(Object.prototype, 'workspace_id', { value: 'evil', configurable: true })
    try {
      expect(Object.hasOwn(parseRequest({ prompt: 'x' }), 'workspace_id')).toBe(true)
      expect(parseRequest({ prompt: 'x' }).workspace_id).toBeUndefined()
    } finally {
      Reflect.deleteProperty(Object.prototype, 'workspace_id')
    }
  })

  it('is told from plain objects of another realm or without prototype', () => {
    const foreign: unknown = runInNewContext('({ prompt: "x", metadata: { a: [1] } })')
    expect(parseRequest(foreign).metadata).toEqual({ a: [1] })
    const bare = Object.assign(Object.create(null) as object, { prompt: 'x' })
    expect(parseRequest(bare).prompt).toBe('x')
  })
})

function endless(item: unknown): unknown {
  return new Proxy([], {
    get: (_target, key) => (key === 'length' ? Infinity : item),
  })
}

function bottomless(): object {
  return new Proxy(
    {},
    {
      ownKeys: () => ['a'],
      getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }),
      get: () => bottomless(),
    },
  )
}
