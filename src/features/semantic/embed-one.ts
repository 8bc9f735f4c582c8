/** One text as a vector, within a time, whatever the embedder does. */
import type { Clock } from '../../contracts/clock.js'
import type { Embedder } from '../../contracts/embedder.js'
import type { Logger } from '../../contracts/logger.js'
import { errorKind } from '../../util/error-kind.js'
import { hasLengthOne } from '../../util/unit-vector.js'
import { within } from '../../util/within.js'

/** A miss waits so long for a vector at most; one that comes later is still stored with the answer. */
const EMBED_MS = 1_000

/**
 * Calls `done` with the vector, perhaps later than the promise resolves. Undefined when the embedder
 * answered, or failed, without a promise. Never throws or rejects.
 */
export function embedOne(
  embedder: Embedder,
  text: string,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
  done: (vector: Float32Array) => void,
): Promise<void> | undefined {
  const take = (vectors: readonly Float32Array[]): void => {
    const [vector] = vectors
    if (isVector(vector, embedder.dimensions)) done(vector)
    else
      logger.warn({ embedder: embedder.id }, 'an embedder did not answer with a vector of length 1')
  }
  const fail = (error: unknown): void => {
    if (signal.aborted) return
    const kind = errorKind(error)
    logger.warn({ embedder: embedder.id, kind }, 'a text could not be embedded')
  }
  try {
    const answer = embedder.embed([text], signal)
    if ('then' in answer) return within(clock, EMBED_MS, answer.then(take).catch(fail))
    take(answer)
  } catch (error) {
    fail(error)
  }
  return undefined
}

/** Written for embedders in JavaScript; a class check would fail between realms, as in Jest. */
function isVector(given: unknown, dimensions: number): given is Float32Array {
  if (!ArrayBuffer.isView(given) || !('length' in given)) return false
  const vector = given as Float32Array
  return vector.length === dimensions && hasLengthOne(vector)
}
