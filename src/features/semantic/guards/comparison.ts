/** Which words of two texts have no counterpart in the other. */
import type { TextFeatures } from './text-features.js'
import type { Word } from './words.js'

export interface Comparison {
  readonly a: TextFeatures
  readonly b: TextFeatures
  /** Words of `a` whose stem is not in `b`, each stem once. */
  readonly onlyA: readonly Word[]
  readonly onlyB: readonly Word[]
}

export const compare = (a: TextFeatures, b: TextFeatures): Comparison => ({
  a,
  b,
  onlyA: missing(a, b),
  onlyB: missing(b, a),
})

function missing(from: TextFeatures, other: TextFeatures): readonly Word[] {
  const found: Word[] = []
  for (const word of from.distinct) if (!other.stems.has(word.stem)) found.push(word)
  return found
}
