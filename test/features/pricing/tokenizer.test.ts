import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/contracts/clock.js'
import { countInputTokens, countTokens } from '../../../src/features/pricing/tokenizer.js'
import { systemClock } from '../../../src/util/clock.js'

const ORDINARY = { disallowedSpecial: new Set<string>() }
const PROSE = readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')

/** The system's clock; measures the work done between two turns of the event loop. */
function watchedClock(): { readonly clock: Clock; readonly longestWork: () => number } {
  let start: number | undefined
  let longest = 0
  const onTurn = (): void => {
    start = undefined
    immediate = setImmediate(onTurn)
  }
  let immediate = setImmediate(onTurn)
  return {
    clock: {
      ...systemClock,
      monotonic: () => {
        const now = systemClock.monotonic()
        start ??= now
        longest = Math.max(longest, now - start)
        return now
      },
    },
    longestWork: () => {
      clearImmediate(immediate)
      return longest
    },
  }
}

/**
 * The best of a few rounds, each with other text, because merged pieces are remembered: another
 * process taking the CPU spoils a round, blocking code spoils them all.
 */
async function longestWork(textOf: (round: number) => readonly string[]): Promise<number> {
  let best = Infinity
  for (let round = 0; round < 6 && best >= 20; round += 1) {
    const watched = watchedClock()
    const counts = textOf(round).map((text) =>
      countTokens([text], 'gpt-4o', { clock: watched.clock }),
    )
    for (const { tokens } of await Promise.all(counts)) expect(tokens).toBeGreaterThan(0)
    best = Math.min(best, watched.longestWork())
  }
  return best
}

function randomCharacters(length: number, seed: number, first: number, kinds: number): string {
  let state = seed + 7
  let text = ''
  for (let i = 0; i < length; i += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    text += String.fromCharCode(first + (state % kinds))
  }
  return text
}

const randomLetters = (length: number, seed = 0): string => randomCharacters(length, seed, 97, 26)

beforeAll(async () => {
  await countTokens(['warm up'], 'gpt-4')
  await countTokens(['warm up'], 'gpt-4o')
})

describe('counting tokens', () => {
  it('gives gpt-tokenizer’s own numbers, in the encoding of the model', async () => {
    const words = fc.oneof(
      fc.lorem({ maxCount: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc
        .array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 200 })
        .map((list) => list.join(' ')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 4 }), async (texts) => {
        for (const [model, own] of [
          ['gpt-4', cl100k],
          ['gpt-4o', o200k],
        ] as const) {
          const count = await countTokens(texts, model)
          if (!count.exact) continue
          expect(count.tokens).toBe(texts.reduce((sum, text) => sum + own(text, ORDINARY), 0))
        }
      }),
    )
  })

  it('counts a long ordinary text exactly', async () => {
    const text = PROSE.slice(0, 200_000)
    const count = await countTokens([text], 'gpt-4o')
    expect(count.exact).toBe(true)
    expect(count.tokens).toBe(o200k(text, ORDINARY))
  })

  it('takes special tokens for the text they are', async () => {
    const count = await countTokens(['a <|endoftext|> b <|im_start|>'], 'gpt-4o')
    expect(count).toEqual({
      tokens: o200k('a <|endoftext|> b <|im_start|>', ORDINARY),
      exact: true,
    })
    expect(count.tokens).toBeGreaterThan(8)
  })

  it.each([
    ['gpt-3.5-turbo', true],
    ['gpt-4-turbo-2024-04-09', true],
    ['gpt-4.1-mini', true],
    ['gpt-5.6-sol', true],
    ['o3', true],
    ['ft:gpt-4o-mini-2024-07-18:acme', true],
    ['gpt-6-sol', false],
    ['claude-opus-5', false],
    ['gemini-2.5-pro', false],
    ['octopus', false],
  ])('says whether the encoding of %s is published: %s', async (model, exact) => {
    expect((await countTokens(['hello'], model)).exact).toBe(exact)
  })

  it('is off by little, and says so, where it had to split an unbroken run', async () => {
    const text = randomLetters(2_000)
    const count = await countTokens([text], 'gpt-4o')
    const own = o200k(text, ORDINARY)
    expect(count.exact).toBe(false)
    expect(count.tokens).toBeGreaterThanOrEqual(own)
    expect(count.tokens).toBeLessThan(own * 1.02)
  })
})

