/** A text as words, numbers and marks, with contractions written out. */
import { CLITICS, CONTRACTIONS, FUNCTION_WORDS, TAKES_IS } from '../word-lists/closed-class.js'
import { ROMAN_NUMERALS } from '../word-lists/number-words.js'
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
  /\p{Nd}+(?:[.,:/]\p{Nd}+|-\p{Nd}{1,2}(?!\p{Nd}))*|[\p{L}\p{M}][\p{L}\p{M}\p{N}]*(?:'[\p{L}\p{M}]+)*|[%$€£¥₹°\p{Nl}\p{No}]|[.!?;:()\n]+|,+/gu

const ASCII = /^[\p{ASCII}]*$/u

/** Compatibility forms (full-width, superscript) as their plain ones, one kind of apostrophe. */
export function normalise(text: string): string {
  if (ASCII.test(text)) return text
  // Sorting a long run of combining marks takes quadratic time; no script stacks this many.
  const bounded = text.replace(/(\p{M}{16})\p{M}+/gu, '$1')
  return withPlainDigits(bounded.normalize('NFKC').replace(/[’‘ʼ`´](?=\p{L})/gu, "'"))
}

function withPlainDigits(text: string): string {
  const known = new Map<string, string>()
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    let plain = known.get(digit)
    if (plain === undefined) known.set(digit, (plain = String(valueOf(digit))))
    return plain
  })
}

/** Unicode keeps the ten digits of a script together, sets of ten directly behind one another. */
function valueOf(digit: string): number {
  const code = digit.codePointAt(0) ?? 0
  let first = code
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1
  return (code - first) % 10
}

export function readWords(text: string): readonly Word[] {
  const found: Word[] = []
  let first = true
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [raw] = match
    const glued = match.index === end && end > 0
    end = match.index + raw.length
    const kind = kindOf(raw)
    const roman = ROMAN_NUMERALS.get(raw)
    if (roman !== undefined) {
      found.push(plain(roman, 'number', first, glued))
    } else if (kind === 'word') {
      pushWord(found, raw, first, glued)
    } else {
      if (kind === 'stop') first ||= !/[,;()]/.test(raw)
      found.push(plain(raw, kind, first, glued))
    }
    if (kind !== 'stop') first = false
  }
  return found
}

function kindOf(token: string): Word['kind'] {
  const code = token.charCodeAt(0)
  if (code < 0x80) {
    if (/^[a-z]/i.test(token)) return 'word'
    if (code >= 0x30 && code <= 0x39) return 'number'
    return code === 0x24 || code === 0x25 ? 'sign' : 'stop'
  }
  return /^[\p{L}\p{M}]/u.test(token) ? 'word' : 'sign'
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
