/** Guard: both texts name the same numbers, ordinals, dates, amounts and units. */
import {
  CARDINALS,
  GLUED_UNITS,
  MAGNITUDES,
  MONTHS,
  ORDINALS,
  QUANTITIES,
  UNITS,
} from '../word-lists/number-words.js'
import type { Word } from './words.js'

export interface NumberFeatures {
  /** All quantities in order of their spelling, one text. */
  readonly quantities: string
  /** The same with the word `one` counted, which is more often a pronoun than a number. */
  readonly withOnes: string
  /** Units that stand without a number: `how many hours`. */
  readonly units: string
}

interface Reading {
  /** Words it takes up. */
  readonly length: number
  readonly value: string
  readonly isPronoun?: boolean
}

/** CJK numerals are parts of longer runs of letters; each counts for itself. */
const CJK_NUMERALS = /[〇零一二三四五六七八九十百千万億亿兆两]/gu

export function readNumbers(words: readonly Word[]): NumberFeatures {
  const quantities: string[] = []
  const ones: string[] = []
  const units = new Set<string>()
  for (let at = 0; at < words.length; ) {
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
  if (unit === undefined) return /\p{N}/u.test(sign.text) ? { length: 1, value: sign.text } : undefined
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

/** Digits or number words: `1,000`, `5 thousand`, `twenty-five`, `one hundred and five`. */
function readCardinal(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  if (word?.kind === 'number') {
    const magnitude = MAGNITUDES.get(words[at + 1]?.text ?? '')
    const digits = plainDigits(word.text)
    if (magnitude === undefined || !Number.isFinite(Number(digits))) return { length: 1, value: digits }
    return { length: 2, value: String(Number(digits) * magnitude) }
  }
  if (word === undefined || !CARDINALS.has(word.text)) return undefined
  let length = 0
  let total = 0
  let group = 0
  for (; ; length += 1) {
    const text = words[at + length]?.text ?? ''
    const value = CARDINALS.get(text)
    const magnitude = MAGNITUDES.get(text)
    if (value !== undefined && addsUp(group, value)) group += value
    else if (magnitude === 100) group *= 100
    else if (magnitude !== undefined) {
      total += group * magnitude
      group = 0
    } else if (text !== 'and' || group % 100 !== 0 || !CARDINALS.has(words[at + length + 1]?.text ?? ''))
      break
  }
  return { length, value: String(total + group), isPronoun: word.text === 'one' && length === 1 }
}

/** `twenty` takes `five`, `hundred` takes both; `two three` is two numbers. */
const addsUp = (group: number, value: number): boolean =>
  group === 0 || (group % 100 === 0 && value > 0) || (group % 10 === 0 && group % 100 >= 20 && value < 10)

/** Thousands without their commas, whole amounts without `.00`; versions (`3.10`) stay as they are. */
function plainDigits(text: string): string {
  if (/^\p{Nd}{1,3}(?:,\p{Nd}{3})+(?:\.\p{Nd}+)?$/u.test(text)) return plainDigits(text.replaceAll(',', ''))
  return text.replace(/[.:]00$/, '').replace(/^0+(?=\d)/, '')
}

function readOrdinal(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  const next = words[at + 1]
  if (word?.kind === 'number') {
    const isOrdinal = next?.glued === true && /^(?:st|nd|rd|th)$/.test(next.text)
    return isOrdinal ? { length: 2, value: `${plainDigits(word.text)}th` } : undefined
  }
  const tens = CARDINALS.get(word?.text ?? '') ?? 0
  const ones = ORDINALS.get(next?.text ?? '') ?? 0
  if (tens >= 20 && tens % 10 === 0 && ones > 0 && ones < 10) return { length: 2, value: `${tens + ones}th` }
  const value = ORDINALS.get(word?.text ?? '')
  return value === undefined ? undefined : { length: 1, value: `${value}th` }
}

/** `2024-01-05`, `January 5th, 2024` and `5 Jan 2024` alike; a month without a day is a number. */
function readDate(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  if (word === undefined) return undefined
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word.text)
  if (iso !== null) return { length: 1, value: dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3])) }
  const before = readDay(words, at)
  let after = at + (before?.length ?? 0)
  if (before !== undefined && words[after]?.text === 'of') after += 1
  const name = words[after]
  const month = MONTHS.get(name?.text ?? '')
  if (name === undefined || month === undefined) return undefined
  let end = after + 1
  const behind = before === undefined ? readDay(words, end) : undefined
  end += behind?.length ?? 0
  const day = before?.day ?? behind?.day
  if (day === undefined && !isSurelyMonth(name, words[end])) return undefined
  const yearAt = words[end]?.text === ',' ? end + 1 : end
  const year = /^\d{4}$/.test(words[yearAt]?.text ?? '') ? Number(words[yearAt]?.text) : undefined
  return { length: (year === undefined ? end : yearAt + 1) - at, value: dateOf(year, month, day) }
}

/** `may`, `march` and their like are verbs and adverbs as well. */
const isSurelyMonth = (name: Word, next: Word | undefined): boolean =>
  !/^(?:may|march|mar|jan|sept|august)$/.test(name.text) ||
  (name.capital && !name.first) ||
  next?.kind === 'number'

function readDay(words: readonly Word[], at: number): { day: number; length: number } | undefined {
  const text = words[at]?.text ?? ''
  if (words[at]?.kind !== 'number' || !/^\d{1,2}$/.test(text)) return undefined
  const ordinal = /^(?:st|nd|rd|th)$/.test(words[at + 1]?.text ?? '')
  return { day: Number(text), length: ordinal ? 2 : 1 }
}

const dateOf = (year?: number, month?: number, day?: number): string =>
  `${year ?? ''}-${month ?? ''}-${day ?? ''}`
