/** How common words are in English, and whether a text is English at all. */
import { once } from '../../util/once.js'
import { IDF_STEP, IDF_WORDS } from './idf-table.js'
import { wordsOf } from './words.js'

/** -ln of the share of texts a word is in; for words the table does not have, a little more than its last. */
const RARE = 9

const table = once((): ReadonlyMap<string, number> => {
  const rarities = new Map<string, number>()
  for (const [step, line] of IDF_WORDS.trim().split('\n').entries()) {
    for (const word of line.split(' ')) rarities.set(word, step * IDF_STEP)
  }
  return rarities
})

/** Natural log of how rare a word is, 0 to `RARE`. */
export function rarity(word: string): number {
  return table().get(word) ?? RARE
}

/** True when at least half the words are common English ones; a single unknown word in three does no harm. */
export function looksEnglish(text: string): boolean {
  const words = wordsOf(text).filter((word) => /\p{L}/u.test(word))
  const known = words.filter((word) => table().has(word))
  return known.length * 2 >= words.length
}
