/** Checks of constructor options; each names the option it refuses. */
import { RaptorflowError } from '../errors.js'
import { closest } from './closest.js'
import { invalidOption } from './invalid-option.js'

type Names<T> = readonly (keyof T & string)[]

/**
 * Refuses an option that does not exist: a typo must not pass for the default.
 * @param what whose options these are, for instance `openai()`
 * @param path where they stand, for instance `cache.`; '' for the top
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function refuseUnknown(
  what: string,
  options: object,
  names: readonly string[],
  path = '',
): void {
  if (!isObject(options)) throw invalidOption(path.slice(0, -1) || 'options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const sameLetters = (name: string): boolean => name.toLowerCase() === unknown.toLowerCase()
  const meant = names.find(sameLetters) ?? closest(unknown, names)
  throw new RaptorflowError(
    'INVALID_REQUEST',
    `Unknown option \`${path}${unknown}\` of ${what}. ` +
      (meant === undefined ? '' : `Did you mean \`${path}${meant}\`? `) +
      `Known: ${names.join(', ')}.`,
    { details: { field: `${path}${unknown}`, validation: 'option', reason: 'configuration' } },
  )
}

/** The client's options at `path` ('' for the top), an object with none but the named ones. */
export function knownKeys<T extends object>(path: string, value: T, names: Names<T>): T {
  refuseUnknown('InferenceClient', value, names, path === '' ? '' : `${path}.`)
  return value
}

/** Undefined when left out, else an object, of a class perhaps, that has all the methods. */
export function withMethods<T extends object>(path: string, value: T, methods: Names<T>): T
export function withMethods<T extends object>(
  path: string,
  value: T | undefined,
  methods: Names<T>,
): T | undefined
export function withMethods<T extends object>(
  path: string,
  value: T | undefined,
  methods: Names<T>,
): T | undefined {
  if (value === undefined) return value
  if (isObject(value) && methods.every((name) => typeof value[name] === 'function')) return value
  throw invalidOption(path, `an object with the methods ${methods.join(', ')}`, value)
}

export function func<T>(path: string, value: T): T {
  if (typeof value === 'function') return value
  throw invalidOption(path, 'a function', value)
}

/** Nobody configures more; a sparse array of billions would be walked for minutes. */
const MOST_ITEMS = 1_000

export function list<T>(path: string, value: readonly T[]): readonly T[] {
  const given: unknown = value
  if (Array.isArray(given) && given.length <= MOST_ITEMS) return value
  throw invalidOption(path, `an array of at most ${MOST_ITEMS} items`, value)
}

export function record<T extends object>(path: string, value: T): T {
  if (isObject(value)) return value
  throw invalidOption(path, 'an object', value)
}

export function text(path: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(path, 'text that is not empty', value)
}

export function positive(path: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw invalidOption(path, 'a number greater than 0', value)
}

export function atLeastZero(path: string, value: unknown): number {
  return value === 0 ? 0 : positive(path, value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
