/** One attempt to get a lease, or what its owner makes of it. */
import { LeaseHold } from './lease-hold.js'
import type { EnterOptions, LeaseOutcome, LeaseRoom } from './lease-terms.js'
import { LeaseWait } from './lease-wait.js'

const ALONE: LeaseOutcome = { kind: 'alone' }
const STORED: LeaseOutcome = { kind: 'stored' }

export class LeaseEntry {
  readonly #room: LeaseRoom
  readonly #name: string
  readonly #options: EnterOptions
  #wait: LeaseWait | undefined
  #abort: (reason: Error) => void = () => undefined
  readonly #aborted = new Promise<never>((_, reject) => (this.#abort = reject))

  constructor(room: LeaseRoom, name: string, options: EnterOptions) {
    this.#room = room
    this.#name = name
    this.#options = options
  }

  /** To be called once. */
  async outcome(): Promise<LeaseOutcome> {
    const { signal } = this.#options
    const abort = (): void => {
      this.#abort(signal.reason as Error)
    }
    signal.throwIfAborted()
    this.#aborted.catch(() => undefined)
    signal.addEventListener('abort', abort)
    try {
      return await this.#enter()
    } catch {
      signal.throwIfAborted()
      // Whatever the store did, the call can be made without it.
      return ALONE
    } finally {
      signal.removeEventListener('abort', abort)
      this.#wait?.stop()
    }
  }

  async #enter(): Promise<LeaseOutcome> {
    const { store, clock, random } = this.#room
    const { wait, deadline } = this.#options
    while (store.available) {
      const hold = await this.#take()
      if (hold) return await this.#own(hold)
      if (!wait) return ALONE
      this.#wait ??= new LeaseWait({ store, clock, random, name: this.#name, deadline })
      if (!(await this.#unlessAborted(this.#wait.next()))) return ALONE
      if (await this.#isStored()) return STORED
    }
    return ALONE
  }

  async #take(): Promise<LeaseHold | undefined> {
    const { store, newToken, ttlMs } = this.#room
    const token = newToken()
    const hold = (): LeaseHold => new LeaseHold(this.#room, this.#name, token)
    const taking = store.take(this.#name, token, ttlMs)
    try {
      return (await this.#unlessAborted(taking)) ? hold() : undefined
    } catch (error) {
      // The store may have taken it, or will: nobody would know of it, and the others would wait.
      const giveUp = (taken: boolean): void => {
        if (taken) hold().giveUp()
      }
      void taking.catch(() => true).then(giveUp)
      throw error
    }
  }

  /** Between our look into the cache and our take, another owner may have stored and released. */
  async #own(hold: LeaseHold): Promise<LeaseOutcome> {
    try {
      if (!(await this.#isStored())) return { kind: 'owner', lease: hold }
    } catch (error) {
      hold.giveUp()
      throw error
    }
    hold.giveUp()
    return STORED
  }

  /** Rejects only when aborted. */
  async #isStored(): Promise<boolean> {
    try {
      return await this.#unlessAborted(Promise.resolve(this.#options.isStored()))
    } catch {
      this.#options.signal.throwIfAborted()
      return false
    }
  }

  #unlessAborted<T>(work: Promise<T>): Promise<T> {
    return Promise.race([this.#aborted, work])
  }
}
