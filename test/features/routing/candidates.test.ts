import { describe, expect, it } from 'vitest'
import type { ModelOptions } from '../../../src/contracts/model.js'
import type { Offer } from '../../../src/contracts/provider.js'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import { toModel } from '../../../src/features/pricing/model.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import {
  findCandidates,
  type Candidates,
  type CandidateSource,
} from '../../../src/features/routing/candidates.js'
import { policyOf, satisfies } from '../../../src/features/routing/substitution.js'
import { mockProvider } from '../../../src/testing/index.js'

const offer = (provider: string, model: ModelOptions): Offer => {
  const owner = mockProvider({ name: provider, models: [model] })
  return { provider: owner, model: toModel(model, owner.capabilities) }
}

const OFFERS = [
  offer('one', { id: 'good', qualityScore: 0.9, price: { input: 5, output: 5 } }),
  offer('two', { id: 'good', qualityScore: 0.9, price: { input: 6, output: 6 } }),
  offer('two', { id: 'close', qualityScore: 0.885, price: { input: 2, output: 2 } }),
  offer('one', { id: 'better', qualityScore: 0.95, price: { input: 9, output: 9 } }),
  offer('one', { id: 'weak', qualityScore: 0.5, price: { input: 1, output: 1 } }),
  offer('two', { id: 'unknown', price: { input: 1, output: 1 } }),
]

const source = (overrides: Partial<CandidateSource> = {}): CandidateSource => ({
  find: (name) =>
    OFFERS.filter(
      ({ provider, model }) => name === model.id || name === `${provider.name}/${model.id}`,
    ),
  all: () => OFFERS,
  defaultModel: 'good',
  fallback: [],
  inputTokens: () => 10,
  priceRank: ({ model }) => model.price?.input ?? Infinity,
  ...overrides,
})

const request = (fields: object): ParsedRequest => parseRequest({ prompt: 'q', ...fields })
const names = (fields: object, overrides: Partial<CandidateSource> = {}): string[] =>
  named(findCandidates(request(fields), source(overrides)))
const named = (candidates: Candidates): string[] => {
  candidates.addSubstitutes()
  return candidates.accepted.map(
    ({ offer: { provider, model }, degree }) => `${provider.name}/${model.id}:${degree}`,
  )
}

describe('the candidates of a named model', () => {
  it('are that model everywhere, then equivalents, cheapest first', () => {
    expect(names({ model_name: 'good' })).toEqual([
      'one/good:none',
      'two/good:same_model',
      'two/close:equivalent',
      'one/better:equivalent',
    ])
  })

  it('leave substitutes unranked until they are asked for', () => {
    let ranked = 0
    const priceRank = () => ++ranked
    const candidates = findCandidates(request({ model_name: 'good' }), source({ priceRank }))
    expect([candidates.accepted.length, ranked]).toEqual([2, 0])
    const substitutes = candidates.addSubstitutes()
    expect(candidates.accepted.slice(2)).toEqual(substitutes)
    expect(candidates.addSubstitutes()).toBe(substitutes)
    expect(ranked).toBeGreaterThan(0)
  })

  it.each([
    ['never', ['one/good:none']],
    ['same_model', ['one/good:none', 'two/good:same_model']],
  ])('are limited by substitution %s', (substitution, expected) => {
    expect(names({ model_name: 'good', substitution })).toEqual(expected)
  })

  it('are pinned to the model by cost_optimize: false', () => {
    expect(names({ model_name: 'good', cost_optimize: false })).toEqual([
      'one/good:none',
      'two/good:same_model',
    ])
  })

  it('start at the named provider', () => {
    expect(names({ model_name: 'two/good', substitution: 'same_model' })).toEqual([
      'two/good:none',
      'one/good:same_model',
    ])
  })

  it('take the fallback list before equivalents, whatever its quality', () => {
    expect(names({ model_name: 'good', fallback: ['weak', 'two/close'] }).slice(2)).toEqual([
      'one/weak:any',
      'two/close:equivalent',
      'one/better:equivalent',
    ])
  })

  it('hold the fallback list to a substitution policy that was named', () => {
    const fields = { model_name: 'good', fallback: ['weak'], substitution: 'equivalent' }
    expect(names(fields)).not.toContain('one/weak:any')
  })

  it('are none when nobody serves it, unless any model will do', () => {
    expect(names({ model_name: 'nobody' })).toEqual([])
    expect(names({ model_name: 'nobody', substitution: 'any' }).length).toBeGreaterThan(0)
  })
})

describe('the candidates of an open choice', () => {
  it('are the default model, then what is good enough, cheapest first', () => {
    expect(names({})).toEqual([
      'one/good:none',
      'two/good:same_model',
      'two/close:equivalent',
      'one/better:equivalent',
    ])
  })

  it('are everything when the default model is not served here', () => {
    expect(names({}, { defaultModel: 'elsewhere' })).toHaveLength(OFFERS.length)
  })
})

