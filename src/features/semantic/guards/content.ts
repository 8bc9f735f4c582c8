/** Guard: where nearly all words agree, the few others decide. */
import { synonymGroups } from '../word-lists/synonyms.js'
import type { Comparison } from './comparison.js'
import type { TextFeatures } from './features.js'
import { areOpposite } from './opposite.js'
import type { Word } from './words.js'

/** Words without a counterpart that object, as a share of those that have one. */
const MOST_RESIDUE = (globalThis as any).RES ?? 1

export function contentDiffers({ a, b, onlyA, onlyB }: Comparison): boolean {
  const fromA = unmatched(onlyA, b, onlyB)
  const fromB = unmatched(onlyB, a, onlyA)
  if (fromA + fromB === 0) return false
  const shared = Math.min(a.contentSize - fromA, b.contentSize - fromB)
  return fromA + fromB <= MOST_RESIDUE * shared
}

function unmatched(words: readonly Word[], other: TextFeatures, others: readonly Word[]): number {
  let count = 0
  for (const word of words) if (word.content && !hasCounterpart(word, other, others)) count += 1
  return count
}

/** Opposites answer to each other as well: what to make of them is the antonym guard's to say. */
const hasCounterpart = (word: Word, { stems }: TextFeatures, others: readonly Word[]): boolean =>
  hasSynonym(word, stems) || others.some((other) => areOpposite(word, other))

function hasSynonym({ stem }: Word, other: ReadonlySet<string>): boolean {
  const groups = synonymGroups()
  for (const group of groups.get(stem) ?? []) {
    for (const synonym of group) if (other.has(synonym)) return true
  }
  return false
}
