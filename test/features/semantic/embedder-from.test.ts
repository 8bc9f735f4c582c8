import { describe, expect, it } from 'vitest'
import { embedderFrom } from '../../../src/features/semantic/embedder-from.js'

const OPTIONS = { id: 'mine-2', dimensions: 2 }

describe('embedderFrom', () => {
  it('brings vectors to length 1, with and without promises', async () => {
    const later = embedderFrom(() => Promise.resolve([[3, 4]]), OPTIONS)
    expect(await later.embed(['a'])).toEqual([new Float32Array([0.6, 0.8])])
    const atOnce = embedderFrom(() => [new Float64Array([0, -2])], OPTIONS)
    expect(atOnce.embed(['a'])).toEqual([new Float32Array([0, -1])])
  })

  it.each([
    ['too few vectors', []],
    ['another number of dimensions', [[1, 2, 3]]],
    ['NaN', [[1, NaN]]],
    ['infinity', [[1, Infinity]]],
    ['texts', [['1', 'x']]],
    ['digits', [['1', '2']]],
    ['a hole', [Object.assign(new Array<number>(2), { 0: 1 })]],
    ['nothing', undefined],
    ['a number', 5],
    ['zeros', [[0, 0]]],
    ['no arrays', [undefined]],
    ['no list', {}],
  ])('refuses %s', (_, answer) => {
    const embedder = embedderFrom(() => answer as never, OPTIONS)
    expect(() => embedder.embed(['a'])).toThrow(
      'Expected the embedder to answer with 1 arrays of 2',
    )
  })

  it('hands texts and signal over, and what the function throws back', () => {
    const signal = new AbortController().signal
    const seen: unknown[] = []
    const embedder = embedderFrom((texts, given) => {
      seen.push(texts, given)
      throw new RangeError('mine')
    }, OPTIONS)
    expect(() => embedder.embed(['a', 'b'], signal)).toThrow('mine')
    expect(seen).toEqual([['a', 'b'], signal])
  })

  it('refuses broken options, naming them', () => {
    const make = (options: object) => () => embedderFrom(() => [], { ...OPTIONS, ...options })
    expect(make({ id: '' })).toThrow('`id`')
    expect(make({ dimensions: 1.5 })).toThrow('`dimensions`')
    expect(make({ recommendedThreshold: '0.5' })).toThrow('`recommendedThreshold`')
    expect(make({ recommendedThreshold: Symbol('x') })).toThrow('`recommendedThreshold`')
    expect(make({ recommendedThreshold: 2 })).toThrow('`recommendedThreshold`')
    expect(make({ treshold: 1 })).toThrow('Unknown option `treshold` of embedderFrom()')
    expect(() => embedderFrom(undefined as never, OPTIONS)).toThrow('`embed`')
  })
})
