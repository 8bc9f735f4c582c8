/** A flight while it runs: who is aboard, whose launch feeds it, how it ends. */
import { RaptorflowError } from '../../errors.js'
import type { Clock } from '../../contracts/clock.js'
import { ChunkWriter, type ContentDelta } from './chunk-writer.js'
import { SponsorRefusal, type FlightControl, type Launch, type Passenger } from './flight.js'
import { FlightLog } from './flight-log.js'
import { Seat, type SeatHost } from './seat.js'

/** A log larger than this takes no more joiners, who would have to replay it: 1 MiB. */
const MAX_JOINABLE_BYTES = 2 ** 20

export interface FlightDependencies<R> {
  readonly clock: Clock
  /** The answer's text, which readers get in one piece when none of it was streamed. */
  readonly finalText: (result: R) => string
}

export class RunningFlight<P extends Passenger, R> implements FlightControl<P>, SeatHost<P, R> {
  readonly mode: 'unary' | 'stream'
  readonly log = new FlightLog()
  readonly #writer: ChunkWriter
  readonly #controller = new AbortController()
  readonly #finalText: (result: R) => string
  readonly #onEnd: () => void
  /** Those aboard, oldest first. */
  readonly #seats = new Set<Seat<P, R>>()
  #listeners: ((passenger: P) => void)[] = []
  #sponsor: Seat<P, R> | undefined
  #over = false
  /** Of those aboard; undefined: to be computed, because somebody left. */
  #highest: { deadline: number; priority: number } | undefined

  /** @param onEnd called once, when the flight ended or was left by everybody */
  constructor(
    mode: 'unary' | 'stream',
    { clock, finalText }: FlightDependencies<R>,
    onEnd: () => void,
  ) {
    this.mode = mode
    this.#writer = new ChunkWriter(this.log, clock)
    this.#finalText = finalText
    this.#onEnd = onEnd
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get delivered(): boolean {
    return this.#writer.delivered
  }

  get joinable(): boolean {
    return !this.#over && this.#writer.bytes <= MAX_JOINABLE_BYTES
  }

  /** Takes a passenger aboard. The first one starts the flight. */
  board(passenger: P, launch: Launch<P, R>): Seat<P, R> {
    const joined = this.#seats.size > 0
    const seat = new Seat(this, passenger, launch, joined)
    this.#seats.add(seat)
    if (this.#highest) raise(this.#highest, passenger)
    if (joined) for (const listener of this.#listeners) listener(passenger)
    else queueMicrotask(() => void this.#run())
    return seat
  }

  append(delta: ContentDelta): void {
    if (!this.#over) this.#writer.append(delta)
  }

  progress(percentage: number, message: string): void {
    if (!this.#over) this.#writer.progress(percentage, message)
  }

  expectTokens(tokens: number): void {
    this.#writer.expectTokens(tokens)
  }

  latestDeadline(): number {
    return this.#aboard().deadline
  }

  highestPriority(): number {
    return this.#aboard().priority
  }

  onBoard(listener: (passenger: P) => void): void {
    if (!this.#over) this.#listeners.push(listener)
  }

  isSponsor(seat: Seat<P, R>): boolean {
    return this.#sponsor === seat
  }

  vacate(seat: Seat<P, R>, reason: RaptorflowError): void {
    this.#remove(seat)
    if (this.#over || this.#seats.size > 0) return
    const aborted = new RaptorflowError('ABORTED', 'The last caller waiting for this answer left', {
      cause: reason,
    })
    this.#finish(aborted)
    this.#controller.abort(aborted)
  }

  /** Makes everybody leave. */
  evacuate(reason: RaptorflowError): void {
    for (const seat of [...this.#seats]) seat.leave(reason)
  }

  /** Launches for the oldest passenger, and for the next one when a refusal concerned only that one. */
  async #run(): Promise<void> {
    for (const seat of this.#seats) {
      this.#sponsor = seat
      try {
        const result = await seat.launch(this, seat.passenger)
        if (!this.#over) this.#succeed(result)
        return
      } catch (error) {
        if (this.#over) return
        if (!(error instanceof SponsorRefusal)) {
          this.#fail(toError(error))
          return
        }
        this.#refuse(seat, toError(error.error))
      }
    }
  }

  #succeed(result: R): void {
    this.#writer.finish(this.#finalText(result))
    const seats = this.#finish()
    for (const seat of seats) seat.arrive({ ok: true, result })
  }

  #fail(error: Error): void {
    const seats = this.#finish(error)
    for (const seat of seats) seat.arrive({ ok: false, error })
  }

  /** With a piece of the answer delivered, nobody else may launch again: the refusal is everybody's. */
  #refuse(sponsor: Seat<P, R>, error: Error): void {
    if (this.delivered) {
      this.#fail(error)
      return
    }
    this.#sponsor = undefined
    this.#listeners = []
    sponsor.remove(error)
    this.#remove(sponsor)
    if (this.#seats.size === 0) this.#finish(error)
  }

  #remove(seat: Seat<P, R>): void {
    this.#seats.delete(seat)
    this.#highest = undefined
  }

  /** Closes the log, then frees the key: nobody can join what is over. */
  #finish(error?: Error): Seat<P, R>[] {
    const seats = [...this.#seats]
    this.#over = true
    this.#seats.clear()
    this.#highest = undefined
    this.#listeners = []
    this.log.close(error)
    this.#onEnd()
    return seats
  }

  #aboard(): { readonly deadline: number; readonly priority: number } {
    if (!this.#highest) {
      this.#highest = { deadline: Number.NEGATIVE_INFINITY, priority: 1 }
      for (const { passenger } of this.#seats) raise(this.#highest, passenger)
    }
    return this.#highest
  }
}

function raise(highest: { deadline: number; priority: number }, passenger: Passenger): void {
  highest.deadline = Math.max(highest.deadline, passenger.deadline)
  highest.priority = Math.max(highest.priority, passenger.priority)
}

function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`Expected a launch to reject with an Error, got ${typeof thrown}`)
}
