/** Dates with a month's name, and those of ISO 8601. */
import { MONTHS } from '../word-lists/number-words.js'
import { ORDINAL_ENDING, type Reading } from './cardinal.js'
import type { Word } from './words.js'

const ISO_DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/

/** `2024-01-05`, `January 5th, 2024` and `5 Jan 2024` alike; a month without a day is a number. */
export function readDate(words: readonly Word[], at: number): Reading | undefined {
  const word = words[at]
  if (word === undefined) return undefined
  if (word.kind === 'word') return readMonthFirst(words, at, word)
  const iso = ISO_DATE.exec(word.text)
  if (iso === null) return readDayFirst(words, at)
  return { length: 1, value: dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3])) }
}

function readMonthFirst(words: readonly Word[], at: number, name: Word): Reading | undefined {
  const month = MONTHS.get(name.text)
  if (month === undefined) return undefined
  const day = readDay(words, at + 1)
  if (day === undefined && !isSurelyMonth(name, words[at + 1])) return undefined
  return withYear(words, at, at + 1 + (day?.length ?? 0), [month, day?.day])
}

/** `5 January`, `5th of January`. */
function readDayFirst(words: readonly Word[], at: number): Reading | undefined {
  const day = readDay(words, at)
  if (day === undefined) return undefined
  const behind = at + day.length
  const nameAt = words[behind]?.text === 'of' ? behind + 1 : behind
  const month = MONTHS.get(words[nameAt]?.text ?? '')
  return month === undefined ? undefined : withYear(words, at, nameAt + 1, [month, day.day])
}

function withYear(
  words: readonly Word[],
  start: number,
  end: number,
  [month, day]: readonly [number, number | undefined],
): Reading {
  const yearAt = words[end]?.text === ',' ? end + 1 : end
  const year = words[yearAt]?.text ?? ''
  return /^\d{4}$/.test(year)
    ? { length: yearAt + 1 - start, value: dateOf(Number(year), month, day) }
    : { length: end - start, value: dateOf(undefined, month, day) }
}

/** `may`, `march` and their like are verbs and adverbs as well. */
const isSurelyMonth = (name: Word, next: Word | undefined): boolean =>
  !/^(?:may|march|mar|jan|sept|august)$/.test(name.text) ||
  (name.capital && !name.first) ||
  next?.kind === 'number'

function readDay(
  words: readonly Word[],
  at: number,
): { readonly day: number; readonly length: number } | undefined {
  const text = words[at]?.text ?? ''
  if (words[at]?.kind !== 'number' || !/^\d{1,2}$/.test(text)) return undefined
  return { day: Number(text), length: ORDINAL_ENDING.test(words[at + 1]?.text ?? '') ? 2 : 1 }
}

const dateOf = (year?: number, month?: number, day?: number): string =>
  `${year ?? ''}-${month ?? ''}-${day ?? ''}`
