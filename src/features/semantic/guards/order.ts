/** Guard: the same words play the same parts: `A before B` is not `B before A`. */
import {
  ASYMMETRIC_RELATIONS,
  SYMMETRIC_RELATIONS,
  WRAPPING_WORDS,
} from '../word-lists/closed-class.js'
import type { Word } from './words.js'

export interface OrderFeatures {
  /** Content words, numbers and asymmetric relations in their order; repeated ones are numbered. */
  readonly sequence: readonly string[]
  readonly position: ReadonlyMap<string, number>
  /** Of `the farm was remembered by Tim`. */
  readonly passive: Passive | undefined
  /** Two content words side by side, as `dog+food`; none where words are listed or likened. */
  readonly compounds: ReadonlySet<string>
}

interface Passive {
  readonly verb: string
  readonly agent: string
  readonly patient: string
}

export function readOrder(words: readonly Word[]): OrderFeatures {
  const symmetric = words.some(({ text }) => SYMMETRIC_RELATIONS().has(text))
  const sequence: string[] = []
  const count = new Map<string, number>()
  const compounds = new Set<string>()
  for (const [index, word] of words.entries()) {
    const isRelation = ASYMMETRIC_RELATIONS().has(word.text) && word.kind === 'word'
    if (!hasPart(word) && word.kind !== 'number' && !isRelation) continue
    if (symmetric && (SYMMETRIC_RELATIONS().has(word.text) || /^(?:to|from|of|by)$/.test(word.text))) continue
    const before = words[index - 1]
    if (!symmetric && word.content && before?.content === true && isNounLike(word) && isNounLike(before))
      compounds.add(`${before.stem}+${word.stem}`)
    const times = (count.get(word.stem) ?? 0) + 1
    count.set(word.stem, times)
    sequence.push(times === 1 ? word.stem : `${word.stem}#${times}`)
  }
  return {
    sequence,
    position: new Map(sequence.map((token, index) => [token, index])),
    passive: readPassive(words),
    compounds,
  }
}

const hasPart = ({ text, content }: Word): boolean => content || WRAPPING_WORDS().has(text)

/** Adverbs may stand on either side of what they belong to. */
const isNounLike = ({ text }: Word): boolean => !text.endsWith('ly')

/** A form of `be`, later a word directly before `by` that is no `-ing` form. */
function readPassive(words: readonly Word[]): Passive | undefined {
  const by = words.findIndex(({ text }, index) => text === 'by' && index > 0)
  const verb = words[by - 1]
  if (verb === undefined || !hasPart(verb) || verb.text.endsWith('ing')) return undefined
  if (!words.slice(0, by).some(({ stem }) => stem === 'be')) return undefined
  const agent = words.slice(by + 1).find(({ content }) => content)
  const patient = words.slice(0, by - 1).findLast(({ content }) => content)
  if (agent === undefined || patient === undefined) return undefined
  return { verb: verb.stem, agent: agent.stem, patient: patient.stem }
}

export function ordersDiffer(a: OrderFeatures, b: OrderFeatures): boolean {
  if (a.passive !== undefined && b.passive === undefined) return partsDiffer(a.passive, b)
  if (b.passive !== undefined && a.passive === undefined) return partsDiffer(b.passive, a)
  return isTurnedAround(a, b) || hasTurnedCompound(a, b)
}

/** In the active sentence the agent stands before the verb and the patient behind it. */
function partsDiffer({ verb, agent, patient }: Passive, { position }: OrderFeatures): boolean {
  const at = position.get(verb)
  if (at === undefined) return false
  return (position.get(agent) ?? -1) > at || (position.get(patient) ?? Infinity) < at
}

/**
 * Three shared words that stand in exactly the opposite order. Moving a phrase (`in Paris, how ...`)
 * never does that; two things changing places around a third always do.
 */
function isTurnedAround(a: OrderFeatures, b: OrderFeatures): boolean {
  let highest = -1
  let belowHighest = -1
  for (const token of a.sequence) {
    const at = b.position.get(token)
    if (at === undefined) continue
    if (at < belowHighest) return true
    if (at < highest) belowHighest = Math.max(belowHighest, at)
    highest = Math.max(highest, at)
  }
  return false
}

/** `milk chocolate` is not `chocolate milk`. */
function hasTurnedCompound(a: OrderFeatures, b: OrderFeatures): boolean {
  for (const compound of a.compounds) {
    const [left = '', right = ''] = compound.split('+')
    if (b.compounds.has(`${right}+${left}`) && !a.compounds.has(`${right}+${left}`)) return true
  }
  return false
}
