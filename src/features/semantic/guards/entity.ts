/** Guard: both texts speak of the same names, and of the same he and she. */
import { GENDERS } from '../word-lists/closed-class.js'
import { isCommonWord, properNames } from '../word-lists/names.js'
import { MONTHS } from '../word-lists/number-words.js'
import type { EntityFeatures, TextFeatures } from './text-features.js'
import type { Word } from './words.js'

/** Of a heading most words have a capital; there it makes no names of common words. */
const HEADING_SHARE = 0.6
const HEADING_WORDS = 5

export function readEntities(words: readonly Word[]): EntityFeatures {
  const capitalsTell = !isHeading(words)
  const names = new Set<string>()
  let genders = ''
  for (const word of words) {
    if (word.kind !== 'word') continue
    genders += GENDERS().get(word.text) ?? ''
    if (word.content && isName(word, capitalsTell)) names.add(word.stem)
  }
  return { names: [...names], genders }
}

function isHeading(words: readonly Word[]): boolean {
  let all = 0
  let capitals = 0
  for (const { kind, capital } of words) {
    if (kind !== 'word') continue
    all += 1
    if (capital) capitals += 1
  }
  return all >= HEADING_WORDS && capitals > all * HEADING_SHARE
}

function isName(word: Word, capitalsTell: boolean): boolean {
  // Dates are the number guard's.
  if (MONTHS.has(word.text)) return false
  if (properNames().has(word.text)) return true
  if (!word.capital) return false
  return (capitalsTell && !word.first) || !isCommonWord(word)
}

export const entitiesDiffer = (a: TextFeatures, b: TextFeatures): boolean =>
  a.entities.genders !== b.entities.genders || hasForeign(a, b) || hasForeign(b, a)

const hasForeign = ({ entities }: TextFeatures, { stems }: TextFeatures): boolean =>
  entities.names.some((name) => !stems.has(name))
