/** A lease store in memory, with faults; what several processes share. */
import type { Clock } from '../../../src/contracts/clock.js'
import type { LeaseEnd, LeaseStore } from '../../../src/contracts/coordination.js'

interface Held {
  readonly token: string
  readonly until: number
}

export class MemoryLeaseStore implements LeaseStore {
  available = true
  /** Every method rejects. */
  broken = false
  /** Nobody is told of a release. */
  mute = false
  /** Milliseconds every command takes to arrive; it is answered as soon as it has. */
  latency = 0
  readonly calls: string[] = []
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Map<string, Set<(end: LeaseEnd) => void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Who waits for a message. */
  get listeners(): number {
    let count = 0
    for (const { size } of this.#listeners.values()) count += size
    return count
  }

  owner(name: string): string | undefined {
    const held = this.#held.get(name)
    return held !== undefined && held.until > this.#clock.monotonic() ? held.token : undefined
  }

  async take(name: string, token: string, ttlMs: number): Promise<boolean> {
    await this.#arrive('take')
    if (this.owner(name) !== undefined) return false
    this.#hold(name, token, ttlMs)
    return true
  }

  async extend(name: string, token: string, ttlMs: number): Promise<boolean> {
    await this.#arrive('extend')
    if (this.owner(name) !== token) return false
    this.#hold(name, token, ttlMs)
    return true
  }

  async release(name: string, token: string, end: LeaseEnd): Promise<void> {
    await this.#arrive(`release ${end}`)
    if (this.owner(name) !== token) return
    this.#held.delete(name)
    if (!this.mute) for (const tell of [...(this.#listeners.get(name) ?? [])]) tell(end)
  }

  onRelease(name: string, listener: (end: LeaseEnd) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** What happens to a lease whose owner was killed, or that the store forgot. */
  drop(name: string): void {
    this.#held.delete(name)
  }

  #hold(name: string, token: string, ttlMs: number): void {
    this.#held.set(name, { token, until: this.#clock.monotonic() + ttlMs })
  }

  async #arrive(call: string): Promise<void> {
    this.calls.push(call)
    if (this.broken) throw new Error('The store is broken')
    const { latency } = this
    if (latency > 0) {
      await new Promise<void>((resolve) => this.#clock.schedule(latency, resolve))
    }
  }
}
