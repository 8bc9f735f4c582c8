/** One passenger's seat in a flight: its own result, its own readers, its own way out. */
import type { RaptorflowError } from '../../errors.js'
import type { SharedChunk } from '../../contracts/stream.js'
import type { Boarding, Launch, Passenger } from './flight.js'
import type { FlightLog, LogReader } from './flight-log.js'

type Outcome<R> = { readonly ok: true; readonly result: R } | { readonly ok: false; error: Error }

/** What a seat needs of its flight. */
export interface SeatHost<P extends Passenger, R> {
  readonly log: FlightLog
  isSponsor(seat: Seat<P, R>): boolean
  vacate(seat: Seat<P, R>, reason: RaptorflowError): void
}

export class Seat<P extends Passenger, R> implements Boarding<R> {
  readonly joined: boolean
  readonly passenger: P
  readonly launch: Launch<P, R>
  readonly #host: SeatHost<P, R>
  readonly #readers = new Set<LogReader>()
  #outcome: Outcome<R> | undefined
  /** Set when this passenger is out before the flight's end. */
  #removed: Error | undefined
  #result: Promise<R> | undefined
  #settle: ((outcome: Outcome<R>) => void) | undefined

  constructor(host: SeatHost<P, R>, passenger: P, launch: Launch<P, R>, joined: boolean) {
    this.#host = host
    this.passenger = passenger
    this.launch = launch
    this.joined = joined
  }

  get sponsor(): boolean {
    return this.#host.isSponsor(this)
  }

  result(): Promise<R> {
    if (this.#result) return this.#result
    const result = new Promise<R>((resolve, reject) => {
      this.#settle = (outcome) => {
        if (outcome.ok) resolve(outcome.result)
        else reject(outcome.error)
      }
    })
    // Whoever reads chunks learns of the failure there and may never look at this promise.
    result.catch(() => undefined)
    if (this.#outcome) this.#settle?.(this.#outcome)
    this.#result = result
    return result
  }

  chunks(): AsyncIterableIterator<SharedChunk, undefined> {
    const reader = this.#host.log.read(this.#readers)
    if (this.#removed) reader.stop(this.#removed)
    return reader
  }

  leave(reason: RaptorflowError): void {
    if (this.#outcome) return
    this.remove(reason)
    this.#host.vacate(this, reason)
  }

  /** Ends this passenger's wait, not the flight. For the flight only. */
  remove(error: Error): void {
    if (this.#outcome) return
    this.#removed = error
    this.arrive({ ok: false, error })
    for (const reader of this.#readers) reader.stop(error)
  }

  /** The flight's outcome; readers find it at the end of the log. For the flight only. */
  arrive(outcome: Outcome<R>): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#settle?.(outcome)
  }
}
