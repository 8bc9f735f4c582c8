/** The iterator behind watchStream: one timer for three limits, armed anew only when it fires. */
import { ProviderError } from '../../errors.js'
import type { Timer } from '../../contracts/clock.js'
import type { Delta } from '../../contracts/provider.js'
import { openAttempt } from './attempt-signal.js'
import type { StreamLimits } from './limits.js'

type DeltaResult = IteratorResult<Delta, undefined>

interface Reader {
  readonly resolve: (result: DeltaResult) => void
  readonly reject: (error: unknown) => void
}

const DONE: DeltaResult = { done: true, value: undefined }
const swallow = (): void => undefined

/** Says nothing: bookkeeping, or a text without a character, which some servers send to keep alive. */
export function isSilent(delta: Delta): boolean {
  if (delta.type === 'text' || delta.type === 'reasoning') return delta.text === ''
  return delta.type === 'alive'
}

/** Hand-written, because an async generator's return() waits for a chunk that may never come. */
export class StreamWatch implements AsyncIterator<Delta, undefined> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<Delta>
  readonly #limits: StreamLimits
  #source: AsyncIterator<Delta, unknown> | undefined
  #release: (() => void) | undefined
  #reader: Reader | undefined
  #over = false
  /** A failure that found nobody reading: the next read is told. */
  #untold: ProviderError | undefined

  // Times are on clock.monotonic().
  #timer: Timer | undefined
  /** When the timer fires; while somebody reads, never after a limit. */
  #due = Infinity
  #deadline = Infinity
  /** When silence becomes a failure; moves on with every piece of content. */
  #silentAt = Infinity
  /** When the reader was given its last delta. */
  #readAt = 0
  #alive = false

  constructor(open: (signal: AbortSignal) => AsyncIterable<Delta>, limits: StreamLimits) {
    this.#open = open
    this.#limits = limits
  }

  next(): Promise<DeltaResult> {
    if (this.#over) return this.#afterEnd()
    if (this.#reader) return Promise.reject(new TypeError('Expected one next() at a time, got two'))
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      try {
        this.#read(this.#source ?? this.#start())
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  return(): Promise<DeltaResult> {
    const reader = this.#end()
    this.#untold = undefined
    reader?.resolve(DONE)
    return Promise.resolve(DONE)
  }

  #start(): AsyncIterator<Delta, unknown> {
    const { clock, signal, totalMs, firstByteMs } = this.#limits
    if (signal.aborted) throw new ProviderError({ reason: 'aborted' })
    const attempt = openAttempt(signal, this.#fail)
    this.#release = attempt.release
    this.#readAt = clock.monotonic()
    this.#deadline = this.#readAt + totalMs
    this.#silentAt = this.#readAt + firstByteMs
    this.#source = this.#open(attempt.signal)[Symbol.asyncIterator]()
    return this.#source
  }

  #read(source: AsyncIterator<Delta, unknown>): void {
    // Opening may have aborted the parent.
    if (this.#over) return
    const now = this.#limits.clock.monotonic()
    this.#silentAt += now - this.#readAt
    if (this.#silentAt < this.#due || this.#deadline < this.#due) this.#arm(now)
    source.next().then(this.#onResult, this.#fail)
  }

  readonly #onResult = (item: IteratorResult<Delta, unknown>): void => {
    const reader = this.#reader
    if (!reader) return
    try {
      if (item.done === true) {
        this.#end()
        reader.resolve(DONE)
        return
      }
      if (item.value.type === 'finish') this.#end()
      else this.#noteDelta(isSilent(item.value))
      this.#reader = undefined
      reader.resolve(item)
    } catch (error) {
      // A source that yields something else than deltas.
      this.#fail(error)
    }
  }

  #noteDelta(isKeepAlive: boolean): void {
    const now = this.#limits.clock.monotonic()
    if (!isKeepAlive || !this.#alive) this.#silentAt = now + this.#limits.idleMs
    this.#alive = true
    this.#readAt = now
  }

  #arm(now: number): void {
    this.#timer?.cancel()
    this.#due = this.#reader ? Math.min(this.#deadline, this.#silentAt) : this.#deadline
    this.#timer = this.#limits.clock.schedule(this.#due - now, this.#onTimer)
  }

  readonly #onTimer = (): void => {
    const now = this.#limits.clock.monotonic()
    if (now >= this.#deadline) this.#fail(new ProviderError({ reason: 'timeout' }))
    else if (!this.#reader || now < this.#silentAt) this.#arm(now)
    else this.#fail(new ProviderError({ reason: this.#alive ? 'stream_idle' : 'timeout' }))
  }

  readonly #fail = (error: unknown): void => {
    if (this.#over) return
    const reader = this.#end()
    if (reader) reader.reject(error)
    else if (ProviderError.isInstance(error)) this.#untold = error
  }

  /** Lets go of everything, waits for nothing; returns whoever was reading. */
  #end(): Reader | undefined {
    const reader = this.#reader
    this.#reader = undefined
    if (this.#over) return reader
    this.#over = true
    this.#timer?.cancel()
    this.#release?.()
    try {
      this.#source?.return?.().then(swallow, swallow)
    } catch {
      // A source whose return() throws has nothing more to release.
    }
    return reader
  }

  #afterEnd(): Promise<DeltaResult> {
    const error = this.#untold
    this.#untold = undefined
    return error ? Promise.reject(error) : Promise.resolve(DONE)
  }
}
