/** Random ids. */
import { randomUUID } from 'node:crypto'

/** `prefix_` and 32 hex digits: 122 random bits. */
export function newId(prefix: string): string {
  const uuid = randomUUID()
  return `${prefix}_${uuid.slice(0, 8)}${uuid.slice(9, 13)}${uuid.slice(14, 18)}${uuid.slice(19, 23)}${uuid.slice(24)}`
}

/** Ids callers may choose: 1-64 characters that are safe in a header and a log line. */
export const REQUEST_ID = /^[A-Za-z0-9_.-]{1,64}$/
