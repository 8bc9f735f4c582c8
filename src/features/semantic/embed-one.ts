/** One text as a vector, within a time, whatever the embedder does. */
import { RaptorflowError } from '../../errors.js'
import { warnOnce } from '../../util/warn-once.js'
import type { Clock } from '../../contracts/clock.js'
import type { Embedder } from '../../contracts/embedder.js'
import type { Logger } from '../../contracts/logger.js'
import { isThenable } from '../../util/deadline.js'
import { errorKind } from '../../util/error-kind.js'
import { createGuard, type Guard, type GuardState } from '../../util/guard.js'
import { hasLengthOne } from '../../util/unit-vector.js'

/** A miss waits so long for a vector at most; one that comes later is still stored with the answer. */
const EMBED_MS = 1_000
/** A caller who left earlier says nothing about the embedder; one who left later had reason to. */
const SLOW_MS = 250

interface Deps {
  readonly clock: Clock
  readonly logger: Logger
}

/** An embedder that failed or hung three times within ten seconds is left alone, for 1 s up to 30 s. */
export class OneTextEmbedder {
  readonly #embedder: Embedder
  readonly #deps: Deps
  readonly #guard: Guard

  constructor(embedder: Embedder, deps: Deps) {
    const { clock, logger } = deps
    this.#embedder = embedder
    this.#deps = deps
    this.#guard = createGuard({
      clock,
      onChange: (state: GuardState, reason) => {
        if (state === 'down') logger.warn({ embedder: embedder.id, reason }, 'an embedder is ill')
        if (state === 'ok') logger.info({ embedder: embedder.id, reason }, 'an embedder is well')
      },
    })
  }

  /**
   * Calls `done` with a vector of the caller's own, perhaps later than the promise resolves. Undefined
   * when the embedder answered, or failed, without a promise. Never throws or rejects.
   */
  embed(
    text: string,
    signal: AbortSignal,
    done: (vector: Float32Array) => void,
  ): Promise<void> | undefined {
    const begin = (): unknown => this.#embedder.embed([text], signal)
    if (this.#guard.state !== 'ok') return this.#later(begin, signal, done)
    try {
      const answer = begin()
      if (isThenable(answer)) return this.#later(() => answer, signal, done)
      this.#take(answer, done)
    } catch (error) {
      this.#told(error)
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#guard.close()
    await this.#embedder.close?.()
  }

  async #later(
    begin: () => unknown,
    signal: AbortSignal,
    done: (vector: Float32Array) => void,
  ): Promise<void> {
    const { clock } = this.#deps
    const began = clock.monotonic()
    const work = async (): Promise<void> => {
      try {
        this.#take(await begin(), done)
      } catch (error) {
        if (signal.aborted && clock.monotonic() - began < SLOW_MS) return
        if (!signal.aborted) this.#told(error)
        throw error
      }
    }
    try {
      await this.#guard.run(EMBED_MS, work)
    } catch {
      // Told where it failed; that it is left alone was told when it began.
    }
  }

  /** A copy: the embedder may fill the same memory with the next text's numbers. */
  #take(vectors: unknown, done: (vector: Float32Array) => void): void {
    const { id, dimensions } = this.#embedder
    const [vector] = vectors as readonly unknown[]
    if (isVector(vector, dimensions)) done(new Float32Array(vector))
    else
      this.#deps.logger.warn(
        { embedder: id },
        'an embedder did not answer with a vector of length 1',
      )
  }

  #told(error: unknown): void {
    const { id } = this.#embedder
    if (!RaptorflowError.isInstance(error)) {
      this.#deps.logger.warn(
        { embedder: id, kind: errorKind(error) },
        'a text could not be embedded',
      )
      return
    }
    const { code, details, message } = error
    const { reason } = details
    this.#deps.logger.warn({ embedder: id, code, reason }, 'a text could not be embedded')
    // Nothing will be matched at all, and no request says so.
    if (reason === 'package_missing') warnOnce(message)
  }
}

/** Written for embedders in JavaScript; a class check would fail between realms, as in Jest. */
function isVector(given: unknown, dimensions: number): given is Float32Array {
  if (!ArrayBuffer.isView(given) || !('length' in given)) return false
  const vector = given as Float32Array
  return vector.length === dimensions && hasLengthOne(vector)
}
