/** An exact index: every vector of a scope in one block of memory, compared one after the other. */
import type { Neighbour, VectorIndex } from '../../contracts/embedder.js'

import { once } from '../../util/once.js'
import { STRIDE_STEP, dotProducts } from './dot-products.js'

/** Most scopes hold a few questions: the block begins small and grows by half. */
const SMALLEST_BLOCK = 4
const GROWTH = 1.5

const products = once(dotProducts)

interface Found {
  readonly row: number
  readonly similarity: number
}

/**
 * Exact cosine search over at most `maxEntries` vectors of length 1. At 5,000 x 512 a lookup takes
 * half a millisecond; beyond that an approximate index belongs behind the same contract.
 */
export function flatIndex(dimensions: number, maxEntries: number): VectorIndex {
  return new FlatIndex(dimensions, maxEntries)
}

class FlatIndex implements VectorIndex {
  readonly #dimensions: number
  readonly #stride: number
  readonly #maxEntries: number
  /** Row after row, padded with zeros; rows 0 to size - 1 are in use. */
  #block: Float32Array
  /** The key of each row. */
  readonly #keys: string[] = []
  /** The row of each key, least recently used first. */
  readonly #rows = new Map<string, number>()

  constructor(dimensions: number, maxEntries: number) {
    this.#dimensions = dimensions
    this.#stride = Math.ceil(dimensions / STRIDE_STEP) * STRIDE_STEP
    this.#maxEntries = maxEntries
    this.#block = new Float32Array(Math.min(SMALLEST_BLOCK, maxEntries) * this.#stride)
  }

  get size(): number {
    return this.#keys.length
  }

  has(key: string): boolean {
    return this.#rows.has(key)
  }

  add(key: string, vector: Float32Array): void {
    if (vector.length !== this.#dimensions) return
    this.delete(key)
    if (this.size >= this.#maxEntries) this.#deleteOldest()
    const row = this.#keys.length
    this.#makeRoom(row + 1)
    this.#block.set(vector, row * this.#stride)
    this.#keys.push(key)
    this.#rows.set(key, row)
  }

  /** The last row moves into the gap: no gap is ever compared. */
  delete(key: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    this.#rows.delete(key)
    const last = this.#keys.pop()
    if (last === undefined || last === key) return
    const from = this.#keys.length * this.#stride
    this.#block.copyWithin(row * this.#stride, from, from + this.#stride)
    this.#keys[row] = last
    // Re-setting an existing key keeps its place in the order of use.
    this.#rows.set(last, row)
  }

  search(vector: Float32Array, limit: number, atLeast: number): readonly Neighbour[] {
    if (vector.length !== this.#dimensions || limit < 1) return []
    const best: Found[] = []
    products()(this.#block, this.#stride, this.size, vector, atLeast, (row, similarity) => {
      insert(best, { row, similarity }, limit)
      return best.length < limit ? atLeast : (best[limit - 1]?.similarity ?? atLeast)
    })
    const neighbours = best.map(({ row, similarity }) => ({
      key: this.#keys[row] ?? '',
      similarity,
    }))
    for (const { key } of neighbours.toReversed()) this.#use(key)
    return neighbours
  }

  #use(key: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    this.#rows.delete(key)
    this.#rows.set(key, row)
  }

  #deleteOldest(): void {
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined) this.delete(oldest)
  }

  #makeRoom(rows: number): void {
    const held = this.#block.length / this.#stride
    if (rows <= held) return
    const grown = new Float32Array(
      Math.min(Math.ceil(held * GROWTH), this.#maxEntries) * this.#stride,
    )
    grown.set(this.#block)
    this.#block = grown
  }
}

function insert(best: Found[], found: Found, limit: number): void {
  let place = best.length
  while (place > 0 && (best[place - 1]?.similarity ?? 0) < found.similarity) place -= 1
  best.splice(place, 0, found)
  if (best.length > limit) best.pop()
}
