/** The one call behind a stream's views: opened at the first read, left with its last consumer. */
import { RaptorflowError } from '../errors.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { SharedChunk } from '../contracts/stream.js'
import { errorKind } from '../util/error-kind.js'

/** One caller's way through the pipeline, as its stream sees it. */
export interface Passage<T> {
  /**
   * The shared chunks from the first one; rejects when the call failed or was left. Its `return()`
   * must end a pending `next()` at once, so an async generator will not do.
   */
  chunks(): AsyncIterableIterator<SharedChunk>
  /**
   * The whole response; rejects when the call failed or was left, with this caller's own error,
   * which its readers get in place of the one that `chunks()` rejected with.
   */
  response(): Promise<InferenceResponse<T>>
  /** Gives up waiting. Nothing happens when the answer is already there. */
  leave(reason: RaptorflowError): void
}

export type OpenPassage<T> = () => Promise<Passage<T>> | Passage<T>

export class StreamCall<T> {
  readonly #request_id: string
  readonly #open: OpenPassage<T>
  #passage: Promise<Passage<T>> | undefined
  #consumers = 0
  #ended = false

  constructor(request_id: string, open: OpenPassage<T>) {
    this.#request_id = request_id
    this.#open = open
  }

  /** Opens the passage the first time. */
  passage(): Promise<Passage<T>> {
    return (this.#passage ??= this.#begin())
  }

  async response(): Promise<InferenceResponse<T>> {
    this.enter()
    try {
      const passage = await this.passage()
      return await passage.response()
    } catch (error) {
      throw this.failure(error)
    } finally {
      this.end()
      this.exit()
    }
  }

  /** One more consumer; each calls `exit` once. */
  enter(): void {
    this.#consumers += 1
  }

  /** The last consumer out before the end gives up the call. */
  exit(): void {
    this.#consumers -= 1
    if (this.#consumers > 0 || this.#ended) return
    const reason = new RaptorflowError('ABORTED', 'The caller left the stream', {
      request_id: this.#request_id,
    })
    void this.#passage?.then(
      (passage) => {
        passage.leave(reason)
      },
      () => undefined,
    )
  }

  /** The outcome is known: from here on nobody who leaves gives anything up. */
  end(): void {
    this.#ended = true
  }

  /** What the caller gets for `error`: itself, if it is a RaptorflowError, as it always should be. */
  failure(error: unknown): RaptorflowError {
    if (RaptorflowError.isInstance(error)) return error
    const kind = errorKind(error)
    return new RaptorflowError(
      'INTERNAL_ERROR',
      `Expected a failed call to end with a RaptorflowError, got ${kind}. Please report this.`,
      { request_id: this.#request_id },
    )
  }

  async #begin(): Promise<Passage<T>> {
    return this.#open()
  }
}
