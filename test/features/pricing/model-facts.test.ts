import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MODEL_FACTS, MODEL_FACTS_AS_OF } from '../../../src/features/pricing/model-facts.js'

const byId = new Map(MODEL_FACTS.map((facts) => [facts.id, facts]))

describe('the table of model facts', () => {
  it('states the documented examples exactly', () => {
    expect(byId.get('gpt-3.5-turbo')).toMatchObject({
      vendor: 'openai',
      tier: 'basic',
      qualityScore: 0.85,
      reliabilityScore: 0.95,
      estimatedTime: 1.5,
      requestsPerMinute: 3500,
      maxOutputTokens: 4096,
    })
    expect(byId.get('gpt-4')).toMatchObject({
      vendor: 'openai',
      tier: 'pro',
      qualityScore: 0.95,
      reliabilityScore: 0.98,
      estimatedTime: 3,
      requestsPerMinute: 200,
      maxOutputTokens: 8192,
    })
  })

  it('has each name once, within its vendor’s rows and over all', () => {
    const names = MODEL_FACTS.flatMap(({ id, aliases, snapshots }) => [
      id,
      ...aliases,
      ...snapshots,
    ])
    expect(new Set(names).size).toBe(names.length)
  })

  it('keeps every number in its range and gives every row a source', () => {
    for (const facts of MODEL_FACTS) {
      expect(facts.qualityScore, facts.id).toBeGreaterThan(0)
      expect(facts.qualityScore, facts.id).toBeLessThanOrEqual(1)
      expect(facts.reliabilityScore, facts.id).toBeGreaterThan(0)
      expect(facts.reliabilityScore, facts.id).toBeLessThanOrEqual(1)
      expect(facts.estimatedTime, facts.id).toBeGreaterThan(0)
      expect(facts.source.length, facts.id).toBeGreaterThan(10)
      if (facts.contextWindow !== null && facts.maxOutputTokens !== null) {
        expect(facts.maxOutputTokens, facts.id).toBeLessThanOrEqual(facts.contextWindow)
      }
    }
    expect(MODEL_FACTS_AS_OF).toMatch(/^\d{4}-\d{2}-\d{2}$/)
  })

  it('rates each line of models higher the newer and the larger it is', () => {
    const lines = [
      ['gpt-3.5-turbo', 'gpt-4', 'gpt-4-turbo', 'gpt-4o', 'gpt-4.1', 'gpt-5', 'gpt-5.1', 'gpt-5.2'],
      ['gpt-5.2', 'gpt-5.4', 'gpt-5.5', 'gpt-5.6-sol', 'gpt-6-sol', 'gpt-6-astra'],
      ['gpt-5.4-nano', 'gpt-5.4-mini', 'gpt-5.4'],
      ['gpt-5-nano', 'gpt-5-mini', 'gpt-5'],
      ['gpt-5.6-luna', 'gpt-5.6-terra', 'gpt-5.6-sol'],
      ['claude-haiku-4-5', 'claude-sonnet-4-5', 'claude-opus-4-5', 'claude-opus-4-8'],
      ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5', 'claude-fable-5-1'],
      ['gemini-2.5-flash-lite', 'gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-3.1-pro-preview'],
      ['gemini-3.5-flash', 'gemini-3.6-flash', 'gemini-3.7-flash', 'gemini-3.8-flash'],
    ]
    for (const line of lines) {
      const scores = line.map((id) => byId.get(id)?.qualityScore ?? NaN)
      expect(
        scores.every((score, place) => place === 0 || score > (scores[place - 1] ?? NaN)),
        line.join(' < '),
      ).toBe(true)
    }
  })

  it('names only models that the installed SDK or the price data knows', () => {
    const known = [
      '../../../node_modules/openai/resources/shared.d.ts',
      '../../../node_modules/@anthropic-ai/sdk/resources/messages/messages.d.ts',
      '../../../node_modules/@google/genai/dist/node/node.d.ts',
      '../../../node_modules/@pydantic/genai-prices/dist/index.js',
    ]
      .map((path) => readFileSync(new URL(path, import.meta.url), 'utf8'))
      .join('\n')
    const missing = MODEL_FACTS.filter(({ id }) => !new RegExp(`['"]${id}['"]`).test(known))
    expect(missing.map(({ id }) => id)).toEqual([])
  })
})
