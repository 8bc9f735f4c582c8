/** A lease that is owned: extended until it ends. */
import type { Clock, Timer } from '../../contracts/clock.js'
import type { LeaseEnd } from '../../contracts/coordination.js'
import type { Lease, LeaseRoom } from './lease-terms.js'

/** One extension may fail: the next one still comes in time. */
const BEATS_PER_LIFETIME = 3
/** How often a release that failed is tried. */
const RELEASES_PER_LIFETIME = 40

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
    if (!(await this.#released(end))) void this.#releaseLater(end)
  }

  /** While the lease lasts: a store that is well again must not let the others wait for it. */
  async #releaseLater(end: LeaseEnd): Promise<void> {
    const { clock, ttlMs } = this.#room
    const until = clock.monotonic() + ttlMs
    do await pause(clock, ttlMs / RELEASES_PER_LIFETIME)
    while (clock.monotonic() < until && !(await this.#released(end)))
  }

  async #released(end: LeaseEnd): Promise<boolean> {
    const { store } = this.#room
    if (!store.available) return false
    try {
      await store.release(this.#name, this.#token, end)
      return true
    } catch {
      return false
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve)
  })
}
