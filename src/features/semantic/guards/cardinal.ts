/** Numbers in digits and in words. */
import { CARDINALS, MAGNITUDES, ORDINALS } from '../word-lists/number-words.js'
import type { Word } from './words.js'

export interface Reading {
  /** Words it takes up. */
  readonly length: number
  readonly value: string
  readonly isPronoun?: boolean
}

const textAt = (words: readonly Word[], at: number): string => words[at]?.text ?? ''

/** Digits or number words: `1,000`, `5 thousand`, `twenty-five`, `one hundred and five`. */
export function readCardinal(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  if (word?.kind === 'number') return readDigits(word.text, textAt(words, at + 1))
  return word !== undefined && CARDINALS.has(word.text) ? readNumberWords(words, at) : undefined
}

function readDigits(text: string, next: string): Reading {
  const digits = plainDigits(text)
  const magnitude = MAGNITUDES.get(next)
  return magnitude === undefined || !Number.isFinite(Number(digits))
    ? { length: 1, value: digits }
    : { length: 2, value: String(Number(digits) * magnitude) }
}

function readNumberWords(words: readonly Word[], start: number): Reading {
  let at = start
  let total = 0
  let group = 0
  for (; ; at += 1) {
    const text = textAt(words, at)
    const value = CARDINALS.get(text)
    const magnitude = MAGNITUDES.get(text)
    if (value !== undefined && addsUp(group, value)) {
      group += value
    } else if (magnitude === 100) {
      group *= 100
    } else if (magnitude !== undefined) {
      total += group * magnitude
      group = 0
    } else if (text !== 'and' || group % 100 !== 0 || !CARDINALS.has(textAt(words, at + 1))) {
      break
    }
  }
  const isPronoun = at === start + 1 && textAt(words, start) === 'one'
  return { length: at - start, value: String(total + group), isPronoun }
}

/** `twenty` takes `five`, `hundred` takes both; `two three` is two numbers. */
const addsUp = (group: number, value: number): boolean =>
  group === 0 ||
  (group % 100 === 0 && value > 0) ||
  (group % 10 === 0 && group % 100 >= 20 && value < 10)

/** Thousands without their commas, whole amounts without `.00`; versions (`3.10`) stay as they are. */
function plainDigits(text: string): string {
  const whole = /^\p{Nd}{1,3}(?:,\p{Nd}{3})+(?:\.\p{Nd}+)?$/u.test(text)
    ? text.replaceAll(',', '')
    : text
  return whole.replace(/[.:]00$/, '').replace(/^0+(?=\d)/, '')
}

export const ORDINAL_ENDING = /^(?:st|nd|rd|th)$/

export function readOrdinal(words: readonly Word[], at: number): Reading | undefined {
  const text = textAt(words, at)
  const next = words[at + 1]
  if (words[at]?.kind === 'number') {
    const isOrdinal = next?.glued === true && ORDINAL_ENDING.test(next.text)
    return isOrdinal ? { length: 2, value: `${plainDigits(text)}th` } : undefined
  }
  const tens = CARDINALS.get(text) ?? 0
  const ones = ORDINALS.get(textAt(words, at + 1)) ?? 0
  const isCompound = tens >= 20 && tens % 10 === 0 && ones > 0 && ones < 10
  if (isCompound) return { length: 2, value: `${tens + ones}th` }
  const value = ORDINALS.get(text)
  return value === undefined ? undefined : { length: 1, value: `${value}th` }
}
