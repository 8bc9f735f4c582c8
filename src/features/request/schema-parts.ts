/** The building blocks of the request schemas: leaves that carry the words of their own error. */
import * as z from 'zod'
import type { JsonSchema } from '../../contracts/request.js'

/** 1-64 characters of `A-Z a-z 0-9 _ -`. */
export const NAME = /^[A-Za-z0-9_-]{1,64}$/

// All keys required, with their optionality as a value: else a forgotten optional field would pass.
type Exact<T> = T extends readonly (infer Item)[]
  ? Exact<Item>[]
  : T extends object
    ? {
        -readonly [Key in keyof T]-?: [
          Exact<T[Key]>,
          Partial<Pick<T, Key>> extends Pick<T, Key> ? 'optional' : 'required',
        ]
      }
    : T

type Same<A, B> = [Exact<A>, Exact<B>] extends [Exact<B>, Exact<A>] ? unknown : never

/**
 * Compiles only when the schema's input type is the contract's: no field more, none less, each of
 * the same type and equally optional. `readonly` is not compared: zod's types have none.
 */
export function equals<Contract>() {
  return <Schema extends z.ZodType>(schema: Schema & Same<z.input<Schema>, Contract>): Schema =>
    schema
}

/** Lengths are in UTF-16 units. */
export function text(expected: string, min = 0, max = Infinity): z.ZodString {
  let schema = z.string({ error: expected })
  if (min > 0) schema = schema.min(min, { error: expected })
  if (max < Infinity) schema = schema.max(max, { error: expected })
  return schema
}

export function pattern(regex: RegExp, expected: string): z.ZodString {
  return z.string({ error: expected }).regex(regex, { error: expected })
}

/** Finite numbers only, as everywhere in zod 4. */
export function number(
  words: string,
  bounds: { readonly above?: number; readonly min?: number; readonly max?: number },
): z.ZodNumber {
  const error = `a number ${words}`
  let schema = z.number({ error })
  if (bounds.above !== undefined) schema = schema.gt(bounds.above, { error })
  if (bounds.min !== undefined) schema = schema.min(bounds.min, { error })
  if (bounds.max !== undefined) schema = schema.max(bounds.max, { error })
  return schema
}

export function integer(words: string, min?: number, max?: number): z.ZodInt {
  const error = `an integer ${words}`
  let schema = z.int({ error })
  if (min !== undefined) schema = schema.min(min, { error })
  if (max !== undefined) schema = schema.max(max, { error })
  return schema
}

export const flag = z.boolean({ error: 'true or false' })

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  const error = `one of ${names.map((name) => `\`${name}\``).join(', ')}`
  return z.enum(names, { error })
}

/** An array whose type is readonly, so that callers may pass theirs. */
export function list<Item extends z.ZodType>(
  item: Item,
  noun: string,
  min = 0,
  max = Infinity,
): z.ZodType<readonly z.output<Item>[], readonly z.input<Item>[]> {
  const bounds = max < Infinity ? `${min} to ${max} ` : ''
  const error = `an array of ${bounds}${noun}`
  let schema = z.array(item, { error })
  if (min > 0) schema = schema.min(min, { error })
  if (max < Infinity) schema = schema.max(max, { error })
  return schema
}

type JsonObject = { readonly [key: string]: unknown }

/** Any JSON object. `record()` drops a `__proto__` key silently: raw input is checked before. */
export function jsonObject(expected: string): z.ZodType<JsonObject, JsonObject> {
  return z.record(z.string(), z.unknown(), { error: expected })
}

export function jsonSchema(expected: string): z.ZodType<JsonSchema, JsonSchema> {
  return z.record(z.string(), z.unknown(), { error: expected })
}
