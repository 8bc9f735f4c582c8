/** The append-only log of a flight's chunks, and the readers that each walk it at their own pace. */
import type { SharedChunk } from '../../contracts/stream.js'

type Item = IteratorResult<SharedChunk, undefined>

/** How a log or one of its readers ended; `error` undefined: well. */
interface Ending {
  readonly error: Error | undefined
}

interface Waiting {
  readonly resolve: (item: Item) => void
  readonly reject: (error: Error) => void
}

const DONE: Item = Object.freeze({ value: undefined, done: true })

/**
 * Written by one, read by many. Readers are hand-written iterators because an async generator's
 * `return()` waits for the next chunk: a disconnect would never end a call that stalls upstream.
 */
export class FlightLog {
  readonly #items: Item[] = []
  readonly #readers = new Set<LogReader>()
  #ending: Ending | undefined

  /** Chunks so far; the next chunk's sequence is this + 1. */
  get length(): number {
    return this.#items.length
  }

  /** Set once the log is closed. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** The iterator result at a position: one frozen object for all readers. */
  item(position: number): Item | undefined {
    return this.#items[position]
  }

  /** Adds a chunk and hands it to every reader that waits; ignored once closed. */
  append(chunk: SharedChunk): void {
    if (this.#ending) return
    this.#items.push(Object.freeze({ value: chunk, done: false }))
    for (const reader of this.#readers) reader.wake()
  }

  /** Closes the log: readers get what is left of it, then the end, or the error when there is one. */
  close(error?: Error): void {
    if (this.#ending) return
    this.#ending = { error }
    for (const reader of this.#readers) reader.wake()
    this.#readers.clear()
  }

  /** A reader from the first chunk. @param owned a set that holds the reader until it is stopped */
  read(owned?: Set<LogReader>): LogReader {
    const reader = new LogReader(this, (stopped) => {
      this.#readers.delete(stopped)
      owned?.delete(stopped)
    })
    owned?.add(reader)
    if (!this.#ending) this.#readers.add(reader)
    return reader
  }
}

/** One cursor over a log. Several `next()` at once are answered in order. */
export class LogReader implements AsyncIterableIterator<SharedChunk, undefined> {
  readonly #log: FlightLog
  readonly #onStop: (reader: LogReader) => void
  readonly #waiting: Waiting[] = []
  #cursor = 0
  #ending: Ending | undefined

  /** @param onStop called when this reader no longer wants chunks */
  constructor(log: FlightLog, onStop: (reader: LogReader) => void) {
    this.#log = log
    this.#onStop = onStop
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next chunk; rejects when the log was closed with an error or this reader was stopped with one. */
  next(): Promise<Item> {
    if (!this.#ending) {
      const item = this.#log.item(this.#cursor)
      if (item) {
        this.#cursor += 1
        return Promise.resolve(item)
      }
    }
    const ending = this.#ending ?? this.#log.ending
    if (!ending) {
      return new Promise((resolve, reject) => void this.#waiting.push({ resolve, reject }))
    }
    return ending.error ? Promise.reject(ending.error) : Promise.resolve(DONE)
  }

  /** Ends this reader at once, a pending `next()` included. */
  return(): Promise<Item> {
    this.stop()
    return Promise.resolve(DONE)
  }

  /** Ends this reader at once; with an error, its pending and later `next()` reject with it. */
  stop(error?: Error): void {
    if (this.#ending) return
    this.#ending = { error }
    this.#settle(this.#ending)
    this.#onStop(this)
  }

  /** Answers pending `next()` calls from the log; for the log only. */
  wake(): void {
    while (this.#waiting.length > 0) {
      const item = this.#log.item(this.#cursor)
      if (!item) break
      this.#cursor += 1
      this.#waiting.shift()?.resolve(item)
    }
    if (this.#log.ending) this.#settle(this.#log.ending)
  }

  #settle(ending: Ending): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (ending.error) reject(ending.error)
      else resolve(DONE)
    }
  }
}
