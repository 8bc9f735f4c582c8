/** Guard: the same words play the same parts: `A before B` is not `B before A`. */
import {
  ASYMMETRIC_RELATIONS,
  SYMMETRIC_RELATIONS,
  WRAPPING_WORDS,
} from '../word-lists/closed-class.js'
import { IRREGULAR_FORMS } from '../word-lists/irregular-forms.js'
import type { Comparison } from './comparison.js'
import type { OrderFeatures, Passive } from './text-features.js'
import type { Word } from './words.js'

export function readOrder(words: readonly Word[]): OrderFeatures {
  const isSymmetric = words.some(({ text }) => SYMMETRIC_RELATIONS().has(text))
  const sequence: string[] = []
  const count = new Map<string, number>()
  for (const word of words) {
    if (!isPlaced(word) || (isSymmetric && isExempt(word))) continue
    const times = (count.get(word.stem) ?? 0) + 1
    count.set(word.stem, times)
    sequence.push(times === 1 ? word.stem : `${word.stem}#${times}`)
  }
  return {
    sequence,
    position: new Map(sequence.map((token, index) => [token, index])),
    passive: readPassive(words),
    isPassive: words.some(({ stem }, index) => stem === 'be' && isParticiple(words[index + 1])),
    compounds: isSymmetric ? NO_COMPOUNDS : readCompounds(words),
  }
}

const hasPart = ({ text, content }: Word): boolean => content || WRAPPING_WORDS().has(text)

const isPlaced = (word: Word): boolean =>
  hasPart(word) ||
  word.kind === 'number' ||
  (word.kind === 'word' && ASYMMETRIC_RELATIONS().has(word.text))

/** Between `married` and its second side, and between things that are listed. */
const isExempt = ({ text }: Word): boolean =>
  SYMMETRIC_RELATIONS().has(text) || /^(?:to|from|of|by)$/.test(text)

const NO_COMPOUNDS: ReadonlySet<string> = new Set()

function readCompounds(words: readonly Word[]): ReadonlySet<string> {
  const compounds = new Set<string>()
  for (const [index, word] of words.entries()) {
    const before = words[index - 1]
    if (before !== undefined && isNounLike(before) && isNounLike(word)) {
      compounds.add(`${before.stem}+${word.stem}`)
    }
  }
  return compounds
}

/** Adverbs may stand on either side of what they belong to. */
const isNounLike = ({ text, content }: Word): boolean => content && !text.endsWith('ly')

const isParticiple = (word: Word | undefined): boolean =>
  word?.content === true && (word.text.endsWith('ed') || IRREGULAR_FORMS().has(word.text))

/** A form of `be`, later a word directly before `by` that is no `-ing` form. */
function readPassive(words: readonly Word[]): Passive | undefined {
  const by = words.findIndex(({ text }, index) => text === 'by' && index > 0)
  const verb = words[by - 1]
  if (verb === undefined || !hasPart(verb) || verb.text.endsWith('ing')) return undefined
  if (!words.slice(0, by).some(({ stem }) => stem === 'be')) return undefined
  const agent = words.slice(by + 1).find(({ content }) => content)
  // `by using` tells the means.
  const patient = words.slice(0, by - 1).findLast(({ content }) => content)
  if (agent === undefined || words[by + 1]?.text.endsWith('ing') === true || patient === undefined)
    return undefined
  return { verb: verb.stem, agent: agent.stem, patient: patient.stem }
}

export function ordersDiffer({ a, b, onlyA, onlyB }: Comparison): boolean {
  const one = a.order
  const other = b.order
  // Of a text in other words the order says nothing.
  const reworded = contentOf(onlyA) + contentOf(onlyB)
  const shared = Math.min(one.sequence.length, other.sequence.length)
  if (reworded > Math.max(FEW_WORDS, shared * SMALL_SHARE)) return false
  if (one.passive !== undefined && other.passive === undefined)
    return partsDiffer(one.passive, other)
  if (other.passive !== undefined && one.passive === undefined)
    return partsDiffer(other.passive, one)
  if (hasTurnedCompound(one, other)) return true
  // `X uses Y` and `Y is used by means of X`: without an agent the parts cannot be told.
  return one.isPassive === other.isPassive && isTurnedAround(one, other)
}

const FEW_WORDS = 2
const SMALL_SHARE = 0.2
const contentOf = (words: readonly Word[]): number => words.filter(({ content }) => content).length

/** In the active sentence the agent stands before the verb and the patient behind it. */
function partsDiffer({ verb, agent, patient }: Passive, { position }: OrderFeatures): boolean {
  const at = position.get(verb)
  if (at === undefined) return false
  return (position.get(agent) ?? -1) > at || (position.get(patient) ?? Infinity) < at
}

/**
 * Three shared words close together that stand in exactly the opposite order. Moving a phrase (`in
 * Paris, how ...`) never does that; two things changing places around a third always do.
 */
function isTurnedAround(a: OrderFeatures, b: OrderFeatures): boolean {
  const places = a.sequence.map((token) => b.position.get(token) ?? -1)
  for (const [first, place] of places.entries()) {
    const end = Math.min(first + NEARBY, places.length)
    let lowest = place
    let falls = 0
    for (let at = first + 1; at < end && falls < 2; at += 1) {
      const next = places[at] ?? -1
      if (next === -1 || next >= lowest || next <= place - NEARBY) continue
      lowest = next
      falls += 1
    }
    if (falls === 2) return true
  }
  return false
}

/** Words from the first to the third, in both texts. */
const NEARBY = 6

/** `milk chocolate` is not `chocolate milk`. */
function hasTurnedCompound(a: OrderFeatures, b: OrderFeatures): boolean {
  for (const compound of a.compounds) {
    const [left = '', right = ''] = compound.split('+')
    if (b.compounds.has(`${right}+${left}`) && !a.compounds.has(`${right}+${left}`)) return true
  }
  return false
}
