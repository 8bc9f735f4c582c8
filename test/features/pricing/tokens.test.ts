import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import type { Model } from '../../../src/contracts/model.js'
import type { Message } from '../../../src/contracts/request.js'
import { toModel } from '../../../src/features/pricing/model.js'
import {
  createTokenEstimator,
  inputBytes,
  upperBoundTokens,
} from '../../../src/features/pricing/tokens.js'
import { EVERYTHING } from './stub-provider.js'

const modelOf = (id: string, contextWindow: number | null): Model =>
  toModel({ id, ...(contextWindow !== null && { contextWindow }) }, EVERYTHING)

describe('the size of an input', () => {
  it('is the UTF-8 bytes of everything the model reads', () => {
    const messages: readonly Message[] = [
      { role: 'user', content: 'naïve €' },
      { role: 'assistant', tool_calls: [{ id: 'c1', name: 'look', arguments: '{"a":1}' }] },
      { role: 'tool', tool_call_id: 'c1', content: 'ok' },
      { role: 'user', content: [{ type: 'text', text: 'so?' }] },
    ]
    const input = {
      system: 'be brief',
      messages,
      tools: [{ name: 'look', description: 'looks', parameters: { type: 'object' } }],
      response_format: { type: 'json_schema' as const, schema: { type: 'number' } },
    }
    const parts = [8, 10, 2 + 4 + 7, 2 + 2, 3, 4 + 5 + 17, 17]
    expect(inputBytes(input)).toBe(parts.reduce((a, b) => a + b))
    expect(inputBytes({ prompt: 'hello' })).toBe(5)
    expect(inputBytes({})).toBe(0)
  })

  it('counts an image and a file as the text they are assumed to cost, never their data', () => {
    const content = [
      { type: 'image' as const, data: 'A'.repeat(100_000), media_type: 'image/png' },
      { type: 'file' as const, data: 'A'.repeat(100_000), media_type: 'application/pdf' },
    ]
    expect(inputBytes({ messages: [{ role: 'user', content }] })).toBe(4_000 + 12_000)
  })
})

describe('the upper bound of input tokens', () => {
  it('holds for real tokenizers on any text, framing included', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'binary-ascii', maxLength: 300 }),
    )
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 10 }), (contents) => {
        const messages = contents.map((content) => ({ role: 'user' as const, content }))
        const options = { disallowedSpecial: new Set<string>() }
        for (const count of [o200k, cl100k]) {
          const real = contents.reduce((sum, text) => sum + count(text, options) + 4, 3)
          expect(upperBoundTokens({ messages })).toBeGreaterThanOrEqual(real)
        }
      }),
    )
  })

  it('makes room for images, the dearest kind where the model is not known', () => {
    const image = { type: 'image' as const, url: 'https://example.test/a.png' }
    const input = { messages: [{ role: 'user' as const, content: [image] }] }
    const bare = upperBoundTokens({ messages: [{ role: 'user', content: '' }] })
    expect(upperBoundTokens(input) - bare).toBe(48_169)
    expect(upperBoundTokens(input, modelOf('gpt-4o-mini', null)) - bare).toBe(48_169)
    expect(upperBoundTokens(input, modelOf('gpt-4o', null)) - bare).toBe(10_000)
  })

  it('never exceeds the context window, and is that or infinite for files', () => {
    const file = { type: 'file' as const, data: 'AAAA', media_type: 'application/pdf' }
    const input = { messages: [{ role: 'user' as const, content: [file] }] }
    expect(upperBoundTokens(input)).toBe(Infinity)
    expect(upperBoundTokens(input, modelOf('m', 9_000))).toBe(9_000)
    expect(upperBoundTokens({ prompt: 'a'.repeat(10_000) }, modelOf('m', 9_000))).toBe(9_000)
  })
})

