/** Gives a JSON Schema the type its values have. */
import type { JsonSchema } from '../contracts/request.js'

/**
 * Marks `schema` as describing `T`, so that `answer.parsed` is typed. Changes nothing at run time.
 *
 * @example
 * response_format: { type: 'json_schema', schema: jsonSchema<{ city: string }>({ type: 'object', … }) }
 */
export function jsonSchema<T>(schema: { readonly [keyword: string]: unknown }): JsonSchema<T> {
  return schema
}
