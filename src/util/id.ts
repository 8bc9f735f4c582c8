/** Random ids. */
import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Ids that share one call for random bytes, which costs more than all the rest. */
const POOL_IDS = 128

const pool = Buffer.alloc(ID_BYTES * POOL_IDS)
let used = pool.length

/** `prefix_` and 32 hex digits: 128 random bits. */
export function newId(prefix: string): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const from = used
  used += ID_BYTES
  return `${prefix}_${pool.toString('hex', from, used)}`
}

/** Ids callers may choose: 1-64 characters that are safe in a header and a log line. */
export const REQUEST_ID = /^[A-Za-z0-9_.-]{1,64}$/
