/** What a match by meaning needs of an entry, checked and copied. */
import type { SemanticRecord } from '../../contracts/cache-tier.js'
import { isObject } from './cacheable.js'

/** UTF-16 code units, at most 60,000 bytes of UTF-8. A longer text is not matched by meaning. */
const MAX_TEXT_LENGTH = 20_000
const MAX_DIMENSIONS = 16_384

/** A frozen copy, or undefined for what is none: the entry is as good without it. */
export function adoptSemantic(value: unknown): SemanticRecord | undefined {
  if (!isObject(value)) return undefined
  const { scope, embedder, text, vector } = value
  if (!isName(scope) || !isName(embedder) || !isVector(vector)) return undefined
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) return undefined
  // A copy, because whoever gave it may write to it, and it may be a view of a larger buffer.
  return Object.freeze({ scope, embedder, text, vector: vector.slice() })
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== ''

function isVector(value: unknown): value is Float32Array {
  if (!(value instanceof Float32Array)) return false
  return value.length >= 1 && value.length <= MAX_DIMENSIONS && value.every(Number.isFinite)
}
