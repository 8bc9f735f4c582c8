/** Guard: both texts name the same numbers, ordinals, dates, amounts and units. */
import { GLUED_UNITS, QUANTITIES, UNITS } from '../word-lists/number-words.js'
import { readCardinal, readOrdinal, type Reading } from './cardinal.js'
import { readDate } from './date.js'
import type { NumberFeatures } from './text-features.js'
import type { Word } from './words.js'

/** CJK numerals are parts of longer runs of letters; each counts for itself. */
const CJK_NUMERALS = /[〇零一二三四五六七八九十百千万億亿兆两]/gu

export function readNumbers(words: readonly Word[]): NumberFeatures {
  const quantities: string[] = []
  const ones: string[] = []
  const units = new Set<string>()
  for (let at = 0; at < words.length;) {
    const reading = readAt(words, at)
    if (reading === undefined) {
      const word = words[at]
      const unit = word === undefined ? undefined : UNITS().get(word.text)
      if (unit !== undefined && word?.kind === 'word' && word.text.length > 2) units.add(unit)
      if (word?.kind === 'word') quantities.push(...cjkNumerals(word.text))
      at += 1
      continue
    }
    ;(reading.isPronoun === true ? ones : quantities).push(reading.value)
    at += reading.length
  }
  const inOrder = [...quantities].sort().join(' ')
  return {
    quantities: inOrder,
    withOnes: ones.length === 0 ? inOrder : [...quantities, ...ones].sort().join(' '),
    units: [...units].sort().join(' '),
  }
}

export const numbersDiffer = (a: NumberFeatures, b: NumberFeatures): boolean =>
  (a.quantities !== b.quantities && a.withOnes !== b.withOnes) ||
  // Only one of them naming a unit is a matter of wording: `how long` and `how many days`.
  (a.units !== b.units && a.units !== '' && b.units !== '')

const cjkNumerals = (text: string): readonly string[] =>
  text.charCodeAt(0) < 0x2e80 ? [] : (text.match(CJK_NUMERALS) ?? [])

function readAt(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  if (word === undefined || word.kind === 'stop') return undefined
  if (word.kind === 'sign') return readSigned(words, at, word)
  const quantity = readDate(words, at) ?? readOrdinal(words, at) ?? readQuantity(words, at)
  if (quantity !== undefined) return quantity
  const share = word.kind === 'word' ? QUANTITIES().get(word.text) : undefined
  return share === undefined ? undefined : { length: 1, value: share }
}

/** `$5`; Roman and other numerals that are no decimal digits stand for themselves. */
function readSigned(words: readonly Word[], at: number, sign: Word): Reading | undefined {
  const unit = UNITS().get(sign.text)
  if (unit === undefined)
    return /\p{N}/u.test(sign.text) ? { length: 1, value: sign.text } : undefined
  const amount = readCardinal(words, at + 1)
  return amount && { length: amount.length + 1, value: `${amount.value} ${unit}` }
}

function readQuantity(words: readonly Word[], at: number): Reading | undefined {
  const amount = readCardinal(words, at)
  if (amount === undefined) return undefined
  const next = words[at + amount.length]
  const unit =
    next === undefined || next.kind === 'stop'
      ? undefined
      : (UNITS().get(next.text) ?? (next.glued ? GLUED_UNITS().get(next.text) : undefined))
  if (unit !== undefined) return { length: amount.length + 1, value: `${amount.value} ${unit}` }
  if (next?.glued === true && next.kind === 'word' && words[at]?.kind === 'number') {
    return { length: amount.length + 1, value: `${amount.value}${next.text}` }
  }
  return amount
}
