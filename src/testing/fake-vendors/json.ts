/** Reading fields of JSON nobody has checked. */

export type JsonObject = Readonly<Record<string, unknown>>

/** The value when it is an object, otherwise an empty one. */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an array, otherwise an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The text of a content field: a string, or parts that have a `text`. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return asArray(content)
    .map((part) => asText(asObject(part)['text']) ?? '')
    .join('')
}

// Bytes of pictures and documents, and labels, are not text a model reads as such.
const NOT_TEXT = new Set(['data', 'url', 'role', 'type', 'image_url', 'file_data', 'fileUri'])

/** Characters of all texts in a value, however deep. */
export function textLength(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textLength(item), 0)
  return Object.entries(asObject(value)).reduce(
    (sum, [field, item]) => (NOT_TEXT.has(field) ? sum : sum + textLength(item)),
    0,
  )
}