describe('counting a request', () => {
  it('adds OpenAI’s framing: 3 and the role for each message, 3 for the answer', async () => {
    const count = await countInputTokens(
      {
        system: 'You are helpful.',
        messages: [
          { role: 'user', content: 'Hi there' },
          { role: 'assistant', content: 'Hello!' },
          { role: 'user', content: [{ type: 'text', text: 'What is 2 + 2?' }] },
        ],
      },
      'gpt-4o',
    )
    const texts = ['You are helpful.', 'Hi there', 'Hello!', 'What is 2 + 2?']
    const own = texts.reduce((sum, text) => sum + o200k(text), 0)
    expect(count).toEqual({ input_tokens: own + 4 * 4 + 3, model: 'gpt-4o', exact: true })
  })

  it('is not exact with tools, schemas, images or files', async () => {
    const image = { type: 'image' as const, url: 'https://example.test/a.png' }
    const file = { type: 'file' as const, url: 'https://example.test/a', media_type: 'text/plain' }
    const inputs = [
      { prompt: 'x', tools: [{ name: 't', parameters: { type: 'object' } }] },
      { prompt: 'x', response_format: { type: 'json_schema' as const, schema: {} } },
      { messages: [{ role: 'user' as const, content: [image] }] },
      { messages: [{ role: 'user' as const, content: [file] }] },
      { messages: [{ role: 'tool' as const, tool_call_id: 'c', content: 'x' }] },
    ]
    for (const input of inputs) {
      const count = await countInputTokens(input, 'gpt-4o')
      expect(count.exact, JSON.stringify(input)).toBe(false)
    }
    expect((await countInputTokens(inputs[2]!, 'gpt-4o')).input_tokens).toBeGreaterThan(1_000)
    expect((await countInputTokens({ prompt: 'x' }, 'gpt-4o')).exact).toBe(true)
  })

  it('adds a tenth for other vendors’ models', async () => {
    const prompt = 'one two three four five six seven eight nine ten '.repeat(10)
    const openai = await countInputTokens({ prompt }, 'gpt-4o')
    const claude = await countInputTokens({ prompt }, 'claude-opus-5')
    expect(claude.input_tokens).toBe(Math.ceil(openai.input_tokens * 1.1))
    expect(claude.exact).toBe(false)
  })
})

describe('the event loop', () => {
  it.each<[string, (round: number) => string]>([
    ['64 KB of one letter', (round) => 'bcdefg'.charAt(round).repeat(65_536)],
    ['64 KB of random letters', (round) => randomLetters(65_536, round)],
    ['64 KB of spaces', () => ' '.repeat(65_536)],
    ['64 KB of random ideographs', (round) => randomCharacters(21_845, round, 0x4e00, 20_000)],
    ['1 MB of ordinary text', (round) => PROSE.repeat(10).slice(round, 1_000_000)],
  ])('gets its turn within 20 ms of work on %s', async (_name, textOf) => {
    expect(await longestWork((round) => [textOf(round)])).toBeLessThan(20)
  })

  it('gets its turn between many counts at once', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `${String(i)} ${PROSE.slice(0, 50_000)}`)
    expect(
      await longestWork((round) => texts.map((text) => `${String(round)} ${text}`)),
    ).toBeLessThan(20)
  })

  it('is blocked for longer by the same text when it is not sliced', () => {
    const start = performance.now()
    o200k(randomLetters(65_536, 99), ORDINARY)
    expect(performance.now() - start).toBeGreaterThan(20)
  })
})
