import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inJavaScript } from '../../../src/features/semantic/dot-products.js'
import { flatIndex } from '../../../src/features/semantic/flat-index.js'
import { unitVector } from '../../../src/util/unit-vector.js'

const component = fc.double({ min: -1, max: 1, noNaN: true })
const vectorOf = (dimensions: number) =>
  fc
    .array(component, { minLength: dimensions, maxLength: dimensions })
    .map((values) => unitVector(values))
    .filter((vector) => vector !== undefined)

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}

describe('flatIndex', () => {
  it('finds what comparing with every vector finds, for any number of dimensions', () => {
    const cases = fc.integer({ min: 1, max: 20 }).chain((dimensions) =>
      fc.record({
        dimensions: fc.constant(dimensions),
        vectors: fc.array(vectorOf(dimensions), { maxLength: 80 }),
        query: vectorOf(dimensions),
        bar: component,
      }),
    )
    fc.assert(
      fc.property(cases, ({ dimensions, vectors, query, bar }) => {
        const index = flatIndex(dimensions, 1_000)
        for (const [id, vector] of vectors.entries()) index.add(`k${id}`, vector)
        const found = index.search(query, 5, bar)
        const expected = vectors
          .map((vector) => dot(vector, query))
          .filter((similarity) => similarity >= bar + 1e-5)
          .sort((a, b) => b - a)
          .slice(0, 5)
        expect(found.length).toBeGreaterThanOrEqual(expected.length)
        for (const [rank, similarity] of expected.entries()) {
          expect(found[rank]?.similarity).toBeCloseTo(similarity, 4)
        }
        for (const { key, similarity } of found) {
          const vector = vectors[Number(key.slice(1))] ?? new Float32Array()
          expect(similarity).toBeCloseTo(dot(vector, query), 4)
        }
      }),
    )
  })

  it('gives without WebAssembly what it gives with it', () => {
    const block = new Float32Array([0.6, 0.8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const found: [number, number][] = []
    inJavaScript(block, 8, 2, new Float32Array([0, 1]), 0.5, (row, product) => {
      found.push([row, Number(product.toFixed(3))])
      return 0.5
    })
    expect(found).toEqual([
      [0, 0.8],
      [1, 1],
    ])
  })

  it('holds at most so many entries: the one used longest ago goes', () => {
    const index = flatIndex(2, 2)
    index.add('a', new Float32Array([1, 0]))
    index.add('b', new Float32Array([0, 1]))
    expect(index.search(new Float32Array([1, 0]), 1, 0.5)).toEqual([{ key: 'a', similarity: 1 }])
    index.add('c', new Float32Array([-1, 0]))
    expect(['a', 'b', 'c'].filter((key) => index.has(key))).toEqual(['a', 'c'])
    expect(index.size).toBe(2)
  })

  it('never finds what was deleted or replaced, in any order of changes', () => {
    const change = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      angle: fc.option(fc.double({ min: 0, max: 6, noNaN: true })),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const index = flatIndex(2, 100)
        const model = new Map<string, Float32Array>()
        for (const { key, angle } of changes) {
          if (angle === null) {
            index.delete(key)
            model.delete(key)
          } else {
            const vector = new Float32Array([Math.cos(angle), Math.sin(angle)])
            index.add(key, vector)
            model.set(key, vector)
          }
        }
        expect(index.size).toBe(model.size)
        const query = new Float32Array([1, 0])
        const found = index.search(query, 10, -2)
        expect(found.map(({ key }) => key).sort()).toEqual([...model.keys()].sort())
        for (const { key, similarity } of found) {
          expect(similarity).toBeCloseTo(dot(model.get(key) ?? query, query), 5)
        }
      }),
    )
  })

  it('ignores vectors of another number of dimensions', () => {
    const index = flatIndex(2, 10)
    index.add('a', new Float32Array([1, 0, 0]))
    expect(index.size).toBe(0)
    expect(index.search(new Float32Array([1, 0, 0]), 1, 0)).toEqual([])
  })
})
