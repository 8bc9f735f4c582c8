/** JSON text in which the order of an object's keys does not show. */

/**
 * For plain JSON data of bounded depth. Equal data gives equal text, different data different text;
 * `-0` equals `0`, as in JSON.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, held]) => held !== undefined)
  // By UTF-16 units: the same everywhere, whatever the locale. Keys are unique, so never equal.
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${canonicalJson(held)}`).join(',')}}`
}
