/** Checks of constructor options; each names the option it refuses. */
import { RaptorflowError } from '../errors.js'
import { invalidOption } from './invalid-option.js'

type Names<T> = readonly (keyof T & string)[]

/**
 * The value, an object with none but the named options: a typo must not pass for the default.
 * @param path where the object stands, '' for the top
 */
export function knownKeys<T extends object>(path: string, value: T, names: Names<T>): T {
  if (!isObject(value)) throw invalidOption(path === '' ? 'options' : path, 'an object', value)
  const known: readonly string[] = names
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown === undefined) return value
  const within = path === '' ? '' : ` in \`${path}\``
  throw new RaptorflowError(
    'INVALID_REQUEST',
    `Expected only the options ${names.join(', ')}${within}; got \`${unknown}\`. Check its spelling.`,
    {
      details: {
        field: path === '' ? unknown : `${path}.${unknown}`,
        validation: 'option',
        reason: 'configuration',
      },
    },
  )
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

export function list<T>(path: string, value: readonly T[]): readonly T[] {
  const given: unknown = value
  if (Array.isArray(given)) return value
  throw invalidOption(path, 'an array', value)
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
