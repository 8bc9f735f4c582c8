/** A broken rule of the input, on its way to becoming the public error. */
import { RaptorflowError } from '../../errors.js'

/** The rules a request can break, as `details.validation` names them. */
export type ValidationRule =
  | 'required'
  | 'type'
  | 'range'
  | 'enum'
  | 'format'
  | 'size'
  | 'depth'
  | 'exclusive'
  | 'unknown_field'
  | 'forbidden_key'
  | 'well_formed'

/** Never leaves this folder: `invalidRequest` turns it into a `RaptorflowError`. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly #brand = true
  readonly field: string
  readonly validation: ValidationRule

  constructor(field: string, validation: ValidationRule, message: string) {
    super(message)
    this.field = field
    this.validation = validation
  }

  /** Runs no code of the value: `instanceof` would call a proxy that a hostile getter threw. */
  static is(thrown: unknown): thrown is Violation {
    return typeof thrown === 'object' && thrown !== null && #brand in thrown
  }
}

/**
 * The INVALID_REQUEST for whatever was thrown while input was read. What is not a `Violation` was
 * thrown by the caller's getters or proxies; nothing of it is passed on, it may hold anything.
 * @param root what the input is called when no field of it is at fault
 */
export function invalidRequest(
  thrown: unknown,
  root: string,
  request_id: string | undefined,
): RaptorflowError {
  const violation = Violation.is(thrown)
    ? thrown
    : new Violation(root, 'type', `Expected the ${root} to be plain data, but reading it failed`)
  return new RaptorflowError('INVALID_REQUEST', violation.message, {
    details: { field: violation.field, validation: violation.validation },
    request_id,
  })
}

const NAME = /^[\w$-]{1,64}$/

/** `messages.0.content`; a segment that is no plain name is text of the caller's and becomes `*`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((segment) => {
      const text = typeof segment === 'symbol' ? '*' : String(segment)
      return NAME.test(text) ? text : '*'
    })
    .join('.')
}

/** What came, in words that repeat no text of the caller's. */
export function described(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return `\`${String(value)}\` (${typeof value})`
    case 'string':
      return value === '' ? 'an empty string' : 'a string'
    case 'undefined':
      return 'nothing'
    case 'object':
      if (value === null) return 'null'
      if (!Array.isArray(value)) return 'an object'
      return `an array of ${value.length} item${value.length === 1 ? '' : 's'}`
    default:
      return `a ${typeof value}`
  }
}

/** "Expected `priority` to be an integer from 1 to 10, got `11` (number)". */
export function mismatch(field: string, expected: string, got: string): string {
  return `Expected \`${field}\` to be ${expected}, got ${got}`
}
