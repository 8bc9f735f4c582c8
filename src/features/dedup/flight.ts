/** The vocabulary of flights: one running call that many callers wait for. */
import type { RaptorflowError } from '../../errors.js'
import type { SharedChunk } from '../../contracts/stream.js'
import type { ContentDelta } from './chunk-writer.js'

/** One caller, as a flight sees it. */
export interface Passenger {
  /** The caller's request_id. */
  readonly id: string
  readonly mode: 'unary' | 'stream'
  /** Milliseconds on `clock.monotonic()`. */
  readonly deadline: number
  /** 1-10. */
  readonly priority: number
}

/**
 * Thrown by a launch when it was refused for a reason that concerns its sponsor only (budget,
 * deadline): that passenger fails with `error`, and the next one aboard sponsors.
 */
export class SponsorRefusal extends Error {
  override readonly name = 'SponsorRefusal'
  /** What the refused passenger gets. */
  readonly error: unknown

  constructor(error: unknown) {
    super('The sponsor of a shared call was refused')
    this.error = error
  }
}

/** The flight as the call that feeds it sees it. Everything is ignored once the flight is over. */
export interface FlightControl<P extends Passenger> {
  /** The first passenger's; a unary flight never streams upstream, whoever joins later. */
  readonly mode: 'unary' | 'stream'
  /** Aborted, with a RaptorflowError ABORTED, when the last passenger left. */
  readonly signal: AbortSignal
  /** True once a piece of the answer reached the log: from here on nothing may be retried silently. */
  readonly delivered: boolean
  /** @throws ProviderError `answer_too_large` past 4 MiB */
  append(delta: ContentDelta): void
  /** A progress chunk. @param percentage 0-100; never falls, and is held below 100 */
  progress(percentage: number, message: string): void
  /**
   * Sets the scale of the progress that appended text makes: 10 + 85 * (1 - e^(-tokens / expected)).
   * @default 200
   */
  expectTokens(tokens: number): void
  /** Of those aboard, on `clock.monotonic()`; -Infinity when nobody is. */
  latestDeadline(): number
  /** Of those aboard, 1-10; 1 when nobody is. */
  highestPriority(): number
  /** Calls back when somebody joins, until this launch ends. The listener must not throw. */
  onBoard(listener: (passenger: P) => void): void
}

/** The call behind a flight; its result is everybody's. */
export type Launch<P extends Passenger, R> = (flight: FlightControl<P>, sponsor: P) => Promise<R>

/** One passenger's place in a flight. */
export interface Boarding<R> {
  /** False for the one who started the flight. */
  readonly joined: boolean
  /** True for the passenger whose launch produced the outcome: it pays, even after leaving. */
  readonly sponsor: boolean
  /** Always the same promise; ignoring it is safe. */
  result(): Promise<R>
  /**
   * The log from its first chunk, with a cursor of its own. Ends when the flight succeeded; after
   * the chunks there are, rejects when it failed; rejects at once when this passenger left.
   */
  chunks(): AsyncIterableIterator<SharedChunk, undefined>
  /** Gives up waiting: `result()` and `chunks()` reject with `reason` at once. Nothing after the end. */
  leave(reason: RaptorflowError): void
}

/** All running calls, and who waits for which. */
export interface Flights<P extends Passenger, R> {
  /**
   * Joins the flight of that key, or starts one. `launch` is called in a microtask, never inside
   * `board`, and only for a passenger who sponsors: then with that same passenger.
   * @param key undefined: a flight of one's own, which nobody joins
   */
  board(key: string | undefined, passenger: P, launch: Launch<P, R>): Boarding<R>
  /** Flights that are running. */
  readonly size: number
  /** Makes everybody leave every flight. */
  abortAll(reason: RaptorflowError): void
}
