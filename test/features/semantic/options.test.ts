import { describe, expect, it } from 'vitest'
import {
  checkSemanticOptions,
  resolveSemanticOptions,
} from '../../../src/features/semantic/options.js'
import { cosineEmbedder } from './fixtures.js'

describe('checkSemanticOptions', () => {
  it.each([
    ['threshold', 1.1],
    ['threshold', NaN],
    ['maxErrorRate', 0],
    ['maxErrorRate', 1],
    ['checkRate', -0.1],
    ['strict', 'yes'],
    ['shadow', 1],
    ['maxTemperature', 3],
    ['maxTextLength', 0],
    ['maxEntries', 5_001],
    ['greyBand', 2],
    ['verify', true],
    ['judge', {}],
    ['guards', { number: 1 }],
    ['guards', { number: 'strict' }],
    ['guards', { content: 'lenient' }],
    ['guards', []],
    ['embedder', {}],
    ['embedder', cosineEmbedder({ id: '' })],
    ['embedder', cosineEmbedder({ dimensions: 0 })],
    ['embedder', cosineEmbedder({ recommendedThreshold: NaN })],
  ])('refuses a broken %s and names it', (name, value) => {
    expect(() => {
      checkSemanticOptions({ [name]: value })
    }).toThrow(`cache.semantic.${name}`)
  })

  it('refuses unknown names, also of guards', () => {
    expect(() => {
      checkSemanticOptions({ treshold: 0.9 } as never)
    }).toThrow('Did you mean `cache.semantic.threshold`?')
    expect(() => {
      checkSemanticOptions({ guards: { numbers: false } } as never)
    }).toThrow('Did you mean `cache.semantic.guards.number`?')
  })
})

describe('resolveSemanticOptions', () => {
  it('takes the strict form of the guard of content', () => {
    const guards = { content: 'strict' } as const
    expect(resolveSemanticOptions({ guards }, () => cosineEmbedder())).toMatchObject({ guards })
  })

  it.each([
    [768, 5_000],
    [1_536, 2_500],
    [16_384, 234],
  ])('keeps so few vectors of %i numbers that a lookup stays short: %i', (dimensions, most) => {
    const embedder = cosineEmbedder({ dimensions })
    expect(resolveSemanticOptions({ embedder }, () => embedder).maxEntries).toBe(most)
    expect(resolveSemanticOptions({ embedder, maxEntries: 9 }, () => embedder).maxEntries).toBe(9)
  })

  it('takes the threshold from the embedder, and asks for evidence where an error rate is named', () => {
    const resolve = (options: object) => resolveSemanticOptions(options, () => cosineEmbedder())
    expect(resolve({})).toMatchObject({ threshold: 0.8, maxErrorRate: 0.02, strict: false })
    expect(resolve({ maxErrorRate: 0.1 })).toMatchObject({ maxErrorRate: 0.1, strict: true })
    expect(resolve({ maxErrorRate: 0.1, strict: false })).toMatchObject({ strict: false })
  })
})
