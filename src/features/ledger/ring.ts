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
    const newer = this.#rows.slice(0, this.#next)
    return newer.findLast(fits) ?? this.#rows.slice(this.#next).findLast(fits)
  }

  /** A copy, oldest first. */
  toArray(): readonly Row[] {
    if (this.#rows.length < this.#capacity) return [...this.#rows]
    return [...this.#rows.slice(this.#next), ...this.#rows.slice(0, this.#next)]
  }
}
