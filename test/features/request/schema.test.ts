import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { batchSchema, requestSchema } from '../../../src/features/request/schema.js'
import { equals } from '../../../src/features/request/schema-parts.js'

interface Contract {
  readonly name?: string | undefined
  readonly tags: readonly { readonly label?: number | undefined }[]
}

const name = z.string().optional()
const tags = z.array(z.strictObject({ label: z.number().optional() }))
const withoutLabels = z.array(z.strictObject({}))

describe('the comparison of a schema with its contract', () => {
  it('compiles for an equal one only', () => {
    const same = equals<Contract>()
    const schema = z.strictObject({ name, tags })
    expect(same(schema)).toBe(schema)
    // @ts-expect-error an optional field is missing
    same(z.strictObject({ tags }))
    // @ts-expect-error a field too many
    same(z.strictObject({ name, tags, more: name }))
    // @ts-expect-error optional in the contract, required here
    same(z.strictObject({ name: z.string(), tags }))
    // @ts-expect-error null is no part of the contract
    same(z.strictObject({ name: z.string().nullish(), tags }))
    // @ts-expect-error a nested field is missing
    same(z.strictObject({ name, tags: withoutLabels }))
  })
})

describe('the request schema', () => {
  it('becomes a JSON Schema that says prompt or messages and refuses unknown fields', () => {
    const json = z.toJSONSchema(requestSchema(), { io: 'input' })
    expect(json.oneOf).toEqual([
      { required: ['prompt'], properties: { prompt: { type: 'string' } } },
      { required: ['messages'], properties: { messages: { type: 'array' } } },
    ])
    expect(json.additionalProperties).toBe(false)
    expect(Object.keys(json.properties ?? {})).toHaveLength(26)
  })

  it('becomes part of the batch schema', () => {
    const json = z.toJSONSchema(batchSchema(), { io: 'input' })
    expect(json.required).toEqual(['requests'])
    expect(json.properties?.['requests']).toMatchObject({ type: 'array', maxItems: 100_000 })
  })
})
