/** Which words turn a word round: by a list, or by how the words are built. */
import { antonyms } from '../word-lists/antonyms.js'
import { functionWordOpposites } from '../word-lists/opposites.js'
import { stem } from './stem.js'
import { areTurned } from './word-building.js'
import type { Word } from './words.js'

export function oppositesAmong(word: Word, others: readonly Word[]): readonly Word[] {
  const functionWords = functionWordOpposites().get(word.text)
  const listed = antonyms().get(word.stem)
  const base = withoutDegree(word)
  const listedOfBase = base === word.stem ? undefined : antonyms().get(base)
  return others.filter(
    (other) =>
      functionWords?.has(other.text) === true ||
      listed?.has(other.stem) === true ||
      listed?.has(withoutDegree(other)) === true ||
      listedOfBase?.has(withoutDegree(other)) === true ||
      areTurned(word.stem, other.stem),
  )
}

/** `cheapest` as `cheap`: its opposite may be `most expensive`. */
function withoutDegree({ text, stem: whole }: Word): string {
  if (text.length < 5 || !(text.endsWith('est') || text.endsWith('er'))) return whole
  const base = text.slice(0, text.endsWith('er') ? -2 : -3)
  return stem(base.endsWith('i') ? `${base.slice(0, -1)}y` : base)
}
