/** An embedder from a function. */
import type { Embedder } from '../../contracts/embedder.js'
import { RaptorflowError } from '../../errors.js'
import { invalidOption } from '../../util/invalid-option.js'
import { func, refuseUnknown, text } from '../../util/option-checks.js'
import { unitVector } from '../../util/unit-vector.js'

/** One array of `dimensions` numbers for each text; of any length but 0 as vectors. */
export type EmbedFunction = (
  texts: readonly string[],
  signal: AbortSignal | undefined,
) => readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>

export interface EmbedderFromOptions {
  /**
   * Names model, version and dimensions, 1-256 characters. Change it whenever the same text gives
   * another vector: vectors of different ids are never compared.
   */
  readonly id: string
  /** An integer, 1-16,384. */
  readonly dimensions: number
  /** Cosine similarity from which two texts may pass for equal, 0-1. @default 0.95 */
  readonly recommendedThreshold?: number | undefined
}

const NAMES = ['id', 'dimensions', 'recommendedThreshold'] as const

/**
 * Checks what the function gives and brings it to length 1. `embed` fails with PROVIDER_UNAVAILABLE,
 * reason `bad_response`, when there is not one array of `dimensions` finite numbers, not all zero, for
 * each text; what the function throws is passed on.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option
 */
export function embedderFrom(embed: EmbedFunction, options: EmbedderFromOptions): Embedder {
  func('embed', embed)
  refuseUnknown('embedderFrom()', options, NAMES)
  const { dimensions, recommendedThreshold = 0.95 } = options
  const id = text('id', options.id)
  if (id.length > 256) throw invalidOption('id', '1-256 characters', id)
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 16_384) {
    throw invalidOption('dimensions', 'an integer from 1 to 16384', dimensions)
  }
  if (!(recommendedThreshold >= 0 && recommendedThreshold <= 1)) {
    throw invalidOption('recommendedThreshold', 'a number from 0 to 1', recommendedThreshold)
  }
  return {
    id,
    dimensions,
    recommendedThreshold,
    embed: (texts, signal) => {
      const answer = embed(texts, signal)
      const take = (given: unknown): readonly Float32Array[] =>
        checked(given, texts.length, dimensions)
      return 'then' in answer ? answer.then(take) : take(answer)
    },
  }
}

function checked(given: unknown, count: number, dimensions: number): readonly Float32Array[] {
  if (!Array.isArray(given) || given.length !== count) throw badVectors(count, dimensions)
  return (given as unknown[]).map((values) => {
    const vector = isRow(values) && values.length === dimensions ? unitVector(values) : undefined
    if (vector === undefined) throw badVectors(count, dimensions)
    return vector
  })
}

function isRow(values: unknown): values is ArrayLike<number> {
  return Array.isArray(values) || (ArrayBuffer.isView(values) && 'length' in values)
}

function badVectors(count: number, dimensions: number): RaptorflowError {
  return new RaptorflowError(
    'PROVIDER_UNAVAILABLE',
    `Expected the embedder to answer with ${count} arrays of ${dimensions} finite numbers, not all zero, got something else`,
    { details: { reason: 'bad_response' }, retryable: false },
  )
}
