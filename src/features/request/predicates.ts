/** Turns a JSON Schema into one composed check: what zod accepts, without zod's cost on every call. */
import type { z } from 'zod'

type Schema = z.core.JSONSchema.JSONSchema

/** True when the value is one the schema's zod original accepts. */
export type Predicate = (value: unknown) => boolean

type Fields = Readonly<Record<string, unknown>>

const anything: Predicate = () => true
const nothing: Predicate = () => false
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keywords that only say something to a reader. */
const ANNOTATIONS = new Set(['$schema', 'description', 'title'])

/** Each group of keywords becomes one test; a keyword of no group is an error, never a silent pass. */
const GROUPS: readonly {
  readonly keywords: readonly string[]
  readonly build: (schema: Schema) => Predicate
}[] = [
  { keywords: ['type'], build: ({ type }) => anyTest([type].flat().map(typeTest)) },
  { keywords: ['const'], build: (schema) => (value) => value === schema.const },
  { keywords: ['enum'], build: (schema) => enumTest(schema.enum ?? []) },
  { keywords: ['minimum', 'maximum', 'exclusiveMinimum'], build: rangeTest },
  { keywords: ['minLength', 'maxLength', 'pattern', 'contentEncoding'], build: stringTest },
  { keywords: ['items', 'minItems', 'maxItems'], build: arrayTest },
  {
    keywords: ['properties', 'required', 'dependentRequired', 'additionalProperties'],
    build: objectTest,
  },
  { keywords: ['propertyNames'], build: (schema) => keyTest(compile(schema.propertyNames)) },
  { keywords: ['anyOf'], build: (schema) => anyTest((schema.anyOf ?? []).map(compile)) },
  { keywords: ['oneOf'], build: (schema) => exactlyOneTest((schema.oneOf ?? []).map(compile)) },
]

/**
 * Knows the keywords zod writes for the request schemas. It judges plain JSON data, copied before:
 * own properties without getters, no `undefined`. Lengths are UTF-16 units, as zod counts them.
 * @throws Error at a keyword it does not know
 */
export function compile(schema: Schema | boolean | undefined): Predicate {
  if (schema === undefined || schema === true) return anything
  if (schema === false) return nothing
  const unread = new Set(Object.keys(schema).filter((keyword) => !ANNOTATIONS.has(keyword)))
  const tests: Predicate[] = []
  for (const group of GROUPS) {
    if (!group.keywords.some((keyword) => unread.has(keyword))) continue
    for (const keyword of group.keywords) unread.delete(keyword)
    const test = group.build(schema)
    if (test !== anything) tests.push(test)
  }
  if (unread.size > 0) throw new Error(`Unknown JSON Schema keywords: ${[...unread].join(', ')}`)
  return every(tests)
}

function every(tests: readonly Predicate[]): Predicate {
  const [first = anything, second, third] = tests
  if (second === undefined) return first
  if (third === undefined) return (value) => first(value) && second(value)
  return (value) => tests.every((test) => test(value))
}

const TYPES: Readonly<Record<string, Predicate>> = {
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isObject,
}

function typeTest(type: string | undefined): Predicate {
  const test = TYPES[type ?? '']
  if (test === undefined) throw new Error(`Unknown JSON Schema type: ${String(type)}`)
  return test
}

function enumTest(values: readonly unknown[]): Predicate {
  const known = new Set(values)
  return (value) => known.has(value)
}

function rangeTest(schema: Schema): Predicate {
  const min = schema.minimum ?? -Infinity
  const max = schema.maximum ?? Infinity
  // Zod writes numbers here; the boolean form is an older draft's.
  const above = Number(schema.exclusiveMinimum ?? -Infinity)
  return (value) => typeof value === 'number' && value >= min && value <= max && value > above
}

function stringTest(schema: Schema): Predicate {
  const { minLength: min = 0, maxLength: max = Infinity } = schema
  const regex = schema.pattern === undefined ? undefined : new RegExp(schema.pattern)
  const unit = schema.contentEncoding === 'base64' ? 4 : 1
  return (value) =>
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    value.length % unit === 0 &&
    (regex === undefined || regex.test(value))
}

function arrayTest(schema: Schema): Predicate {
  if (Array.isArray(schema.items)) throw new Error('Tuples are not known here')
  const { minItems: min = 0, maxItems: max = Infinity } = schema
  const item = compile(schema.items)
  return (value) =>
    Array.isArray(value) && value.length >= min && value.length <= max && value.every(item)
}

function objectTest(schema: Schema): Predicate {
  const required = new Set(schema.required)
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    accepts: compile(property),
    required: required.delete(name),
  }))
  for (const name of required) properties.push({ name, accepts: anything, required: true })
  const dependents = Object.entries(schema.dependentRequired ?? {})
  const rest = compile(schema.additionalProperties)
  const known = new Set(properties.map(({ name }) => name))
  if (known.size === 0 && rest === anything) return anything
  return (value) => {
    if (!isObject(value)) return false
    let seen = 0
    for (const property of properties) {
      const held = value[property.name]
      if (held === undefined ? property.required : !property.accepts(held)) return false
      if (held !== undefined) seen += 1
    }
    for (const [name, others] of dependents) {
      if (value[name] !== undefined && !others.every((other) => value[other] !== undefined))
        return false
    }
    if (rest === anything) return true
    const names = Object.keys(value)
    if (names.length === seen) return true
    return names.every((name) => known.has(name) || rest(value[name]))
  }
}

function keyTest(accepts: Predicate): Predicate {
  return (value) => isObject(value) && Object.keys(value).every(accepts)
}

function anyTest(branches: readonly Predicate[]): Predicate {
  const [first = nothing, second, third] = branches
  if (second === undefined) return first
  if (third === undefined) return (value) => first(value) || second(value)
  return (value) => branches.some((accepts) => accepts(value))
}

function exactlyOneTest(branches: readonly Predicate[]): Predicate {
  return (value) => {
    let matches = 0
    for (const accepts of branches) if (accepts(value)) matches += 1
    return matches === 1
  }
}
