/** From whatever a caller passed to `warm`: its own fields checked, its prompts as they came. */
import { toNano } from '../../util/money.js'
import { assertPlain, strangeKey } from './parse.js'
import { described, invalidRequest, mismatch, Violation } from './violation.js'

export interface ParsedWarm {
  /** Each still to be parsed, so that a bad one fails alone; undefined: the forecast's choice. */
  readonly prompts: readonly unknown[] | undefined
  /** Nano-USD. */
  readonly maxCost: number | undefined
  readonly dryRun: boolean
}

const MOST_PROMPTS = 10_000
const NAMES: readonly string[] = ['prompts', 'maxCost', 'dryRun']

/** @throws RaptorflowError INVALID_REQUEST with `details.field` and `details.validation`; never else */
export function parseWarm(input: unknown): ParsedWarm {
  try {
    return parse(input ?? {})
  } catch (thrown) {
    throw invalidRequest(thrown, 'warm request', undefined)
  }
}

function parse(input: unknown): ParsedWarm {
  assertPlain(input, 'warm request')
  const strange = Object.keys(input).find((name) => !NAMES.includes(name))
  if (strange !== undefined) throw strangeKey(strange)
  const { prompts, maxCost, dryRun } = input
  return { prompts: promptList(prompts), maxCost: amount(maxCost), dryRun: flag(dryRun) }
}

function promptList(prompts: unknown): readonly unknown[] | undefined {
  if (prompts === undefined || prompts === null) return undefined
  const expected = `an array of at most ${MOST_PROMPTS} prompts or requests`
  if (!Array.isArray(prompts)) throw broken('prompts', 'type', expected, prompts)
  if (!(prompts.length <= MOST_PROMPTS)) throw broken('prompts', 'size', expected, prompts)
  // By index: a subclass or proxy of an array may iterate as it likes.
  return Array.from({ length: prompts.length }, (_, index): unknown => {
    const prompt: unknown = prompts[index]
    return typeof prompt === 'string' ? { prompt } : prompt
  })
}

function amount(usd: unknown): number | undefined {
  if (usd === undefined || usd === null) return undefined
  const expected = 'a number of at least 0'
  if (typeof usd !== 'number' || Number.isNaN(usd)) throw broken('maxCost', 'type', expected, usd)
  if (usd < 0) throw broken('maxCost', 'range', expected, usd)
  return toNano(usd)
}

function flag(value: unknown): boolean {
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw broken('dryRun', 'type', 'true or false', value)
  return value
}

function broken(
  field: string,
  rule: 'type' | 'size' | 'range',
  expected: string,
  got: unknown,
): Violation {
  return new Violation(field, rule, mismatch(field, expected, described(got)))
}