describe('the estimate of input tokens', () => {
  it('starts at four bytes a token, and a tenth more tokens where the provider is not OpenAI', () => {
    const tokens = createTokenEstimator()
    expect(tokens.estimate(4_000, 'openai', 'gpt-4')).toBe(1_007)
    expect(tokens.estimate(4_000, 'anthropic', 'claude-opus-5')).toBe(1_107)
  })

  it('comes near what a provider reports, for that model at that provider only', () => {
    const tokens = createTokenEstimator()
    for (let i = 0; i < 40; i += 1) tokens.learn(4_000, 2_007, 'openai', 'gpt-4')
    expect(tokens.estimate(4_000, 'openai', 'gpt-4')).toBeGreaterThan(1_950)
    expect(tokens.estimate(4_000, 'openai', 'gpt-4')).toBeLessThanOrEqual(2_007)
    expect(tokens.estimate(4_000, 'openai', 'gpt-4o')).toBe(1_007)
    expect(tokens.estimate(4_000, 'azure', 'gpt-4')).toBe(1_107)
  })

  it('learns less from short prompts than from long ones', () => {
    const short = createTokenEstimator()
    const long = createTokenEstimator()
    short.learn(40, 7 + 30, 'openai', 'm')
    long.learn(40_000, 7 + 30_000, 'openai', 'm')
    const after = (tokens: typeof short): number => tokens.estimate(4_000, 'openai', 'm')
    expect(after(short)).toBeLessThan(after(long))
    expect(after(short)).toBeGreaterThan(1_007)
  })

  it('stays finite, positive and within a token a byte whatever is reported', () => {
    const odd = fc.oneof(fc.integer(), fc.double())
    fc.assert(
      fc.property(fc.array(fc.tuple(odd, odd)), fc.nat(100_000), (reports, bytes) => {
        const tokens = createTokenEstimator()
        for (const [size, reported] of reports) tokens.learn(size, reported, 'p', 'm')
        const estimate = tokens.estimate(bytes, 'p', 'm')
        expect(estimate).toBeGreaterThan(0)
        expect(estimate).toBeLessThanOrEqual(bytes + 8)
      }),
    )
  })

  it('forgets the models it has not seen for longest when callers invent names', () => {
    const tokens = createTokenEstimator()
    tokens.learn(4_000, 4_000, 'openai', 'first')
    for (let i = 0; i < 1_000; i += 1) tokens.learn(4_000, 4_000, 'openai', `m${String(i)}`)
    expect(tokens.estimate(4_000, 'openai', 'first')).toBe(1_007)
    expect(tokens.estimate(4_000, 'openai', 'm999')).toBeGreaterThan(1_007)
  })
})

describe('the estimate of output tokens', () => {
  it('starts at 200 and never exceeds what may be generated', () => {
    const tokens = createTokenEstimator()
    expect(tokens.expectedOutput('m')).toBe(200)
    expect(tokens.expectedOutput('m', 64)).toBe(64)
    expect(tokens.expectedOutput('m', 4_096)).toBe(200)
  })

  it('is the mean of what was seen, shrunk by twenty imagined answers of 200', () => {
    const tokens = createTokenEstimator()
    for (let i = 0; i < 20; i += 1) tokens.learnOutput('m', 600)
    expect(tokens.expectedOutput('m')).toBe((20 * 200 + 20 * 600) / 40)
    expect(tokens.expectedOutput('other')).toBe(200)
  })

  it('follows a change even after many answers, and ignores nonsense', () => {
    const tokens = createTokenEstimator()
    for (let i = 0; i < 5_000; i += 1) tokens.learnOutput('m', 100)
    for (let i = 0; i < 3_000; i += 1) tokens.learnOutput('m', 1_000)
    expect(tokens.expectedOutput('m')).toBeGreaterThan(900)
    const before = tokens.expectedOutput('m')
    for (const odd of [NaN, -5, Infinity]) tokens.learnOutput('m', odd)
    expect(tokens.expectedOutput('m')).toBe(before)
  })
})
