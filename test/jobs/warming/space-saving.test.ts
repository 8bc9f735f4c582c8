import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpaceSaving, type Counter } from '../../../src/jobs/warming/space-saving.js'

type Arrival = readonly [key: string, weight: number]

/** The sketch after the arrivals, and the truth. */
function feed(capacity: number, arrivals: readonly Arrival[]) {
  const sketch = new SpaceSaving<Counter>(capacity)
  const truth = new Map<string, number>()
  const displaced: string[] = []
  for (const [key, weight] of arrivals) {
    truth.set(key, (truth.get(key) ?? 0) + weight)
    const kept = sketch.get(key)
    if (kept) sketch.increase(kept, weight)
    else {
      const gone = sketch.admit({ key, count: 0, error: 0, position: 0 }, weight)
      if (gone) displaced.push(gone.key)
    }
  }
  return { sketch, truth, displaced, total: arrivals.reduce((sum, [, weight]) => sum + weight, 0) }
}

const arrivals = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 5 }).map(String) },
      { weight: 2, arbitrary: fc.integer({ min: 6, max: 500 }).map(String) },
    ),
    fc.integer({ min: 1, max: 20 }),
  ),
  { maxLength: 400 },
)
const capacities = fc.integer({ min: 1, max: 40 })

describe('the Space-Saving sketch', () => {
  it('keeps at most its capacity, whatever comes', () => {
    fc.assert(
      fc.property(capacities, arrivals, (capacity, stream) => {
        const { sketch, truth } = feed(capacity, stream)
        expect(sketch.size).toBe(Math.min(capacity, truth.size))
        expect([...sketch.values()]).toHaveLength(sketch.size)
      }),
    )
  })

  it('is wrong by no more than N / capacity, and never counts too little', () => {
    fc.assert(
      fc.property(capacities, arrivals, (capacity, stream) => {
        const { sketch, truth, total } = feed(capacity, stream)
        for (const { key, count, error } of sketch.values()) {
          const weight = truth.get(key) ?? 0
          expect(count).toBeGreaterThanOrEqual(weight)
          expect(count - error).toBeLessThanOrEqual(weight)
          expect(error).toBeLessThanOrEqual(total / capacity)
        }
      }),
    )
  })

  it('keeps every key that is heavier than N / capacity', () => {
    fc.assert(
      fc.property(capacities, arrivals, (capacity, stream) => {
        const { sketch, truth, total } = feed(capacity, stream)
        for (const [key, weight] of truth) {
          if (weight > total / capacity) expect(sketch.get(key)).toBeDefined()
        }
      }),
    )
  })

  it('displaces the smallest, and nothing while there is room', () => {
    const { sketch, displaced } = feed(2, [
      ['a', 5],
      ['b', 2],
      ['c', 1],
    ])
    expect(displaced).toEqual(['b'])
    expect(sketch.get('c')).toMatchObject({ count: 3, error: 2 })
  })

  it('keeps its order when it is scaled', () => {
    const { sketch } = feed(3, [
      ['a', 8],
      ['b', 4],
      ['c', 2],
    ])
    sketch.scale(0.5)
    expect(sketch.get('a')).toMatchObject({ count: 4 })
    expect(sketch.admit({ key: 'd', count: 0, error: 0, position: 0 }, 1)?.key).toBe('c')
    expect(sketch.get('d')).toMatchObject({ count: 2, error: 1 })
  })
})
