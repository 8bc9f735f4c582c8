/** Guard: both texts negate equally often, and the same thing. */
import {
  ARTICLES,
  IMPLICIT_NEGATIONS,
  NEGATIONS,
  NEGATIVE_PARTS,
} from '../word-lists/closed-class.js'
import type { Comparison } from './comparison.js'
import { isNegated } from './word-building.js'
import type { Negation, NegationFeatures } from './text-features.js'
import type { Word } from './words.js'

/** What is negated stands no further behind than this. */
const FAR = 8

export function readNegations(words: readonly Word[]): NegationFeatures {
  const found: Negation[] = []
  for (const [index, word] of words.entries()) {
    if (word.text.charCodeAt(0) >= FIRST_CJK) found.push(...partsOf(word.text))
    else if (isNegation(word) && !isEmpty(words, index)) found.push(readAt(words, index))
  }
  return found
}

const isNegation = ({ text, stem }: Word): boolean =>
  NEGATIONS().has(text) || IMPLICIT_NEGATIONS().has(text) || IMPLICIT_NEGATIONS().has(stem)

function readAt(words: readonly Word[], index: number): Negation {
  let at = index + 1
  while (at < index + FAR && words[at]?.kind === 'word' && words[at]?.content === false) at += 1
  const next = words[at]
  const isDirect = words
    .slice(index + 1, at)
    .every(({ text }) => text === 'to' || ARTICLES().has(text))
  return { of: next?.content === true ? next.stem : '', direct: at - index < 4 && isDirect }
}

/** Where the scripts of China, Japan and Korea begin. */
const FIRST_CJK = 0x2e80

const partsOf = (text: string): readonly Negation[] =>
  Array.from(text.match(NEGATIVE_PARTS) ?? [], () => ({ of: '', direct: false }))

/** `No, ...` answers somebody, `not only` affirms. */
function isEmpty(words: readonly Word[], index: number): boolean {
  const text = words[index]?.text
  const next = words[index + 1]?.text
  if (text === 'only') return words[index - 1]?.text === 'not'
  return (text === 'no' && next === ',') || (text === 'not' && next === 'only')
}

export function negationsDiffer(pair: Comparison): boolean {
  const { a, b } = pair
  if (a.negations.length !== b.negations.length) return cancelled(pair) === undefined
  const [one] = a.negations
  const [other] = b.negations
  if (a.negations.length !== 1 || one === undefined || other === undefined) return false
  // `not safe to drive` is not `safe not to drive`; with a subject between, the words may move.
  return (
    one.direct &&
    other.direct &&
    one.of !== other.of &&
    b.stems.has(one.of) &&
    a.stems.has(other.of)
  )
}

/**
 * The two words of `not dependent` and `independent`, where the one negation more is made up for.
 * Only words that differ by a negative prefix: what is not good need not be bad.
 */
export function cancelled({
  a,
  b,
  onlyA,
  onlyB,
}: Comparison): readonly [string, string] | undefined {
  const difference = a.negations.length - b.negations.length
  if (Math.abs(difference) !== 1) return undefined
  const [more, affirmed, denied] =
    difference > 0 ? [a.negations, onlyB, onlyA] : [b.negations, onlyA, onlyB]
  for (const { of, direct } of more) {
    if (!direct || !denied.some(({ stem }) => stem === of)) continue
    const other = affirmed.find(({ stem }) => isNegated(of, stem) || isNegated(stem, of))
    if (other !== undefined) return [of, other.stem]
  }
  return undefined
}
