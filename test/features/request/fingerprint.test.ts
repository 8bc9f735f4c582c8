import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import {
  cacheKey,
  flightKey,
  leaseName,
  preimage,
} from '../../../src/features/request/fingerprint.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { fieldNames, fieldValue, message, trickyText, validRequest } from './arbitraries.js'
import { failure } from './failure.js'

const MODEL = 'gpt-3.5-turbo'
const key = (input: object, defaultModel = MODEL) => cacheKey(parseRequest(input), defaultModel)
const image = (input: object) => preimage(parseRequest(input), MODEL)
const flight = (input: object, generation = 0) => flightKey('key', parseRequest(input), generation)

/** The same in other words: what the key has to depend on, as a value to compare. */
function meaning(request: ParsedRequest): unknown {
  const named = request.model_name !== undefined && request.model_name !== 'auto'
  const { prompt, system, temperature, max_tokens, top_p, stop, seed } = request
  const { tools, tool_choice, response_format, provider_options } = request
  return {
    workspace: request.workspace_id ?? 'default',
    user: request.cache?.scope === 'user' ? request.user_id : undefined,
    model: named
      ? { name: request.model_name }
      : { strategy: request.strategy ?? 'balanced', optimize: request.cost_optimize ?? true },
    ...{ prompt, system, temperature, max_tokens, top_p, stop, seed },
    ...{ tools, tool_choice, response_format, provider_options },
    messages: request.messages?.map((held) =>
      held.role === 'assistant'
        ? { ...held, content: held.content ?? undefined, tool_calls: held.tool_calls ?? [] }
        : held,
    ),
  }
}

/** Scope `user` needs a user. */
const keyed = validRequest.map((request) =>
  parseRequest({ ...request, user_id: request['user_id'] ?? 'u' }),
)

