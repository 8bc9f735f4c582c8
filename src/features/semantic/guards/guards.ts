/** Word-level objections to "these two questions have the same answer". */
import { extractFeatures } from './features.js'
import { antonymsDiffer } from './antonym.js'
import { type Comparison, compare } from './comparison.js'
import { connectivesDiffer } from './connective.js'
import { contentDiffers, hasUnmatchedContent } from './content.js'
import { entitiesDiffer } from './entity.js'
import type { TextFeatures } from './text-features.js'
import { negationsDiffer } from './negation.js'
import { numbersDiffer } from './number.js'
import { ordersDiffer } from './order.js'
import { literalsDiffer } from './quoted.js'
import { tensesDiffer } from './tense.js'

export { extractFeatures } from './features.js'
export type { TextFeatures } from './text-features.js'

export type GuardName =
  | 'number'
  | 'negation'
  | 'antonym'
  | 'quoted'
  | 'entity'
  | 'order'
  | 'tense'
  | 'connective'
  | 'content'

export interface Guards {
  /** The first guard that objects to "these two questions have the same answer". Symmetric. */
  check(a: TextFeatures, b: TextFeatures): GuardName | undefined
}

type Guard = readonly [GuardName, (pair: Comparison) => boolean]

/** Cheap ones first; each says what it compares in its own file. */
const GUARDS: readonly Guard[] = [
  ['number', ({ a, b }) => numbersDiffer(a.numbers, b.numbers)],
  ['quoted', ({ a, b }) => literalsDiffer(a, b)],
  ['connective', ({ a, b }) => connectivesDiffer(a.connectives, b.connectives)],
  ['tense', ({ a, b }) => tensesDiffer(a.tense, b.tense)],
  ['entity', ({ a, b }) => entitiesDiffer(a, b)],
  ['negation', negationsDiffer],
  ['antonym', antonymsDiffer],
  ['order', ordersDiffer],
  ['content', contentDiffers],
]

/** Guards to switch off by name; `content` has a strict form. All are on by default. */
export interface GuardSwitches extends Readonly<
  Partial<Record<Exclude<GuardName, 'content'>, boolean | undefined>>
> {
  /**
   * `true`: objects to another word in the same place. `'strict'`: objects to every content word that
   * the other text has no word of the same meaning for, and with that to most paraphrases.
   * @default true
   */
  readonly content?: boolean | 'strict' | undefined
}

export function createGuards(enabled: GuardSwitches = {}): Guards {
  const guards = GUARDS.filter(([name]) => enabled[name] !== false)
  if (enabled.content === 'strict') guards.push(['content', hasUnmatchedContent])
  return {
    check(a, b) {
      if (a.text === b.text) return undefined
      const pair = compare(a, b)
      return guards.find(([, objects]) => objects(pair))?.[0]
    },
  }
}

/**
 * Reads the word lists, some 20 ms, which the first pair would wait for otherwise: of these two no
 * guard objects to any, so all are asked.
 */
export function readWordLists(): void {
  const [a, b] = ['big', 'large'].map((size) =>
    extractFeatures(`Where did Ann not log in to buy 3 kg of ${size} fish?`),
  )
  if (a && b) createGuards({ content: 'strict' }).check(a, b)
}
