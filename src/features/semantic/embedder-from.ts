/** An embedder from a function. */
import type { Embedder } from '../../contracts/embedder.js'
import { RaptorflowError } from '../../errors.js'
import { configured } from '../../util/configured.js'
import { isThenable } from '../../util/deadline.js'
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
  const { id, dimensions, recommendedThreshold } = configured('embedderFrom()', () =>
    resolve(options),
  )
  return {
    id,
    dimensions,
    recommendedThreshold,
    embed: (texts, signal) => {
      const answer = embed(texts, signal)
      const take = (given: unknown): readonly Float32Array[] =>
        checked(given, texts.length, dimensions)
      return promiseOf(answer)?.then(take) ?? take(answer)
    },
  }
}

function resolve(
  options: EmbedderFromOptions,
): EmbedderFromOptions & { readonly recommendedThreshold: number } {
  refuseUnknown('embedderFrom()', options, NAMES)
  const { id: given, dimensions, recommendedThreshold = 0.95 } = options
  const id = text('id', given)
  if (id.length > 256) throw invalidOption('id', '1-256 characters', id)
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 16_384) {
    throw invalidOption('dimensions', 'an integer from 1 to 16384', dimensions)
  }
  if (!isShare(recommendedThreshold)) {
    throw invalidOption('recommendedThreshold', 'a number from 0 to 1', recommendedThreshold)
  }
  return { id, dimensions, recommendedThreshold }
}

/** Undefined for what is no promise. */
function promiseOf(answer: unknown): Promise<unknown> | undefined {
  try {
    return isThenable(answer) ? Promise.resolve(answer) : undefined
  } catch {
    return undefined
  }
}

function checked(given: unknown, count: number, dimensions: number): readonly Float32Array[] {
  const vectors = rowsOf(given, count, dimensions)?.filter((vector) => vector !== undefined)
  if (vectors?.length === count) return vectors
  throw badVectors(count, dimensions)
}

/** Undefined where there are not so many, or reading them fails. */
function rowsOf(
  given: unknown,
  count: number,
  dimensions: number,
): readonly (Float32Array | undefined)[] | undefined {
  try {
    if (!Array.isArray(given) || given.length !== count) return undefined
    const rows = given as readonly unknown[]
    return Array.from({ length: count }, (_, index) => {
      const values = rows[index]
      return isRow(values) && values.length === dimensions ? unitVector(values) : undefined
    })
  } catch {
    return undefined
  }
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1
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