describe('the cache key', () => {
  it('is 43 safe characters', () => {
    expect(key({ prompt: 'x' })).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('is equal exactly when everything that changes the answer is equal', () => {
    const seen = { equal: 0, different: 0 }
    const other = fc.oneof(
      keyed.map((request) => () => request),
      // One field changed: near misses, where a collision would hide.
      fc.constantFrom(...fieldNames).chain((field) =>
        fieldValue(field).map((value) => (base: ParsedRequest) => {
          const changed = parseRequest({ ...base, [field]: value })
          return changed.user_id === undefined ? { ...changed, user_id: 'u' } : changed
        }),
      ),
      fc
        .array(message, { minLength: 1, maxLength: 3 })
        .map(
          (messages) => (base: ParsedRequest) =>
            parseRequest({ ...base, prompt: undefined, messages }),
        ),
    )
    fc.assert(
      fc.property(keyed, other, (first, change) => {
        const second = change(first)
        const same = isDeepStrictEqual(plain(meaning(first)), plain(meaning(second)))
        expect(preimage(first, MODEL) === preimage(second, MODEL)).toBe(same)
        expect(cacheKey(first, MODEL) === cacheKey(second, MODEL)).toBe(same)
        seen[same ? 'equal' : 'different'] += 1
      }),
      { numRuns: 5_000 },
    )
    expect(seen.equal).toBeGreaterThan(300)
    expect(seen.different).toBeGreaterThan(1_000)
  })

  it('never lets a field boundary shift', () => {
    fc.assert(
      fc.property(trickyText, trickyText, fc.nat(12), (left, right, shift) => {
        const joined = left + right
        const at = Math.min(shift, joined.length)
        const moved = [joined.slice(0, at), joined.slice(at)] as const
        if (moved[0] === left) return
        const pairs: readonly ((a: string, b: string) => object)[] = [
          (a, b) => ({ system: a, prompt: `p${b}` }),
          (a, b) => ({ messages: [userSays(a), userSays(b)] }),
          (a, b) => ({ messages: [{ role: 'user', content: [text(a), text(b)] }] }),
          (a, b) => ({ prompt: 'x', stop: [`s${a}`, `s${b}`] }),
          (a, b) => ({
            messages: [
              { role: 'assistant', tool_calls: [{ id: 'i', name: `n${a}`, arguments: b }] },
            ],
          }),
        ]
        for (const build of pairs) {
          expect(image(build(left, right))).not.toBe(image(build(...moved)))
        }
      }),
    )
  })

  it('depends on every text in a conversation', () => {
    const image = { type: 'image', data: 'QUJD', media_type: 'image/png' }
    const file = { type: 'file', data: 'QUJD', media_type: 'a/b', filename: 'a.pdf' }
    const messages = [
      { role: 'system', content: 'a' },
      { role: 'user', content: [text('b'), image, { type: 'image', url: 'https://x/' }, file] },
      { role: 'user', content: [{ type: 'file', url: 'https://x/', media_type: 'a/b' }] },
      { role: 'assistant', content: 'c', tool_calls: [{ id: 'i', name: 'n', arguments: '{}' }] },
      { role: 'tool', tool_call_id: 'i', content: 'd' },
      { role: 'user', content: 'e' },
    ]
    const original = JSON.stringify(messages)
    const leaves = [...original.matchAll(/"(?!role|type)(\w+)":"([^"]*)"/g)]
    const keys = leaves.map(({ index, 0: leaf }) => {
      const changed = `${original.slice(0, index)}${leaf.slice(0, -1)}QUJD"`
      return key({ messages: JSON.parse(changed + original.slice(index + leaf.length)) as unknown })
    })
    expect(keys).toHaveLength(17)
    expect(new Set([...keys, key({ messages })]).size).toBe(18)
  })

  it('tells structures of the same text apart', () => {
    const images = [
      { prompt: 'a' },
      { prompt: 'a', system: '' },
      { messages: [userSays('a')] },
      { messages: [{ role: 'system', content: 'a' }] },
      { messages: [{ role: 'assistant', content: 'a' }] },
      { messages: [{ role: 'tool', tool_call_id: 'a', content: '' }] },
      { messages: [{ role: 'user', content: [text('a')] }] },
      { messages: [userSays('a'), userSays('')] },
      { messages: [userSays('1:au0:')] },
      { prompt: 'a', stop: 'a' },
      { prompt: 'a', stop: ['a', 'a'] },
      { prompt: 'a', temperature: 0.7 },
      { prompt: 'a', top_p: 0.7 },
      { prompt: 'a', seed: 1 },
      { prompt: 'a', max_tokens: 1 },
      { prompt: 'a', tools: [] },
      { prompt: 'a', model_name: MODEL },
      { prompt: 'a', model_name: MODEL, strategy: 'lowest_cost', seed: -1 },
      { prompt: 'a', strategy: 'lowest_cost' },
      { prompt: 'a', cost_optimize: false },
      { prompt: 'a', workspace_id: 'a' },
      { prompt: 'a', user_id: 'default', cache: { scope: 'user' } },
    ].map(image)
    expect(new Set(images).size).toBe(images.length)
  })

  it('does not see the order of keys, nulls, or documented defaults of scope and routing', () => {
    const tool = (parameters: object) => ({ tools: [{ name: 'a', parameters }] })
    const same: readonly (readonly [object, object])[] = [
      [
        { prompt: 'x', seed: 1 },
        { seed: 1, system: null, prompt: 'x' },
      ],
      [
        { prompt: 'x', ...tool({ type: 'object', properties: { a: {}, b: {} } }) },
        { prompt: 'x', ...tool({ properties: { b: {}, a: {} }, type: 'object' }) },
      ],
      [{ prompt: 'x' }, { prompt: 'x', model_name: 'auto', workspace_id: 'default' }],
      [{ prompt: 'x' }, { prompt: 'x', strategy: 'Balanced', cost_optimize: true }],
      [
        { prompt: 'x', model_name: 'gpt-4', strategy: 'lowest_cost' },
        { prompt: 'x', model_name: 'gpt-4', cost_optimize: false },
      ],
      [
        { messages: [{ role: 'assistant', content: 'a' }] },
        { messages: [{ content: 'a', role: 'assistant', tool_calls: [] }] },
      ],
    ]
    for (const [first, second] of same) expect(key(first)).toBe(key(second))
  })

  it('does not see what does not change the answer', () => {
    const extras = {
      ...{ user_id: 'u', priority: 9, timeout_seconds: 1, metadata: { a: 1 }, budget_limit: 1 },
      ...{ stream: true, use_cache: true, substitution: 'any', fallback: ['gpt-4'] },
      cache: { ttl_seconds: 5, tags: ['t'], refresh: true, semantic: true, scope: 'workspace' },
    }
    expect(key({ prompt: 'x', ...extras })).toBe(key({ prompt: 'x' }))
  })

  it('holds the default model only when no model is named', () => {
    expect(key({ prompt: 'x' }, 'gpt-4')).not.toBe(key({ prompt: 'x' }))
    expect(key({ prompt: 'x', model_name: 'auto' }, 'gpt-4')).not.toBe(key({ prompt: 'x' }))
    expect(key({ prompt: 'x', model_name: 'a' }, 'gpt-4')).toBe(
      key({ prompt: 'x', model_name: 'a' }),
    )
  })
})

describe('the scope of a cache key', () => {
  it('separates tenants, whatever their ids look like', () => {
    fc.assert(
      fc.property(keyed, fc.constantFrom('a', 'b', '1:a', 'a~', 'default!'), (request, tenant) => {
        const other = { ...request, workspace_id: `${tenant}-other` }
        expect(cacheKey({ ...request, workspace_id: tenant }, MODEL)).not.toBe(
          cacheKey(other, MODEL),
        )
      }),
    )
  })

  it('separates users when asked to, and never mixes the two scopes', () => {
    const scoped = (user_id: string, workspace_id?: string) =>
      key({ prompt: 'x', user_id, workspace_id, cache: { scope: 'user' } })
    expect(scoped('a')).toBe(scoped('a'))
    expect(scoped('a')).not.toBe(scoped('b'))
    expect(scoped('a')).not.toBe(scoped('a', 'w'))
    expect(scoped('a')).not.toBe(key({ prompt: 'x', user_id: 'a' }))
    expect(scoped('bc', 'a')).not.toBe(scoped('c', 'ab'))
  })

  it('cannot be the user without a user', () => {
    const error = failure(() => key({ prompt: 'x', cache: { scope: 'user' } }))
    expect(error.details).toEqual({ field: 'user_id', validation: 'required' })
  })
})

describe('the flight key', () => {
  it('separates what may not share one running call', () => {
    const keys = [
      flight({ prompt: 'x' }),
      flight({ prompt: 'x' }, 1),
      ...['never', 'same_model', 'equivalent', 'any'].map((substitution) =>
        flight({ prompt: 'x', substitution }),
      ),
      flight({ prompt: 'x', strategy: 'lowest_cost' }),
      flight({ prompt: 'x', cost_optimize: false }),
      flight({ prompt: 'x', budget_limit: 0 }),
      flight({ prompt: 'x', budget_limit: 0.5 }),
      flight({ prompt: 'x', fallback: [] }),
      flight({ prompt: 'x', fallback: ['a', 'b'] }),
      flight({ prompt: 'x', fallback: ['b', 'a'] }),
      flight({ prompt: 'x', fallback: ['a;1:b'] }),
      flight({ prompt: 'x', cache: { semantic: true } }),
      flight({ prompt: 'x', cache: { semantic: false } }),
      flight({ prompt: 'x', cache: { semantic: {} } }),
      flight({ prompt: 'x', cache: { semantic: { threshold: 0.9 } } }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is shared by callers who differ in patience, priority or name only', () => {
    const extras = {
      ...{ user_id: 'u', priority: 9, timeout_seconds: 1, metadata: { a: 1 }, stream: true },
      ...{ strategy: 'balanced', cost_optimize: true },
      cache: { ttl_seconds: 5, tags: ['t'] },
    }
    expect(flight({ prompt: 'x', ...extras })).toBe(flight({ prompt: 'x' }))
  })

  it('is another one for a refresh, which must not end with an older answer', () => {
    const refresh = { prompt: 'x', cache: { refresh: true } }
    expect(flight(refresh)).not.toBe(flight({ prompt: 'x' }))
    expect(flight(refresh)).toBe(flight({ ...refresh, priority: 9 }))
  })

  it('has one name between processes, refresh or not', () => {
    const name = (raw: object): string => {
      const request = parseRequest(raw)
      return leaseName(cacheKey(request, 'gpt-3.5-turbo'), request)
    }
    const refresh = { prompt: 'x', cache: { refresh: true } }
    expect(name(refresh)).toBe(name({ prompt: 'x' }))
    expect(name({ prompt: 'x', substitution: 'never' })).not.toBe(name({ prompt: 'x' }))
  })
})

function userSays(content: string): object {
  return { role: 'user', content }
}

function text(content: string): object {
  return { type: 'text', text: content }
}

/** Without undefined fields. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
