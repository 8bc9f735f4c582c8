/** The Space-Saving sketch: the most frequent keys of a stream in bounded memory. */

/** What the sketch keeps of a key; `Counter`s of a sketch may carry more. */
export interface Counter {
  readonly key: string
  /** Upper bound of the weight seen. */
  count: number
  /** By how much `count` may be too high: the count of whom it displaced. */
  error: number
  /** Its place in the heap; the sketch's own. */
  position: number
}

/**
 * Keeps `capacity` counters; a key that finds none free takes over the smallest and its count.
 * After weights of `N` in total: `count - error <= true weight <= count`, `error <= N / capacity`,
 * and every key heavier than that is kept (Metwally, Agrawal, El Abbadi: "Efficient Computation of
 * Frequent and Top-k Elements in Data Streams", ICDT 2005, lemmas 3 and 4, theorem 2). The smallest is found
 * by a binary heap, O(log capacity), in place of the paper's linked buckets, which need whole weights.
 */
export class SpaceSaving<Kept extends Counter> {
  readonly #capacity: number
  readonly #byKey = new Map<string, Kept>()
  /** The smallest count first. */
  readonly #heap: Kept[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#heap.length
  }

  get(key: string): Kept | undefined {
    return this.#byKey.get(key)
  }

  values(): IterableIterator<Kept> {
    return this.#byKey.values()
  }

  /** Adds weight (> 0) to a counter that is kept. */
  increase(counter: Kept, weight: number): void {
    counter.count += weight
    this.#sink(counter)
  }

  /** Begins to keep a key that is not. @returns the counter it displaced */
  admit(counter: Kept, weight: number): Kept | undefined {
    const smallest = this.#heap[0]
    this.#byKey.set(counter.key, counter)
    if (smallest === undefined || this.#heap.length < this.#capacity) {
      counter.count = weight
      counter.error = 0
      this.#rise(counter)
      return undefined
    }
    this.#byKey.delete(smallest.key)
    counter.error = smallest.count
    counter.count = smallest.count + weight
    counter.position = 0
    this.#sink(counter)
    return smallest
  }

  /** Multiplies all counts: their order stays. */
  scale(factor: number): void {
    for (const counter of this.#heap) {
      counter.count *= factor
      counter.error *= factor
    }
  }

  #rise(counter: Kept): void {
    let position = this.#heap.length
    while (position > 0) {
      const above = (position - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || parent.count <= counter.count) break
      this.#place(parent, position)
      position = above
    }
    this.#place(counter, position)
  }

  #sink(counter: Kept): void {
    const heap = this.#heap
    let position = counter.position
    for (;;) {
      const left = 2 * position + 1
      const first = heap[left]
      const second = heap[left + 1]
      const child = second !== undefined && first && second.count < first.count ? second : first
      if (child === undefined || child.count >= counter.count) break
      const below = child.position
      this.#place(child, position)
      position = below
    }
    this.#place(counter, position)
  }

  #place(counter: Kept, position: number): void {
    counter.position = position
    this.#heap[position] = counter
  }
}
