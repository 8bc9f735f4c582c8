/** Guard: no word of one text is turned round in the other. */
import { particleOpposites } from '../word-lists/opposites.js'
import type { Comparison } from './comparison.js'
import { cancelled } from './negation.js'
import { oppositesAmong } from './opposite.js'
import type { AntonymFeatures } from './text-features.js'
import type { Word } from './words.js'

/** Texts that differ in more words than this are compared as far as this: time stays bounded. */
const MOST_WORDS = 40

export function readAntonyms(words: readonly Word[]): AntonymFeatures {
  const particles = new Set<string>()
  const more = new Set<string>()
  const less = new Set<string>()
  for (const [index, word] of words.entries()) {
    const next = words[index + 1]
    if (word.text === 'more' && next !== undefined) more.add(next.stem)
    if (word.text === 'less' && next !== undefined) less.add(next.stem)
    if (!particleOpposites().has(word.text)) continue
    const before = words[index - 1]
    if (before?.content === true) particles.add(`${before.stem}+${word.text}`)
    const behind = next?.kind === 'word' && !next.content ? words[index + 2] : next
    if (behind?.content === true) particles.add(`${word.text}+${behind.stem}`)
  }
  return { particles, more, less }
}

export function antonymsDiffer(pair: Comparison): boolean {
  const { a, b } = pair
  if (particlesDiffer(a.antonyms, b.antonyms) || particlesDiffer(b.antonyms, a.antonyms))
    return true
  const madeUp = cancelled(pair)
  const turned: (readonly [Word, Word])[] = []
  const others = pair.onlyB.slice(0, MOST_WORDS)
  for (const one of pair.onlyA.slice(0, MOST_WORDS)) {
    for (const other of oppositesAmong(one, others)) {
      if (!isPair(madeUp, one, other)) turned.push([one, other])
    }
  }
  return turned.length > 0 && !isComparedTheOtherWay(turned, a.antonyms, b.antonyms)
}

const isPair = (stems: readonly string[] | undefined, one: Word, other: Word): boolean =>
  stems?.includes(one.stem) === true && stems.includes(other.stem)

/** `more dependent` is `less independent`: two opposites that belong together undo each other. */
function isComparedTheOtherWay(
  turned: readonly (readonly [Word, Word])[],
  a: AntonymFeatures,
  b: AntonymFeatures,
): boolean {
  const rest = turned.filter(
    ([one, other]) =>
      !(a.more.has(one.stem) && b.less.has(other.stem)) &&
      !(a.less.has(one.stem) && b.more.has(other.stem)),
  )
  return (
    rest.length < turned.length && rest.every(([one]) => one.text === 'more' || one.text === 'less')
  )
}

function particlesDiffer(a: AntonymFeatures, b: AntonymFeatures): boolean {
  for (const phrase of a.particles) {
    if (b.particles.has(phrase)) continue
    const [left = '', right = ''] = phrase.split('+')
    for (const other of particleOpposites().get(left) ?? []) {
      if (isOther(a, b, `${other}+${right}`)) return true
    }
    for (const other of particleOpposites().get(right) ?? []) {
      if (isOther(a, b, `${left}+${other}`)) return true
    }
  }
  return false
}

const isOther = (a: AntonymFeatures, b: AntonymFeatures, phrase: string): boolean =>
  b.particles.has(phrase) && !a.particles.has(phrase)
