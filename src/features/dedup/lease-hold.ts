/** A lease that is owned: extended until it ends. */
import type { Timer } from '../../contracts/clock.js'
import type { LeaseEnd } from '../../contracts/coordination.js'
import type { Lease, LeaseRoom } from './lease-terms.js'

/** One extension may fail: the next one still comes in time. */
const BEATS_PER_LIFETIME = 3

export class LeaseHold implements Lease {
  readonly #room: LeaseRoom
  readonly #name: string
  readonly #token: string
  #timer: Timer | undefined
  #ending: Promise<void> | undefined

  constructor(room: LeaseRoom, name: string, token: string) {
    this.#room = room
    this.#name = name
    this.#token = token
    this.#beatLater()
  }

  end(end: LeaseEnd): Promise<void> {
    this.#ending ??= this.#release(end)
    this.#timer?.cancel()
    return this.#ending
  }

  /** Leaves it to the others: told `stored` they look and take again, told `none` all would call. */
  giveUp(): void {
    void this.end('stored')
  }

  #beatLater(): void {
    const { clock, ttlMs } = this.#room
    this.#timer = clock.schedule(ttlMs / BEATS_PER_LIFETIME, () => void this.#beat())
  }

  /** A lost lease is not fought for: the call goes on, and another one may be made beside it. */
  async #beat(): Promise<void> {
    const { store, ttlMs } = this.#room
    try {
      if (store.available && !(await store.extend(this.#name, this.#token, ttlMs))) return
    } catch {
      // The store may be well again before the lease ends.
    }
    if (!this.#ending) this.#beatLater()
  }

  async #release(end: LeaseEnd): Promise<void> {
    const { store } = this.#room
    try {
      if (store.available) await store.release(this.#name, this.#token, end)
    } catch {
      // It ends by itself.
    }
  }
}