describe('requirements', () => {
  const rejected = (model: Partial<ModelOptions>, fields: object): string | undefined =>
    findCandidates(
      request({ model_name: 'm', ...fields }),
      source({ find: () => [offer('p', { ...model, id: 'm' })], all: () => [] }),
    ).rejected[0]?.reason
  const tool = { name: 'f', parameters: {} }

  it.each([
    ['tools', { tools: false }, { tools: [tool] }, 'capability:tools'],
    [
      'forced tools',
      { toolChoice: false },
      { tools: [tool], tool_choice: 'required' },
      'capability:toolChoice',
    ],
    ['seed', { seed: false }, { seed: 1 }, 'capability:seed'],
    ['stop', { stop: false }, { stop: 'x' }, 'capability:stop'],
    ['top_p', { topP: false }, { top_p: 0.5 }, 'capability:topP'],
    [
      'JSON',
      { jsonObject: false },
      { response_format: { type: 'json_object' } },
      'capability:jsonObject',
    ],
    [
      'a schema',
      { jsonSchema: false },
      { response_format: { type: 'json_schema', schema: {} } },
      'capability:jsonSchema',
    ],
    ['a temperature', { maxTemperature: null }, { temperature: 0.1 }, 'capability:temperature'],
    ['a high temperature', { maxTemperature: 1 }, { temperature: 1.5 }, 'capability:temperature'],
    [
      'temperature with top_p',
      { temperatureWithTopP: false },
      { temperature: 0.1, top_p: 0.5 },
      'capability:temperatureWithTopP',
    ],
  ])('reject a model without %s', (_what, capabilities, fields, reason) => {
    expect(rejected({ capabilities }, fields)).toBe(reason)
    expect(rejected({}, fields)).toBeUndefined()
  })

  it('reject a model for an image it cannot see', () => {
    const content = [{ type: 'image', url: 'https://example.com/a.png' }]
    const fields = { prompt: null, messages: [{ role: 'user', content }] }
    expect(rejected({ capabilities: { images: false } }, fields)).toBe('capability:images')
  })

  it('reject a model for a file by URL where only data is taken', () => {
    const part = { type: 'file', url: 'https://example.com/a.pdf', media_type: 'application/pdf' }
    const fields = { prompt: null, messages: [{ role: 'user', content: [part] }] }
    expect(rejected({ capabilities: { fileUrls: false } }, fields)).toBe('capability:fileUrls')
    expect(rejected({}, fields)).toBeUndefined()
  })

  it('do not count what was not named: a default temperature rejects nobody', () => {
    expect(rejected({ capabilities: { maxTemperature: null, topP: false } }, {})).toBeUndefined()
  })

  it('reject what does not fit into the context or the output', () => {
    expect(rejected({ contextWindow: 5 }, {})).toBe('context_length')
    expect(rejected({ maxOutputTokens: 5 }, { max_tokens: 6 })).toBe('max_output')
  })
})

describe('a stored answer', () => {
  const other = offer('one', { id: 'other' })
  const listed = (fallback: readonly string[]) => ({
    fallback,
    find: (name: string) =>
      ['other', 'one/other', 'small'].includes(name) ? [other] : source().find(name),
  })

  const answer = (substitution: 'none' | 'same_model' | 'equivalent' | 'any') => ({
    text: 'a',
    reasoning: undefined,
    tool_calls: [],
    finish_reason: 'stop' as const,
    usage: { input: 1, cache_read: 0, cache_write: 0, output: 1, reasoning: 0 },
    model_used: 'other',
    provider_used: 'one',
    requested_model: 'good',
    substitution,
    substitution_reason: undefined,
    cost: 1,
  })

  it.each([
    ['never', [true, false, false, false]],
    ['same_model', [true, true, false, false]],
    ['equivalent', [true, true, true, false]],
    ['any', [true, true, true, true]],
  ])('satisfies substitution %s only within its degree', (substitution, expected) => {
    const asked = request({ model_name: 'good', substitution })
    const degrees = ['none', 'same_model', 'equivalent', 'any'] as const
    expect(degrees.map((degree) => satisfies(answer(degree), asked, listed([])))).toEqual(expected)
  })

  it('satisfies a request whose fallback list names its model, by alias as well', () => {
    const asked = request({ model_name: 'good', fallback: ['small'] })
    expect(satisfies(answer('any'), asked, listed([]))).toBe(true)
    const named = request({ model_name: 'good' })
    expect(satisfies(answer('any'), named, listed(['one/other']))).toBe(true)
    expect(satisfies(answer('any'), named, listed(['weak']))).toBe(false)
    expect(satisfies(answer('any'), named, listed([]))).toBe(false)
  })

  it('has the documented defaults', () => {
    expect(policyOf(request({ model_name: 'x' }))).toBe('equivalent')
    expect(policyOf(request({ model_name: 'auto' }))).toBe('any')
    expect(policyOf(request({}))).toBe('any')
  })
})
