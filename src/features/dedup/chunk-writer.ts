/** Turns an answer's pieces and stages into the chunks of a log, with progress and size limits. */
import { ProviderError } from '../../errors.js'
import type { Clock } from '../../contracts/clock.js'
import type { Delta } from '../../contracts/provider.js'
import type { ProgressDelta } from '../../contracts/stream.js'
import { isoTime } from '../../util/iso-time.js'
import { dataChunk, progressChunk } from './chunk.js'
import type { FlightLog } from './flight-log.js'

/** A piece of an answer that carries content. */
export type ContentDelta = Exclude<Delta, { type: 'alive' } | { type: 'finish' }>

/** Bytes of content one answer may have: 4 MiB. */
export const MAX_ANSWER_BYTES = 4 * 2 ** 20

/** What the smallest piece counts for, so that a flood of empty pieces is bounded, too. */
const MIN_DELTA_BYTES = 8
const BYTES_PER_TOKEN = 4
const EXPECTED_TOKENS = 200
/** Points of percentage that are worth a progress chunk of their own: at most 19 of them. */
const PROGRESS_STEP = 5

/** The only writer of one log. */
export class ChunkWriter {
  readonly #log: FlightLog
  readonly #clock: Clock
  #percentage = 0
  #bytes = 0
  #textBytes = 0
  #delivered = false
  #hasText = false
  #expectedTokens = EXPECTED_TOKENS

  constructor(log: FlightLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Bytes of content appended, the smallest piece counting as 8. */
  get bytes(): number {
    return this.#bytes
  }

  /** True once a piece of the answer is in the log. */
  get delivered(): boolean {
    return this.#delivered
  }

  /** How long the answer's text will probably be, for the percentages. @default 200 tokens */
  expectTokens(tokens: number): void {
    if (tokens >= 1) this.#expectedTokens = tokens
  }

  /**
   * Appends a piece: text as a `data` chunk, the rest as `progress` with an additive `delta`.
   * @throws ProviderError `answer_too_large` past 4 MiB; nothing is appended then
   */
  append(delta: ContentDelta): void {
    if (delta.type === 'text' && delta.text === '') return
    const bytes = Buffer.byteLength(contentOf(delta))
    const counted = this.#bytes + Math.max(bytes, MIN_DELTA_BYTES)
    if (counted > MAX_ANSWER_BYTES) throw new ProviderError({ reason: 'answer_too_large' })
    this.#bytes = counted
    this.#delivered = true
    if (delta.type === 'text') {
      this.#text(delta.text)
      this.#textBytes += bytes
      this.#progressByText()
    } else {
      const message = delta.type === 'reasoning' ? 'Reasoning' : 'Writing a tool call'
      this.#progress(message, toProgressDelta(delta))
    }
  }

  /** Appends a progress chunk. The percentage never falls, and stays below 100 until the end. */
  progress(percentage: number, message: string): void {
    if (percentage > this.#percentage) this.#percentage = Math.min(percentage, 99)
    this.#progress(message)
  }

  /** The whole answer's text as one chunk, when none of it came in pieces. */
  finish(text: string): void {
    if (!this.#hasText && text !== '') this.#text(text)
  }

  #text(text: string): void {
    this.#hasText = true
    this.#log.append(dataChunk(this.#log.length + 1, isoTime(this.#clock.now()), text))
  }

  #progress(message: string, delta?: ProgressDelta): void {
    const data = { percentage: this.#percentage, message, ...(delta && { delta }) }
    this.#log.append(progressChunk(this.#log.length + 1, isoTime(this.#clock.now()), data))
  }

  /**
   * 10 + 85 * (1 - e^(-tokens / expected)), rounded down, with 4 bytes of UTF-8 to a token:
   * an answer's length is unknown, so this rises ever more slowly and never reaches the end.
   */
  #progressByText(): void {
    const share = 1 - Math.exp(-this.#textBytes / BYTES_PER_TOKEN / this.#expectedTokens)
    const percentage = Math.floor(10 + 85 * share)
    if (percentage >= this.#percentage + PROGRESS_STEP) this.progress(percentage, 'Generating')
  }
}

function contentOf(delta: ContentDelta): string {
  if (delta.type !== 'tool_call') return delta.text
  return `${delta.id ?? ''}${delta.name ?? ''}${delta.arguments ?? ''}`
}

/** A copy without undefined fields: a provider may reuse its object. */
function toProgressDelta(delta: Exclude<ContentDelta, { type: 'text' }>): ProgressDelta {
  if (delta.type === 'reasoning') return { type: 'reasoning', text: delta.text }
  return {
    type: 'tool_call',
    index: delta.index,
    ...(delta.id !== undefined && { id: delta.id }),
    ...(delta.name !== undefined && { name: delta.name }),
    ...(delta.arguments !== undefined && { arguments: delta.arguments }),
  }
}
