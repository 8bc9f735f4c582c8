/** The latest rows, up to a number. */

/** Overwrites the oldest row once it is full; keeps rows by reference. */
export class Ring<Row> {
  readonly #rows: Row[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  push(row: Row): void {
    this.#rows[this.#next] = row
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1
  }

  /** The newest row that fits. */
  findLast(fits: (row: Row) => boolean): Row | undefined {
    const { length } = this.#rows
    for (let back = 1; back <= length; back += 1) {
      const row = this.#rows[(this.#next - back + length) % length]
      if (row !== undefined && fits(row)) return row
    }
    return undefined
  }

  /** A copy, oldest first. */
  toArray(): readonly Row[] {
    if (this.#rows.length < this.#capacity) return [...this.#rows]
    return [...this.#rows.slice(this.#next), ...this.#rows.slice(0, this.#next)]
  }
}
