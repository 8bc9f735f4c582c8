/** One iteration over a stream: the shared chunks, then this reader's own `complete` or `error`. */
import type { RaptorflowError } from '../errors.js'
import type { Clock } from '../contracts/clock.js'
import type { SharedChunk, StreamChunk } from '../contracts/stream.js'
import { chunkId } from '../features/dedup/chunk.js'
import { isoTime } from '../util/iso-time.js'
import type { StreamCall } from './stream-call.js'

type Item<T> = IteratorResult<StreamChunk<T>, undefined>

type Phase = 'new' | 'reading' | 'completing' | 'over'

const DONE = Object.freeze({ value: undefined, done: true as const })

/** Hand-written, so that `return()` ends a pending `next()` at once, however long upstream stalls. */
export class StreamReader<T> implements AsyncIterableIterator<StreamChunk<T>, undefined> {
  readonly #call: StreamCall<T>
  readonly #clock: Clock
  /** Ends what `next()` waits for outside the log: the opening, the response. */
  readonly #onReturn: (() => void)[] = []
  #phase: Phase = 'new'
  #chunks: AsyncIterator<SharedChunk> | undefined
  #sequence = 0
  /** Its `error` chunk was given out; the next read throws it. */
  #failure: RaptorflowError | undefined

  constructor(call: StreamCall<T>, clock: Clock) {
    this.#call = call
    this.#clock = clock
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Item<T>> {
    if (this.#failure) return this.#throw(this.#failure)
    if (this.#phase === 'new') {
      this.#phase = 'reading'
      this.#call.enter()
    }
    if (this.#phase === 'reading') {
      return this.#chunks
        ? this.#chunks.next().then(this.#forward, this.#broken)
        : this.#untilReturned(this.#begin())
    }
    return Promise.resolve(DONE)
  }

  return(): Promise<Item<T>> {
    const reading = this.#phase !== 'new' && this.#phase !== 'over'
    this.#phase = 'over'
    this.#failure = undefined
    this.#chunks?.return?.().catch(() => undefined)
    for (const end of this.#onReturn.splice(0)) end()
    if (reading) this.#call.exit()
    return Promise.resolve(DONE)
  }

  async #begin(): Promise<Item<T>> {
    try {
      const passage = await this.#call.passage()
      if (this.#phase === 'over') return DONE
      this.#chunks ??= passage.chunks()
    } catch (error) {
      return this.#fail(error)
    }
    return this.#chunks.next().then(this.#forward, this.#broken)
  }

  readonly #forward = (item: IteratorResult<SharedChunk>): Item<T> | Promise<Item<T>> => {
    if (item.done !== true) {
      this.#sequence = item.value.sequence
      return item
    }
    if (this.#phase !== 'reading') return DONE
    this.#phase = 'completing'
    return this.#untilReturned(this.#complete())
  }

  async #complete(): Promise<Item<T>> {
    try {
      const passage = await this.#call.passage()
      const data = await passage.response()
      if (this.#phase === 'over') return DONE
      this.#phase = 'over'
      this.#call.end()
      this.#call.exit()
      return { value: Object.freeze({ ...this.#position(), type: 'complete', data }), done: false }
    } catch (error) {
      return this.#fail(error)
    }
  }

  readonly #broken = (error: unknown): Item<T> | Promise<Item<T>> =>
    this.#phase === 'over' ? DONE : this.#untilReturned(this.#explain(error))

  /** The log's error is everybody's; the response's is this caller's own. */
  async #explain(error: unknown): Promise<Item<T>> {
    try {
      const passage = await this.#call.passage()
      await passage.response()
    } catch (own) {
      return this.#fail(own)
    }
    return this.#fail(error)
  }

  #fail(error: unknown): Item<T> | Promise<Item<T>> {
    if (this.#failure) return this.#throw(this.#failure)
    if (this.#phase === 'over') return DONE
    this.#failure = this.#call.failure(error)
    this.#call.end()
    const data = this.#failure.toJSON().error
    return { value: Object.freeze({ ...this.#position(), type: 'error', data }), done: false }
  }

  #throw(failure: RaptorflowError): Promise<never> {
    this.#failure = undefined
    this.#phase = 'over'
    this.#call.exit()
    return Promise.reject(failure)
  }

  /** Of the chunk after the last shared one. */
  #position(): Pick<StreamChunk, 'id' | 'timestamp' | 'sequence'> {
    const sequence = this.#sequence + 1
    return { id: chunkId(sequence), timestamp: isoTime(this.#clock.now()), sequence }
  }

  /** `work`, or the end as soon as this reader returns. */
  #untilReturned(work: Promise<Item<T>>): Promise<Item<T>> {
    return new Promise((resolve, reject) => {
      this.#onReturn.push(() => {
        resolve(DONE)
      })
      work.then(resolve, reject)
    })
  }
}
