import * as z from 'zod'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../../src/features/request/predicates.js'
import { requestSchema } from '../../../src/features/request/schema.js'
import { junkRequest, mutatedRequest, validRequest } from './arbitraries.js'

const accepts = compile(z.toJSONSchema(requestSchema(), { io: 'input' }))

/** What reaches the check in practice: data in which nothing is undefined. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('the derived check', () => {
  it('accepts every valid request, as zod does', () => {
    fc.assert(
      fc.property(validRequest, (request) => {
        const data = asJson(request)
        expect(requestSchema().safeParse(data).error).toBeUndefined()
        expect(accepts(data)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('accepts exactly what zod accepts among spoilt and random requests', () => {
    const verdicts = { accepted: 0, rejected: 0 }
    fc.assert(
      fc.property(fc.oneof(mutatedRequest, mutatedRequest, junkRequest), (data) => {
        const { success } = requestSchema().safeParse(data)
        expect(accepts(data)).toBe(success)
        verdicts[success ? 'accepted' : 'rejected'] += 1
      }),
      { numRuns: 10_000 },
    )
    expect(verdicts.accepted).toBeGreaterThan(500)
    expect(verdicts.rejected).toBeGreaterThan(2_000)
  })

  const edges: readonly (readonly [string, unknown])[] = [
    [
      'an image with url and data',
      { type: 'image', url: 'https://x', data: 'QUJD', media_type: 'image/png' },
    ],
    ['an image with url and data but no type', { type: 'image', url: 'https://x', data: 'QUJD' }],
    ['an image with data but no type', { type: 'image', data: 'QUJD' }],
    ['an image with neither', { type: 'image' }],
    ['a file with neither', { type: 'file', media_type: 'a/b' }],
    ['a file without a type', { type: 'file', url: 'https://x' }],
    ['a URL of another scheme', { type: 'image', url: 'file:///etc/passwd' }],
    ['base64 of a wrong length', { type: 'image', data: 'QUJDQ', media_type: 'image/png' }],
    [
      'a data URL as data',
      { type: 'image', data: 'data:image/png;base64,QUJD', media_type: 'image/png' },
    ],
    ['an own key that every object inherits', { type: 'text', text: '', toString: 1 }],
  ]
  it.each(edges)('refuses %s, as zod does', (_title, part) => {
    const request = { messages: [{ role: 'user', content: [part] }] }
    expect(requestSchema().safeParse(request).success).toBe(false)
    expect(accepts(request)).toBe(false)
  })

  it('refuses to be derived from a keyword it does not know', () => {
    expect(() => compile({ type: 'number', multipleOf: 2 })).toThrow('multipleOf')
    expect(() => compile(JSON.parse('{"type":"decimal"}') as z.core.JSONSchema.JSONSchema)).toThrow(
      'decimal',
    )
  })
})
