/** What the guards read of one text, taken once and kept. */
import { readAntonyms } from './antonym.js'
import { readConnectives } from './connective.js'
import { readSequence } from './content.js'
import { readEntities } from './entity.js'
import { readNegations } from './negation.js'
import { readNumbers } from './number.js'
import { readOrder } from './order.js'
import { readLiterals } from './quoted.js'
import { readTense } from './tense.js'
import type { TextFeatures } from './text-features.js'
import { normalise, readWords, type Word } from './words.js'

/** Never throws, and takes time in proportion to the length, whatever the text. */
export function extractFeatures(original: string): TextFeatures {
  const text = normalise(original)
  const words = readWords(text)
  const distinct = new Map<string, Word>()
  for (const word of words) {
    if (word.kind === 'word' && !distinct.has(word.stem)) distinct.set(word.stem, word)
  }
  return {
    text,
    distinct: [...distinct.values()],
    stems: new Set(distinct.keys()),
    sequence: readSequence(words),
    numbers: readNumbers(words),
    literals: readLiterals(text),
    negations: readNegations(words),
    antonyms: readAntonyms(words),
    entities: readEntities(words),
    order: readOrder(words),
    tense: readTense(words),
    connectives: readConnectives(words),
  }
}
