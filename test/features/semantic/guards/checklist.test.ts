/** CheckList's question pairs: which the guards let through whatever an embedder says. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createGuards, extractFeatures } from '../../../../src/features/semantic/guards/guards.js'

interface Pair {
  readonly text_a: string
  readonly text_b: string
  readonly label: 0 | 1
  readonly test: string
}

const file = new URL('../../../fixtures/checklist/qqp-mft-sample.json', import.meta.url)
const pairs = JSON.parse(readFileSync(file, 'utf8')) as readonly Pair[]

/** Carries label 1 in the release, although "is Kyle loyal to Sam" asks for something else turned round. */
const WRONGLY_LABELLED = 'Order does matter for asymmetric relations'

/** What the word-level guards are there for, with the beginning of the tests about it. */
const GATES: readonly (readonly [string, readonly string[]])[] = [
  [
    'negation',
    ['How can I become a X person !=', 'Is it {ok, dangerous, ...} to', 'What are things a {noun}'],
  ],
  ['before and after', ["What was person's life before", 'Do you have to X your dog before']],
  ['more and less', ['How can I become more X != How can I become less X']],
  ['names', ['same adjectives, different people']],
  ['he, she and whose', ['Simple coref']],
  ['and/or', ['A or B is not the same as']],
  ['tense', ['Is person X !=']],
  ['parts turned round', [WRONGLY_LABELLED, 'traditional SRL: wrong']],
  ['another noun', ['Different animals']],
]

const guards = createGuards()
const objection = ({ text_a, text_b }: Pair) =>
  guards.check(extractFeatures(text_a), extractFeatures(text_b))

describe('the guards on CheckList', () => {
  it.each(GATES)('let no pair through that differs in %s', (_, tests) => {
    const chosen = pairs.filter(({ test }) => tests.some((name) => test.startsWith(name)))
    expect(chosen.length).toBeGreaterThanOrEqual(60 * tests.length)
    expect(chosen.every(({ label, test }) => label === 0 || test === WRONGLY_LABELLED)).toBe(true)
    expect(chosen.filter((pair) => objection(pair) === undefined)).toEqual([])
  })

  it('let no pair through that differs in a number put into it', () => {
    const changed = pairs.map(({ text_a, text_b }) => [text_a, text_b] as const)
    for (const [one, other] of changed.filter((_, index) => index % 10 === 0)) {
      const three = extractFeatures(`${one} I have 3 of them.`)
      const four = extractFeatures(`${other} I have 4 of them.`)
      expect(guards.check(three, four)).toBe('number')
    }
  })

  it('leave most of the pairs that ask the same', () => {
    const same = pairs.filter(({ label, test }) => label === 1 && test !== WRONGLY_LABELLED)
    const kept = same.filter((pair) => objection(pair) === undefined)
    expect(same).toHaveLength(780)
    expect(kept.length).toBeGreaterThanOrEqual(630)
  })
})
