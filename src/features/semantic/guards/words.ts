/** A text as words, numbers and marks, with contractions written out. */
import { CLITICS, CONTRACTIONS, FUNCTION_WORDS, TAKES_IS } from '../word-lists/closed-class.js'
import { stem } from './stem.js'

export interface Word {
  /** Lower case; decimal digits of every script as 0-9. */
  readonly text: string
  readonly kind: 'word' | 'number' | 'sign' | 'stop'
  /** What inflected forms of a word have in common; of other kinds the text. */
  readonly stem: string
  /** Written with a capital letter. */
  readonly capital: boolean
  /** First of its sentence, where a capital letter says nothing. */
  readonly first: boolean
  /** No white space before it. */
  readonly glued: boolean
  /** Carries meaning of its own: not a function word. */
  readonly content: boolean
}

// No part of this can match the same characters in two ways: it reads any text in linear time.
const TOKEN =
  /(?<number>\p{Nd}+(?:[.,:/]\p{Nd}+|-\p{Nd}{1,2}(?!\p{Nd}))*)|(?<word>[\p{L}\p{M}][\p{L}\p{M}\p{N}]*(?:'[\p{L}\p{M}]+)*)|(?<sign>[%$€£¥₹°]|[\p{Nl}\p{No}])|(?<stop>[.!?;:,()\n])/gu

const ASCII = /^[\p{ASCII}]*$/u

/** Compatibility forms (full-width, superscript) as their plain ones, one kind of apostrophe. */
export function normalise(text: string): string {
  if (ASCII.test(text)) return text
  return withPlainDigits(text.normalize('NFKC').replace(/[’‘ʼ`´](?=\p{L})/gu, "'"))
}

/** Unicode keeps the ten digits of a script together, beginning at a code that ends in 0 or in 6. */
function withPlainDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    const low = code & 15
    return String(/\p{Nd}/u.test(String.fromCodePoint(code - low)) ? low : low - 6)
  })
}

export function readWords(text: string): readonly Word[] {
  const found: Word[] = []
  let first = true
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [raw] = match
    const glued = match.index === end && end > 0
    end = match.index + raw.length
    const groups = match.groups ?? {}
    if (groups['word'] !== undefined) {
      pushWord(found, raw, first, glued)
      first = false
    } else if (groups['stop'] !== undefined) {
      first ||= !/[,;()]/.test(raw)
      found.push(plain(raw, 'stop', first, glued))
    } else {
      found.push(plain(raw, groups['number'] === undefined ? 'sign' : 'number', first, glued))
      first = false
    }
  }
  return found
}

const plain = (text: string, kind: Word['kind'], first: boolean, glued: boolean): Word => ({
  text,
  kind,
  stem: text,
  capital: false,
  first,
  glued,
  content: false,
})

function pushWord(found: Word[], raw: string, first: boolean, glued: boolean): void {
  const capital = /^\p{Lu}/u.test(raw)
  for (const text of writtenOut(raw.toLowerCase())) {
    const content = !FUNCTION_WORDS().has(text)
    found.push({ text, kind: 'word', stem: stem(text), capital, first, glued, content })
  }
}

function writtenOut(word: string): readonly string[] {
  const known = CONTRACTIONS.get(word)
  if (known !== undefined) return known
  const at = word.lastIndexOf("'")
  if (at < 1) return [word]
  const base = word.slice(0, at)
  const ending = word.slice(at + 1)
  if (ending === 't' && base.endsWith('n')) return [base.slice(0, -1), 'not']
  if (ending === 's') return TAKES_IS().has(base) ? [base, 'is'] : [base]
  const clitic = CLITICS.get(ending)
  return clitic === undefined ? [word] : [base, clitic]
}
