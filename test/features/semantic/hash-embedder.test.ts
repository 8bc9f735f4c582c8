import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashEmbedder } from '../../../src/features/semantic/hash-embedder.js'

function embed(text: string, dimensions = 512): Float32Array {
  const vectors = hashEmbedder({ dimensions }).embed([text])
  if ('then' in vectors) throw new Error('Expected an answer without a promise')
  return vectors[0] ?? new Float32Array()
}

function similarity(a: string, b: string): number {
  const other = embed(b)
  return embed(a).reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0)
}

describe('hashEmbedder', () => {
  it('gives vectors of length 1 for any text, without a promise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const length = Math.hypot(...embed(text))
        expect(length).toBeCloseTo(1, 4)
      }),
    )
  })

  it('finds a re-phrasing nearer than another question of the same form', () => {
    const question = 'How do I reset my password?'
    expect(similarity(question, 'How can I reset my password?')).toBeGreaterThan(0.8)
    expect(similarity(question, 'How do I reset my router?')).toBeLessThan(0.8)
    expect(similarity(question, 'Who wrote the oldest novel?')).toBeLessThan(0.2)
  })

  it('does not tell case, white space and punctuation apart, but signs of names and sums', () => {
    expect(similarity('What is TEA?', '  what is tea ')).toBeCloseTo(1, 5)
    expect(similarity('What is C++?', 'What is C#?')).toBeLessThan(0.8)
    expect(similarity('2 + 2', '2 * 2')).toBeLessThan(0.99)
  })

  it('is the same in every process: what it once gave is what is stored', () => {
    const vector = embed('What is the capital of France?', 64)
    const strongest = [...vector.entries()].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    expect(strongest.slice(0, 3).map(([place, value]) => [place, value.toFixed(3)])).toEqual([
      [2, '-0.488'],
      [39, '-0.468'],
      [63, '-0.332'],
    ])
    expect(hashEmbedder({ dimensions: 64 }).id).toBe('raptorflow-hash-v1-64')
  })

  it('refuses dimensions that are too few, too many or broken', () => {
    for (const dimensions of [0, 63, 4_097, 512.5, NaN]) {
      expect(() => hashEmbedder({ dimensions })).toThrow('Expected the option `dimensions`')
    }
  })
})
