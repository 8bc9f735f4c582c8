import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { SLICE_UNITS, sliceText } from '../../../src/features/pricing/text-slices.js'

const ORDINARY = { disallowedSpecial: new Set<string>() }

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  { weight: 4, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'the quick brown fox ',
      "don’t shouldn't IT'S ",
      ' \n\n  ',
      '今天天气很好，我们去公园。',
      'résumé e\u0301a\u0308 ',
      'ПРИВЕТ мир ',
      '1234567 ',
      '{"key":[1,2,3]}',
      '----====',
      '👩‍👩‍👧 ',
      'ไทยภาษาไทย ',
      '\r\n/path/to\t',
      "'s",
    ),
  },
)
const text = fc
  .array(piece, { minLength: 10, maxLength: 80, size: 'max' })
  .map((parts) => parts.join(''))

describe('slices of a text', () => {
  it('are the text when put together, each short, none ending inside a character', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const slices = [...sliceText(whole)]
        expect(slices.map((slice) => slice.text).join('')).toBe(whole)
        for (const slice of slices) {
          expect(slice.text.length).toBeGreaterThan(0)
          expect(slice.text.length).toBeLessThanOrEqual(SLICE_UNITS)
        }
        if (whole.isWellFormed()) {
          expect(slices.every((slice) => slice.text.isWellFormed())).toBe(true)
        }
      }),
    )
  })

  it('have together the tokens of the text in both encodings, where they say so', () => {
    let exact = 0
    fc.assert(
      fc.property(text, (whole) => {
        const slices = [...sliceText(whole)]
        if (!slices.every((slice) => slice.exact)) return
        if (slices.length > 1) exact += 1
        for (const count of [o200k, cl100k]) {
          const parts = slices.reduce((sum, slice) => sum + count(slice.text, ORDINARY), 0)
          expect(parts).toBe(count(whole, ORDINARY))
        }
      }),
      { numRuns: 1_000 },
    )
    expect(exact).toBeGreaterThan(300)
  })

  it('own up to a run they had to split', () => {
    for (const run of ['a', '今', ' ', '=', '𝒜', '7']) {
      expect(
        [...sliceText(run.repeat(1_000))].some((slice) => !slice.exact),
        run,
      ).toBe(true)
    }
    expect([...sliceText('a'.repeat(SLICE_UNITS))]).toEqual([
      { text: 'a'.repeat(SLICE_UNITS), exact: true },
    ])
    expect([...sliceText('')]).toEqual([])
  })
})

declare global {
  interface String {
    isWellFormed(): boolean
  }
}
