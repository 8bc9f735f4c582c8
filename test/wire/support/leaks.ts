/** What must not turn up outside: the prompt, the key, and whatever a vendor wrote. */
import { inspect } from 'node:util'
import { expect } from 'vitest'
import { VENDOR_ERRORS } from '../../../src/testing/fake-vendors/error-tables.js'
import { KEY } from './adapters.js'

/** Part of every prompt. */
export const PROMPT = 'CANARY-prompt-91c7: where is my card?'
/** Every answer begins with it. */
export const ANSWER = 'CANARY-answer-e03a'
/** What a vendor wrote into an error. */
export const UPSTREAM = 'CANARY-upstream-77f2'

const FRAGMENTS: readonly string[] = [
  'CANARY',
  PROMPT,
  ANSWER,
  KEY,
  '<html',
  // No vendor message is so short that its beginning would occur by chance.
  ...Object.values(VENDOR_ERRORS).flatMap((table) =>
    Object.values(table)
      .map(({ message }) => message)
      .filter((message) => message.length > 14),
  ),
]

/** Nothing of it in any form somebody might print: JSON, inspect, stack, text. */
export function expectClean(value: unknown): void {
  const stack = value instanceof Error ? (value.stack ?? '') : ''
  const printed = [
    JSON.stringify(value),
    inspect(value, { depth: 9, showHidden: true }),
    stack,
    String(value),
  ].join('\n')
  expect(FRAGMENTS.filter((fragment) => printed.includes(fragment))).toEqual([])
}
