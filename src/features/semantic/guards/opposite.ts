/** Whether one word turns another round: by a list, or by how the words are built. */
import { antonyms } from '../word-lists/antonyms.js'
import { functionWordOpposites } from '../word-lists/opposites.js'
import { areTurned } from './word-building.js'
import type { Word } from './words.js'

export function areOpposite(a: Word, b: Word): boolean {
  return (
    functionWordOpposites().get(a.text)?.has(b.text) === true ||
    antonyms().get(a.stem)?.has(b.stem) === true ||
    areTurned(a.stem, b.stem)
  )
}
