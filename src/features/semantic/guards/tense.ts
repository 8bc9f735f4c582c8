/** Guard: both texts speak of the same time: now, once, no longer, soon. */
import { wordSet } from '../word-lists/decode.js'
import type { TenseFeatures } from './text-features.js'
import type { Word } from './words.js'

const PAST = wordSet('was were did had')
const PRESENT = wordSet('am is are do does has')
const NOW = wordSet('am is are')
const FUTURE = wordSet('will shall gonna')
const CHANGING = wordSet('becoming turning getting growing starting beginning stopping')

export function readTense(words: readonly Word[]): TenseFeatures {
  const marks = new Set<string>()
  let isFuture = false
  let isNow = false
  let isPast = false
  let isPresent = false
  for (const [index, { text }] of words.entries()) {
    const mark = readMark(words, index)
    if (mark !== undefined) marks.add(mark)
    isPast ||= PAST().has(text)
    isPresent ||= PRESENT().has(text)
    isFuture ||= FUTURE().has(text)
    isNow ||= NOW().has(text)
  }
  return { marks: [...marks].sort().join(' '), isFuture, isPast, isPresent, isNow }
}

function readMark(words: readonly Word[], at: number): string | undefined {
  const text = words[at]?.text ?? ''
  const beforeTo = words[at + 1]?.text === 'to'
  if (beforeTo && (text === 'going' || text === 'about') && isBe(words, at)) return 'soon'
  if (beforeTo && isFormer(words, at, text)) return 'former'
  return CHANGING().has(text) && isBe(words, at) ? 'becoming' : undefined
}

/** `used to`, and `did ... use to` of a yes-no question; `is used to` and `use to cut` are others. */
function isFormer(words: readonly Word[], at: number, text: string): boolean {
  if (text === 'used') return !isBe(words, at)
  if (text !== 'use') return false
  return words[0]?.text === 'did' || words[at + 2]?.text === 'be'
}

/** A form of `be` in front, with no more than a subject of four words between. */
const isBe = (words: readonly Word[], at: number): boolean =>
  words.slice(Math.max(0, at - 5), at).some(({ stem }) => stem === 'be')

/** One that tells no time agrees with every other. */
export const tensesDiffer = (a: TenseFeatures, b: TenseFeatures): boolean =>
  a.marks !== b.marks ||
  (isOnlyPast(a) && isOnlyPresent(b)) ||
  (isOnlyPresent(a) && isOnlyPast(b)) ||
  isLater(a, b) ||
  isLater(b, a)

/** `how long will it take` is `how long does it take`; `will it be` is neither `is it` nor `was it`. */
const isLater = (a: TenseFeatures, b: TenseFeatures): boolean =>
  a.isFuture && !b.isFuture && b.marks === '' && (b.isNow || b.isPast)

const isOnlyPast = ({ isPast, isPresent }: TenseFeatures): boolean => isPast && !isPresent
const isOnlyPresent = ({ isPast, isPresent }: TenseFeatures): boolean => isPresent && !isPast
