/** Waiting for another process's lease to end. */
import type { Clock, Random, Timer } from '../../contracts/clock.js'
import type { LeaseEnd, LeaseStore } from '../../contracts/coordination.js'

/**
 * Without news, who waits looks again after a random time between these, milliseconds: the message
 * may be lost, the owner dead. Random, so that not all ask at once.
 */
const MIN_POLL_MS = 250
const MAX_POLL_MS = 1_000
/** How soon an ill store is noticed, which costs no more than reading `available`. */
const TICK_MS = 100

export interface LeaseWaitOptions {
  readonly store: LeaseStore
  readonly clock: Clock
  readonly random: Random
  readonly name: string
  /** When the answer must be there, on `clock.monotonic()`; may move. */
  readonly deadline: () => number
}

/** One waiter; `stop` it in the end. */
export class LeaseWait {
  readonly #options: LeaseWaitOptions
  readonly #since: number
  readonly #unsubscribe: () => void
  /** What the owner told and nobody has looked at yet. */
  #news: LeaseEnd | undefined
  #wake: (() => void) | undefined
  #timer: Timer | undefined

  constructor(options: LeaseWaitOptions) {
    this.#options = options
    this.#since = options.clock.monotonic()
    this.#unsubscribe = options.store.onRelease(options.name, (end) => {
      this.#news = end
      this.#wake?.()
    })
  }

  /** True when the cache and the lease are worth another look, false when waiting has no sense. */
  next(): Promise<boolean> {
    const { clock, random } = this.#options
    const lookAt = clock.monotonic() + MIN_POLL_MS + random() * (MAX_POLL_MS - MIN_POLL_MS)
    return new Promise((resolve) => {
      const check = (): void => {
        this.#timer?.cancel()
        const verdict = this.#verdict(lookAt)
        if (verdict === undefined) {
          const wait = Math.min(lookAt, this.#until()) - clock.monotonic()
          this.#timer = clock.schedule(Math.min(wait, TICK_MS), check)
          return
        }
        this.#wake = undefined
        resolve(verdict)
      }
      this.#wake = check
      check()
    })
  }

  /** Lets go of the store and the clock; a pending `next` never settles. */
  stop(): void {
    this.#wake = undefined
    this.#timer?.cancel()
    this.#unsubscribe()
  }

  #verdict(lookAt: number): boolean | undefined {
    const { store, clock } = this.#options
    const news = this.#news
    this.#news = undefined
    if (news === 'none' || !store.available) return false
    if (news === 'stored') return true
    const now = clock.monotonic()
    if (now >= this.#until()) return false
    return now >= lookAt ? true : undefined
  }

  /**
   * Halfway to the deadline: as long as the other call was waited for, as long our own may take. How
   * long it needs, nobody knows, but what is late already is rather slow than nearly there.
   */
  #until(): number {
    return (this.#since + this.#options.deadline()) / 2
  }
}
