/** The rows of the fault matrix. */
import type { Row } from './expectations.js'
import { RATE_LIMITS, REFUSALS, STATUSES } from './rows-status.js'
import { STREAMS } from './rows-stream.js'
import { BODIES, CONNECTIONS } from './rows-transport.js'

export const ROWS: readonly Row[] = [
  ...STATUSES,
  ...RATE_LIMITS,
  ...REFUSALS,
  ...CONNECTIONS,
  ...BODIES,
  ...STREAMS,
]
