/** The error for a bad constructor option. */
import { RaptorflowError } from '../errors.js'

/** Shows numbers and booleans; of anything else only the type, since it might be a secret. */
export function invalidOption(name: string, expected: string, got: unknown): RaptorflowError {
  const shown =
    typeof got === 'number' || typeof got === 'boolean'
      ? `\`${String(got)}\` (${typeof got})`
      : kindOf(got)
  return new RaptorflowError(
    'INVALID_REQUEST',
    `Expected the option \`${name}\` to be ${expected}, got ${shown}`,
    { details: { field: name, validation: 'option', reason: 'configuration' } },
  )
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}
