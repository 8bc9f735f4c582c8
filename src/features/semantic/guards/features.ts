/** What the guards read of one text, taken once and kept. */
import { type AntonymFeatures, readAntonyms } from './antonym.js'
import { type ConnectiveFeatures, readConnectives } from './connective.js'
import { readSequence } from './content.js'
import { type EntityFeatures, readEntities } from './entity.js'
import { type NegationFeatures, readNegations } from './negation.js'
import { type NumberFeatures, readNumbers } from './number.js'
import { type OrderFeatures, readOrder } from './order.js'
import { type Literals, readLiterals } from './quoted.js'
import { readTense, type TenseFeatures } from './tense.js'
import { normalise, readWords, type Word } from './words.js'

/** Immutable: may be kept beside the text's vector. */
export interface TextFeatures {
  readonly text: string
  /** Words, each stem once. */
  readonly distinct: readonly Word[]
  readonly stems: ReadonlySet<string>
  /** See content.ts. */
  readonly sequence: readonly string[]
  readonly numbers: NumberFeatures
  readonly literals: Literals
  readonly negations: NegationFeatures
  readonly antonyms: AntonymFeatures
  readonly entities: EntityFeatures
  readonly order: OrderFeatures
  readonly tense: TenseFeatures
  readonly connectives: ConnectiveFeatures
}

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
