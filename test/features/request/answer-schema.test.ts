import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileAnswerSchema } from '../../../src/features/request/answer-schema.js'

type Fields = Readonly<Record<string, unknown>>

/** A schema and a value that it accepts. */
interface Match {
  readonly schema: unknown
  readonly value: unknown
}

const json = fc.jsonValue({ maxDepth: 2 })
const text = fc.string({ unit: 'grapheme', maxLength: 6 })
const key = fc.constantFrom('a', 'b', 'c', 'd')
const annotations = fc.constantFrom<Fields>(
  {},
  { description: 'd', format: 'date' },
  { title: 't', default: 5, examples: [1] },
)
const codePoints = (value: string): number => Array.from(value).length

const leaf: fc.Arbitrary<Match> = fc.oneof(
  json.map((value) => ({ schema: {}, value })),
  json.map((value) => ({ schema: true, value })),
  text.map((value) => ({
    schema: { type: 'string', minLength: codePoints(value), maxLength: codePoints(value) },
    value,
  })),
  fc.integer().map((value) => ({
    schema: {
      type: ['integer', 'number'],
      minimum: value,
      maximum: value,
      exclusiveMinimum: value - 1,
    },
    value,
  })),
  fc.constantFrom(null, true, 'x', 5).map((value) => ({ schema: { const: value }, value })),
  fc.constantFrom(null, true, 'x', 5).map((value) => ({ schema: { enum: [false, value] }, value })),
  // Keywords of one type say nothing of the values of others.
  json.map((value) => ({
    schema: {
      type: ['string', 'number', 'boolean', 'null', 'array', 'object'],
      ...(typeof value === 'string' ? {} : { minLength: 10 }),
      ...(typeof value === 'number' ? {} : { minimum: 1e9, maximum: -1e9 }),
      ...(Array.isArray(value) ? {} : { minItems: 9, items: false }),
      ...(typeof value === 'object' && value !== null && !Array.isArray(value)
        ? {}
        : { required: ['z'], properties: { z: false }, propertyNames: false }),
    },
    value,
  })),
)

const { match } = fc.letrec<{ match: Match }>((tie) => ({
  match: fc
    .oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.dictionary(key, tie('match'), { maxKeys: 4 }).map((fields) => ({
        schema: {
          type: 'object',
          properties: Object.fromEntries(
            Object.entries(fields).map(([name, { schema }]) => [name, schema]),
          ),
          required: Object.keys(fields),
          additionalProperties: false,
        },
        value: Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])),
      })),
      fc.tuple(tie('match'), fc.nat(3)).map(([{ schema, value }, length]) => ({
        schema: { items: schema, minItems: length, maxItems: length },
        value: Array.from({ length }, () => value),
      })),
      fc.tuple(tie('match'), tie('match')).map(([one, other]) => ({
        schema: { anyOf: [other.schema, one.schema] },
        value: one.value,
      })),
      tie('match').map(({ schema, value }) => ({
        schema: { oneOf: [schema, { const: 'something else' }] },
        value,
      })),
    )
    .chain((made) =>
      annotations.map((notes) => ({
        ...made,
        schema: typeof made.schema === 'object' ? { ...made.schema, ...notes } : made.schema,
      })),
    ),
}))

describe('a check made from a schema', () => {
  it('accepts whatever the schema accepts', () => {
    fc.assert(
      fc.property(match, ({ schema, value }) => {
        const accepts = compileAnswerSchema(schema)
        expect(accepts).toBeDefined()
        expect(accepts?.(value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, Fields, unknown, unknown]>([
    ['a nullable object', { type: ['object', 'null'], required: ['a'] }, null, {}],
    ['a nullable list', { type: ['array', 'null'], items: { type: 'string' } }, null, [5]],
    ['a nullable number', { type: ['number', 'null'], minimum: 1 }, null, 0],
    ['a schema without a type', { required: ['a'], properties: { a: { type: 'null' } } }, 5, {}],
    ['emoji in a short text', { type: 'string', maxLength: 2 }, '😀😀', 'abcde'],
    ['a choice of one', { oneOf: [{ type: 'null' }, { type: 'integer', minimum: 5 }] }, 7, 3],
    ['names of the keys', { propertyNames: { enum: ['a'] } }, { a: 1 }, { b: 1 }],
    [
      'fields that need others',
      { dependentRequired: { a: ['b'] }, properties: { b: {} } },
      {},
      { a: 1 },
    ],
    ['a whole number', { type: 'integer' }, 1.0, 1.5],
    ['a union with null', { anyOf: [{ type: 'string' }, { type: 'null' }] }, null, 5],
    ['a nested list', { items: { items: { type: 'boolean' } } }, [[true], 5], [[5]]],
  ])('tells right from wrong: %s', (_, schema, right, wrong) => {
    const accepts = compileAnswerSchema(schema)
    expect(accepts?.(right)).toBe(true)
    expect(accepts?.(wrong)).toBe(false)
  })

  it('sees the own keys of an answer only', () => {
    const accepts = compileAnswerSchema({ properties: { a: {} }, additionalProperties: false })
    expect(accepts?.(JSON.parse('{"a":1}'))).toBe(true)
    expect(accepts?.(JSON.parse('{"__proto__":1}'))).toBe(false)
    expect(accepts?.(JSON.parse('{"toString":1}'))).toBe(false)
  })
})

describe('no check is made', () => {
  it.each<[string, unknown]>([
    ['a reference', { $ref: '#' }],
    ['a pattern', { type: 'string', pattern: '^(a+)+$' }],
    ['a pattern that is nested', { properties: { a: { items: { pattern: 'a' } } } }],
    ['patterns of names', { patternProperties: { '^a': {} } }],
    ['allOf', { allOf: [{ type: 'string' }] }],
    ['not', { not: {} }],
    ['multipleOf', { type: 'number', multipleOf: 2 }],
    ['a keyword of another dialect', { type: 'string', nullable: true }],
    ['an unknown type', { type: 'decimal' }],
    ['a type every object inherits', { type: 'constructor' }],
    ['no types', { type: [] }],
    ['anyOf beside oneOf', { anyOf: [{}], oneOf: [{}] }],
    ['a choice of nothing', { anyOf: [] }],
    ['an enum of objects', { enum: [{ a: 1 }] }],
    ['a constant object', { const: {} }],
    ['a bound that is no number', { type: 'number', exclusiveMinimum: true }],
    ['a tuple', { type: 'array', items: [{}] }],
    ['a required that is a text', { type: 'object', required: 'abc' }],
    ['properties that are a list', { type: 'object', properties: [] }],
    ['a property every object inherits', { properties: { constructor: { type: 'string' } } }],
    ['a required one every object inherits', { type: 'object', required: ['toString'] }],
    ['a text', 'string'],
    ['nothing', null],
  ])('from %s', (_, schema) => {
    expect(compileAnswerSchema(schema)).toBeUndefined()
  })

  it('from more than 1,000 nested schemas', () => {
    const choice = (length: number) => ({ anyOf: Array.from({ length }, () => ({ const: 1 })) })
    expect(compileAnswerSchema(choice(999))?.(1)).toBe(true)
    expect(compileAnswerSchema(choice(1_000))).toBeUndefined()
  })
})
