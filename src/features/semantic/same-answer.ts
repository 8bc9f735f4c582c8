/** Whether two answers say the same, as far as words can tell. */
import { rarity } from './english.js'
import { wordsOf } from './words.js'

/** What is read of an answer: what comes later is elaboration, and comparing it costs time. */
const MOST_CHARACTERS = 4_000
/** Up to so many words an answer is a fact with a few words around it. */
const SHORT = 12
/** Shares of the weight of words two longer answers have in common. */
const SAME = 0.5
const DIFFERENT = 0.25

/**
 * Undefined where it cannot be told. Equal words: yes. A short answer: whether its numbers and
 * rarer words are all in the other one. Otherwise by the share of shared words, weighted by rarity:
 * models phrase the same answer differently, so the middle is left open.
 */
export function sameAnswer(a: string, b: string): boolean | undefined {
  const [left, right] = [a, b].map((text) => wordsOf(text.slice(0, MOST_CHARACTERS)))
  if (left === undefined || right === undefined) return undefined
  if (left.join(' ') === right.join(' ')) return true
  const [shorter, longer] = left.length <= right.length ? [left, right] : [right, left]
  if (shorter.length === 0) return false
  if (shorter.length <= SHORT) return saysAsMuch(shorter, longer)
  const shared = share(new Set(left), new Set(right))
  if (shared >= SAME) return true
  return shared <= DIFFERENT ? false : undefined
}

/** More common words carry the sentence, not the fact. */
const FACT = 4

function saysAsMuch(short: readonly string[], long: readonly string[]): boolean | undefined {
  const facts = short.filter((word) => /\p{N}/u.test(word) || rarity(word) >= FACT)
  const told = new Set(long)
  if (facts.length > 0) return facts.every((word) => told.has(word))
  return long.length <= SHORT ? short.every((word) => told.has(word)) : undefined
}

/** Weighted Jaccard similarity of two sets of words. */
function share(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0
  let either = 0
  for (const word of new Set([...a, ...b])) {
    const weight = rarity(word)
    either += weight
    if (a.has(word) && b.has(word)) both += weight
  }
  return either === 0 ? 1 : both / either
}
