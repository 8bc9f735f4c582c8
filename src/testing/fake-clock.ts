/** A clock that moves only when told to. */
import type { Clock, Timer } from '../contracts/clock.js'

interface Pending {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/** Lets every promise that is ready run, however long its chain. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Pass it as the client's `clock`; `await clock.advance(1_000)` runs what falls due on the way. */
export class FakeClock implements Clock {
  #elapsed = 0
  #order = 0
  #start: number
  readonly #pending = new Set<Pending>()

  /** @param start epoch milliseconds. @default 2026-01-01T00:00:00Z */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  schedule(ms: number, run: () => void): Timer {
    const timer: Pending = { due: this.#elapsed + Math.max(0, ms), order: this.#order++, run }
    this.#pending.add(timer)
    return { cancel: () => void this.#pending.delete(timer) }
  }

  /** Timers that have not run yet. */
  get pending(): number {
    return this.#pending.size
  }

  /** Moves time on by `ms`, running due timers in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms
    await settle()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#pending.delete(next)
      this.#elapsed = Math.max(this.#elapsed, next.due)
      next.run()
      await settle()
    }
    this.#elapsed = end
    await settle()
  }

  /** Moves the wall clock without moving time: what a clock correction does. */
  setWallClock(now: number): void {
    this.#start = now - this.#elapsed
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined
    for (const timer of this.#pending) {
      if (timer.due > end) continue
      if (
        !first ||
        timer.due < first.due ||
        (timer.due === first.due && timer.order < first.order)
      ) {
        first = timer
      }
    }
    return first
  }
}
