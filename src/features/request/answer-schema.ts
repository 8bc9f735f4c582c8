/** Judges answers by the caller's JSON Schema, as far as that is certain and safe. */
import type { z } from 'zod'
import { compile, type Predicate } from './predicates.js'

type Schema = z.core.JSONSchema.JSONSchema
type Fields = Readonly<Record<string, unknown>>
type Keywords = readonly string[]
/** Reads a nested schema. */
type Read = (given: unknown) => Schema | boolean

/** Nested schemas that are read: judging takes at most so many steps for each value of an answer. */
const MAX_SCHEMAS = 1_000

/** Keywords that refuse no value. `format` is one of them unless a validator is told otherwise. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['$schema', '$id', '$comment', 'title', 'description', 'default', 'examples', 'deprecated'],
  ...['readOnly', 'writeOnly', 'format', 'contentEncoding', 'contentMediaType'],
])

const RANGE: Keywords = ['minimum', 'maximum', 'exclusiveMinimum']

/** The types, and the keywords that speak of values of that type only. */
const KEYWORDS_OF: ReadonlyMap<unknown, Keywords> = new Map<unknown, Keywords>([
  ['string', ['minLength', 'maxLength']],
  ['number', RANGE],
  ['integer', RANGE],
  ['boolean', []],
  ['null', []],
  ['array', ['items', 'minItems', 'maxItems']],
  [
    'object',
    ['properties', 'required', 'dependentRequired', 'additionalProperties', 'propertyNames'],
  ],
])
const ALL_TYPES = ['string', 'number', 'boolean', 'null', 'array', 'object']

/** What a keyword's value has to be, as `compile` takes it. */
type Operand = (value: unknown, read: Read) => unknown

const OPERANDS: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['minimum', finite],
  ['maximum', finite],
  ['exclusiveMinimum', finite],
  ['minLength', finite],
  // In code points; `compile` counts UTF-16 units, and a code point takes two at most.
  ['maxLength', (value) => finite(value) * 2],
  ['minItems', finite],
  ['maxItems', finite],
  ['enum', (value) => listOf(value, scalar)],
  ['const', scalar],
  ['anyOf', listOf],
  // That no second branch accepts is not certain here; that one does is.
  ['oneOf', listOf],
  ['items', (value, read) => read(value)],
  ['additionalProperties', (value, read) => read(value)],
  ['propertyNames', (value, read) => read(value)],
  ['properties', mapOf],
  ['required', (value) => listOf(value, nameOf, 0)],
  ['dependentRequired', (value) => mapOf(value, (names) => listOf(names, nameOf, 0))],
])

/**
 * A check that never refuses what the schema accepts. It may accept more: text up to twice its
 * `maxLength`, and what two branches of a `oneOf` accept. Undefined for a schema that cannot be read
 * with certainty: unknown keywords, `$ref`, malformed or more than 1,000 nested schemas, and `pattern`
 * or `patternProperties`: no regular expression of a caller's is run.
 */
export function compileAnswerSchema(schema: unknown): Predicate | undefined {
  let schemas = 0
  const read: Read = (given) => {
    schemas += 1
    return schemas > MAX_SCHEMAS ? unreadable() : translate(given, read)
  }
  try {
    return compile(read(schema))
  } catch {
    return undefined
  }
}

/**
 * `compile` takes a type's keywords for a demand for that type, as zod means them. In JSON Schema
 * they say nothing of other types' values: each type gets a branch of its own.
 */
function translate(given: unknown, read: Read): Schema | boolean {
  if (typeof given === 'boolean') return given
  const schema = fieldsOf(given)
  const pick = (keywords: Keywords): Record<string, unknown> =>
    Object.fromEntries(
      keywords
        .filter((keyword) => keyword in schema)
        .map((keyword) => [keyword, OPERANDS.get(keyword)?.(schema[keyword], read)]),
    )
  const known = (keyword: string): boolean =>
    keyword === 'type' || ANNOTATIONS.has(keyword) || OPERANDS.has(keyword)
  if (!Object.keys(schema).every(known)) return unreadable()
  const { anyOf, oneOf, ...general } = pick(['enum', 'const', 'anyOf', 'oneOf'])
  if (anyOf !== undefined && oneOf !== undefined) return unreadable()
  const branches = typesOf(schema['type']).map((type) => ({
    type,
    ...pick(KEYWORDS_OF.get(type) ?? []),
  }))
  const oneType = branches.length === 1 ? branches[0] : { oneOf: branches }
  const choice = anyOf ?? oneOf
  return { ...general, ...oneType, ...(choice !== undefined && { anyOf: choice }) } as Schema
}

/** Disjoint types: every integer is a number. */
function typesOf(given: unknown): readonly unknown[] {
  const types = new Set(given === undefined ? ALL_TYPES : [given].flat())
  if (types.has('number')) types.delete('integer')
  return types.size > 0 && [...types].every((type) => KEYWORDS_OF.has(type))
    ? [...types]
    : unreadable()
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unreadable()
  return value as Fields
}

function mapOf<T>(value: unknown, each: (field: unknown) => T): Record<string, T> {
  const entries = Object.entries(fieldsOf(value))
  return Object.fromEntries(entries.map(([name, field]) => [nameOf(name), each(field)]))
}

function listOf<T>(value: unknown, each: (item: unknown) => T, least = 1): readonly T[] {
  if (!Array.isArray(value) || value.length < least) return unreadable()
  return value.map((item: unknown) => each(item))
}

/** Not what every object inherits: `compile` reads properties without asking whose they are. */
function nameOf(value: unknown): string {
  return typeof value === 'string' && !(value in Object.prototype) ? value : unreadable()
}

function finite(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : unreadable()
}

/** What can be compared by identity. */
function scalar(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? unreadable() : value
}

function unreadable(): never {
  throw new Error('This schema is not for us to judge by')
}
