/** Guard: no content word of one text stands where the other has one of another meaning. */
import { synonymGroups } from '../word-lists/synonyms.js'
import type { Comparison } from './comparison.js'
import type { TextFeatures } from './text-features.js'
import { oppositesAmong } from './opposite.js'
import type { Word } from './words.js'

/** Stems of all words but articles, in their order. */
export const readSequence = (words: readonly Word[]): readonly string[] =>
  words.flatMap(({ kind, stem, text }) =>
    (kind === 'word' && text !== 'a' && text !== 'an' && text !== 'the') || kind === 'number'
      ? [stem]
      : [],
  )

/**
 * Between the same neighbours stands another word: `feed my [fish] liver`, `feed my [goat] liver`.
 * Of texts that are worded differently as a whole this says nothing.
 */
export function contentDiffers(pair: Comparison): boolean {
  const { a, b } = pair
  const fromA = unmatched(pair.onlyA, b, pair.onlyB)
  const fromB = unmatched(pair.onlyB, a, pair.onlyA)
  if (fromA.size === 0 || fromB.size === 0) return false
  const places = placesOf(fromA, a.sequence)
  const others = placesOf(fromB, b.sequence)
  return places.length === others.length && places.every((place, at) => place === others[at])
}

/** Any content word without a counterpart. Refuses most paraphrases as well. */
export const hasUnmatchedContent = (pair: Comparison): boolean =>
  unmatched(pair.onlyA, pair.b, pair.onlyB).size + unmatched(pair.onlyB, pair.a, pair.onlyA).size >
  0

/** Texts that differ in more words than this are no neighbours; time stays bounded. */
const MOST_WORDS = 40

function unmatched(
  words: readonly Word[],
  { stems }: TextFeatures,
  others: readonly Word[],
): ReadonlySet<string> {
  const found = new Set<string>()
  const looked = others.slice(0, MOST_WORDS)
  for (const word of words.slice(0, MOST_WORDS)) {
    if (!word.content || hasSynonym(word, stems)) continue
    // What to make of opposites is the antonym guard's to say.
    if (oppositesAmong(word, looked).length === 0) found.add(word.stem)
  }
  return found
}

function hasSynonym({ stem }: Word, other: ReadonlySet<string>): boolean {
  for (const group of synonymGroups().get(stem) ?? []) {
    for (const synonym of group) if (other.has(synonym)) return true
  }
  return false
}

/** The neighbours of every run of these words. */
function placesOf(stems: ReadonlySet<string>, sequence: readonly string[]): readonly string[] {
  const places: string[] = []
  for (let at = 0; at < sequence.length; at += 1) {
    if (!stems.has(sequence[at] ?? '')) continue
    const before = sequence[at - 1] ?? ''
    while (stems.has(sequence[at + 1] ?? '')) at += 1
    places.push(`${before} ${sequence[at + 1] ?? ''}`)
  }
  return places
}
