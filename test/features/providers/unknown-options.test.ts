import { describe, expect, it } from 'vitest'
import { anthropic } from '../../../src/features/providers/anthropic.js'
import { defineProvider } from '../../../src/features/providers/define-provider.js'
import { google } from '../../../src/features/providers/google.js'
import { googleGenerativeAI } from '../../../src/features/providers/google-generative-ai.js'
import { openai } from '../../../src/features/providers/openai.js'
import { openaiCompatible } from '../../../src/features/providers/openai-compatible.js'
import { RaptorflowError } from '../../../src/errors.js'
import { mockProvider } from '../../../src/testing/index.js'

type Make = (options: object) => unknown

const keyed = { apiKey: 'sk-secret' }
const connecting: Readonly<Record<string, Make>> = {
  openai: (options) => openai({ ...keyed, ...options }),
  anthropic: (options) => anthropic({ ...keyed, ...options }),
  google: (options) => google({ ...keyed, ...options }),
  googleGenerativeAI: (options) => googleGenerativeAI({ ...keyed, ...options }),
  openaiCompatible: (options) =>
    openaiCompatible({
      ...keyed,
      name: 'own',
      baseURL: 'http://127.0.0.1:1/v1',
      models: ['m'],
      ...options,
    }),
}
const factories: Readonly<Record<string, Make>> = {
  ...connecting,
  defineProvider: (options) =>
    defineProvider({ name: 'own', models: ['m'], call: () => '', ...options }),
  mockProvider: (options) => mockProvider(options),
}

function refusal(make: () => unknown): RaptorflowError {
  try {
    make()
  } catch (error) {
    if (RaptorflowError.isInstance(error)) return error
    throw error
  }
  throw new Error('Expected the options to be refused')
}

describe.each(Object.entries(factories))('%s()', (name, make) => {
  it('refuses an option it does not know and lists those it does', () => {
    const error = refusal(() => make({ zzz: undefined }))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.details).toEqual({ field: 'zzz', validation: 'option', reason: 'configuration' })
    expect(error.message).toMatch(
      new RegExp(`^Unknown option \`zzz\` of ${name}\\(\\)\\. Known: .*name`),
    )
    expect(error.message).not.toContain('sk-secret')
  })

  it('says which option was meant', () => {
    expect(refusal(() => make({ MODELS: ['m'] })).message).toContain('Did you mean `models`?')
  })

  it.each([
    ['a field of a model', [{ id: 'm', contextwindow: 5 }], 'models.0.contextwindow'],
    ['an ability', ['a', { id: 'm', capabilities: { tool: true } }], 'models.1.capabilities.tool'],
    [
      'a rate',
      [{ id: 'm', price: { input: 1, output: 1, cache_read: 1 } }],
      'models.0.price.cache_read',
    ],
    [
      'a rate of a tier',
      [{ id: 'm', price: { input: 1, output: 1, tiers: [{ above: 1, input: 1, output: 1 }] } }],
      'models.0.price.tiers.0.above',
    ],
    ['a price that is none', [{ id: 'm', price: 3 }], 'models.0.price'],
    [
      'tiers that are none',
      [{ id: 'm', price: { input: 1, output: 1, tiers: 3 } }],
      'models.0.price.tiers',
    ],
  ])('refuses %s that it does not know', (_what, models, field) => {
    expect(refusal(() => make({ models })).details).toMatchObject({
      field,
      reason: 'configuration',
    })
  })

  it('takes every field of a model', () => {
    const rates = { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 }
    const model = {
      id: 'm',
      aliases: ['n'],
      price: { ...rates, tiers: [{ ...rates, aboveInputTokens: 200_000 }] },
      contextWindow: 1_000,
      maxOutputTokens: 100,
      capabilities: { tools: true, maxTemperature: null },
      qualityScore: 0.5,
      reliabilityScore: 0.5,
      estimatedTime: 1,
      requestsPerMinute: 10,
      tier: 'pro',
    }
    expect(make({ models: [model] })).toMatchObject({ models: [{ id: 'm', tier: 'pro' }] })
  })
})

describe.each(Object.entries(connecting))('%s()', (_name, make) => {
  it('sends nothing elsewhere because of a misspelt `baseURL`', () => {
    const error = refusal(() => make({ baseUrl: 'http://127.0.0.1:1' }))
    expect(error.message).toContain('Did you mean `baseURL`?')
    expect(error.details.field).toBe('baseUrl')
  })
})

it.each(['defineProvider', 'openaiCompatible'])(
  '%s() refuses abilities it does not know',
  (name) => {
    const error = refusal(() => factories[name]!({ capabilities: { json: true } }))
    expect(error.details.field).toBe('capabilities.json')
  },
)

it.each([null, 'sk-secret', 7, ['sk-secret']])('options that are none are refused: %j', (bad) => {
  const makers = [openai, anthropic, google, googleGenerativeAI, openaiCompatible] as Make[]
  for (const make of [...makers, defineProvider as Make, mockProvider as Make]) {
    const error = refusal(() => make(bad as never))
    expect(error.details).toMatchObject({ field: 'options', reason: 'configuration' })
    expect(error.message).not.toContain('sk-secret')
  }
})
