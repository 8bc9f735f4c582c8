/** Which words are names however they are written, and which are common words. */
import { antonyms } from './antonyms.js'
import { COMMON_ROWS } from './common-rows.js'
import { wordSet } from './decode.js'
import { NAME_ROWS } from './name-rows.js'
import { synonymGroups } from './synonyms.js'

export const properNames = wordSet(NAME_ROWS)
const otherCommonWords = wordSet(COMMON_ROWS)

/** By stem: at the start of a sentence a capital letter makes no name of these. */
export const isCommonWord = ({
  text,
  stem,
}: {
  readonly text: string
  readonly stem: string
}): boolean =>
  !properNames().has(text) &&
  (synonymGroups().has(stem) || antonyms().has(stem) || otherCommonWords().has(stem))
