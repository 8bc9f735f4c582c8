/** A value that satisfies a JSON Schema, for structured output and tool arguments. */
import { asArray, asNumber, asObject, asText, isObject } from './json.js'
import type { JsonObject } from './json.js'

// A schema may refer to itself; beyond this depth objects are left empty.
const MAX_DEPTH = 12

function resolveReference(reference: string, root: JsonObject): JsonObject {
  const steps = reference.replace(/^#\/?/, '').split('/').filter(Boolean)
  return steps.reduce<JsonObject>((schema, step) => asObject(schema[step]), root)
}

function sampleObject(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const required = new Set(asArray(schema['required']))
  const fields = Object.entries(asObject(schema['properties']))
  // Without `required` every property is given; with it, only what must be.
  const wanted = required.size > 0 ? fields.filter(([name]) => required.has(name)) : fields
  return Object.fromEntries(wanted.map(([name, field]) => [name, sample(field, root, depth + 1)]))
}

function sampleNumber(schema: JsonObject): number {
  const exclusive = asNumber(schema['exclusiveMinimum'])
  return asNumber(schema['minimum']) ?? (exclusive === undefined ? 1 : exclusive + 1)
}

function sampleText(schema: JsonObject): string {
  const text = 'sample'.padEnd(asNumber(schema['minLength']) ?? 0, 'x')
  return text.slice(0, asNumber(schema['maxLength']) ?? text.length)
}

function typeOf(schema: JsonObject): string {
  const type = Array.isArray(schema['type']) ? asArray(schema['type'])[0] : schema['type']
  // Gemini's own schemas write OBJECT, STRING, …
  return asText(type)?.toLowerCase() ?? ('properties' in schema ? 'object' : 'string')
}

function sample(value: unknown, root: JsonObject, depth: number): unknown {
  const schema = asObject(value)
  const reference = asText(schema['$ref'])
  if (depth > MAX_DEPTH) return {}
  if (reference !== undefined) return sample(resolveReference(reference, root), root, depth + 1)
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return asArray(schema['enum'])[0]
  const alternatives = [...asArray(schema['anyOf']), ...asArray(schema['oneOf'])]
  if (alternatives.length > 0) return sample(alternatives[0], root, depth + 1)
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, root, depth)
    case 'array': {
      const length = Math.max(1, asNumber(schema['minItems']) ?? 1)
      return Array.from({ length }, () => sample(schema['items'], root, depth + 1))
    }
    case 'integer':
      return Math.ceil(sampleNumber(schema))
    case 'number':
      return sampleNumber(schema)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return sampleText(schema)
  }
}

/** Understands type, properties, required, items, enum, const, anyOf, oneOf, local $ref and bounds. */
export function sampleJson(schema: unknown): unknown {
  return isObject(schema) ? sample(schema, schema, 0) : {}
}
