/** Opposites told by how two words are built; all of stems. */
import { NEGATIVE_PREFIXES, OPPOSED_PREFIXES, OPPOSED_SUFFIXES } from '../word-lists/opposites.js'

/** `happy / unhappy`, `install / uninstall`: by stems, so that inflection does not hide it. */
export const isNegated = (word: string, other: string): boolean =>
  word.length > 2 &&
  other.length > word.length &&
  other.endsWith(word) &&
  NEGATIVE_PREFIXES().has(other.slice(0, -word.length))

export function areTurned(a: string, b: string): boolean {
  // Of nearly all pairs neither end is the same: nothing else is looked at.
  if (a.at(-1) === b.at(-1)) {
    if (isNegated(a, b) || isNegated(b, a)) return true
    return OPPOSED_PREFIXES.some(
      ([one, other]) => isSwapped(a, b, one, other) || isSwapped(b, a, one, other),
    )
  }
  return (
    a.charAt(0) === b.charAt(0) &&
    OPPOSED_SUFFIXES.some(
      ([one, other]) => isEnding(a, b, one, other) || isEnding(b, a, one, other),
    )
  )
}

const isSwapped = (a: string, b: string, one: string, other: string): boolean =>
  a.startsWith(one) &&
  b.startsWith(other) &&
  a.length - one.length > 2 &&
  a.slice(one.length) === b.slice(other.length)

const isEnding = (a: string, b: string, one: string, other: string): boolean =>
  a.endsWith(one) &&
  b.endsWith(other) &&
  a.length - one.length > 2 &&
  a.slice(0, -one.length) === b.slice(0, -other.length)
