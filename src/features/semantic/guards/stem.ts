/** English inflection taken off a word, so that `increase`, `increased` and `increasing` are one. */
import { IRREGULAR_FORMS } from '../word-lists/irregular-forms.js'

const VOWEL = /[aeiouy]/
const CONSONANT_TWICE = /([bdfgklmnprstvz])\1$/

/**
 * The inflectional endings of English grammar (-s, -ed, -ing, -ly) and the spelling they bring with
 * them. Not a word of the language, only a key: `making` and `make` both give `mak`.
 */
export function stem(word: string): string {
  const irregular = IRREGULAR_FORMS().get(word)
  if (irregular !== undefined) return ending(irregular)
  return ending(withoutSuffix(singular(word)))
}

function singular(word: string): string {
  if (word.length < 4 || !word.endsWith('s')) return word
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (/(?:ss|x|ch|sh|z)es$/.test(word)) return word.slice(0, -2)
  return /(?:ss|us|is)$/.test(word) ? word : word.slice(0, -1)
}

function withoutSuffix(word: string): string {
  if (word.endsWith('ied') && word.length > 4) return `${word.slice(0, -3)}y`
  for (const suffix of ['ing', 'ed']) {
    const rest = word.slice(0, -suffix.length)
    if (word.endsWith(suffix) && rest.length > 2 && VOWEL.test(rest)) return rest
  }
  if (word.endsWith('ily') && word.length > 5) return `${word.slice(0, -3)}y`
  return word.endsWith('ly') && word.length > 5 ? word.slice(0, -2) : word
}

function ending(word: string): string {
  if (word.length < 4) return word
  if (word.endsWith('e')) return american(word.slice(0, -1))
  return american(CONSONANT_TWICE.test(word) ? word.slice(0, -1) : word)
}

/** `organise` and `organize`, `colour` and `color`. */
function american(word: string): string {
  if (word.length > 5 && word.endsWith('is')) return `${word.slice(0, -1)}z`
  return word.length > 4 && word.endsWith('our') ? `${word.slice(0, -2)}r` : word
}
