/** How often something happened lately, in constant memory. */

/**
 * Counts over the last `slots` slots of `slotMs` milliseconds, the running one included:
 * the window is up to one slot shorter than `slots * slotMs`.
 */
export class RollingCounter {
  readonly #slotMs: number
  readonly #counts: Float64Array
  /** Which slot since the clock's start each count belongs to. */
  readonly #slots: Float64Array

  constructor(slotMs: number, slots: number) {
    this.#slotMs = slotMs
    this.#counts = new Float64Array(slots)
    this.#slots = new Float64Array(slots).fill(-1)
  }

  /** @param now milliseconds of a clock that never goes back, >= 0 */
  add(now: number): void {
    const slot = Math.floor(now / this.#slotMs)
    const index = slot % this.#counts.length
    if (this.#slots[index] === slot) {
      this.#counts[index] = (this.#counts[index] ?? 0) + 1
    } else {
      this.#slots[index] = slot
      this.#counts[index] = 1
    }
  }

  sum(now: number): number {
    const oldest = Math.floor(now / this.#slotMs) - this.#counts.length + 1
    let sum = 0
    for (const [index, count] of this.#counts.entries()) {
      if ((this.#slots[index] ?? -1) >= oldest) sum += count
    }
    return sum
  }
}
