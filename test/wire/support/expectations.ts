/** What the requirements say of each kind of failure, and how a row of the matrix states it. */
import type { RaptorflowErrorCode } from '../../../src/errors.js'
import type { FailureKind } from '../../../src/features/resilience/failure.js'
import type { DownMode, VendorFault } from '../../../src/testing/index.js'
import type { Adapter } from './adapters.js'

export type Mode = 'unary' | 'stream'

/**
 * `nothing`: $0. `estimate`: above $0 and marked as estimated. `all`: the answer's usage as the
 * vendor reported it. `opening`: what the vendor had reported when the answer broke off.
 */
export type Charge = 'nothing' | 'estimate' | 'all' | 'opening'

/** What follows from a kind of failure, before any content reached the caller. */
interface Rule {
  readonly code: RaptorflowErrorCode
  /** Asked once more when nobody else is left. */
  readonly retried: boolean
  readonly failsOver: boolean
  readonly charge: Charge
}

const PAUSE: Rule = {
  code: 'PROVIDER_UNAVAILABLE',
  retried: true,
  failsOver: true,
  charge: 'nothing',
}
const BROKEN: Rule = { ...PAUSE, charge: 'estimate' }
const UNUSABLE: Rule = { ...PAUSE, retried: false }
const BLAMED: Rule = {
  code: 'INVALID_REQUEST',
  retried: false,
  failsOver: false,
  charge: 'nothing',
}

/** Written down from the requirements, not taken from the code under test. */
export const RULES: Readonly<Partial<Record<FailureKind, Rule>>> = {
  invalid_request: BLAMED,
  content_filter: BLAMED,
  context_length: { ...BLAMED, failsOver: true },
  too_large: { ...BLAMED, failsOver: true },
  auth: UNUSABLE,
  quota_exhausted: UNUSABLE,
  model_not_found: { ...UNUSABLE, code: 'MODEL_NOT_SUPPORTED' },
  rate_limited: { ...PAUSE, code: 'RATE_LIMITED' },
  overloaded: PAUSE,
  server_error: PAUSE,
  network: UNUSABLE,
  connection_reset: BROKEN,
  bad_response: BROKEN,
  empty: BROKEN,
  stream_truncated: BROKEN,
  stream_idle: { ...BROKEN, code: 'TIMEOUT' },
  timeout: { ...BROKEN, code: 'TIMEOUT', retried: false },
}

export interface Expected {
  readonly kind: FailureKind
  readonly status?: number | undefined
  /** True when a piece of the answer is out: then the failure is final. */
  readonly delivered?: boolean | undefined
  readonly retried?: boolean | undefined
  readonly failsOver?: boolean | undefined
  readonly charge?: Charge | undefined
  /** `details.retry_after`, [least, most], seconds. */
  readonly retryAfter?: readonly [number, number] | undefined
  /** Requests that reach the vendor per attempt. @default 1 */
  readonly hitsPerAttempt?: 0 | 1 | undefined
  /** The client, not the vendor, ends the connection. */
  readonly closesSocket?: boolean | undefined
  /** One of the client's limits ends each attempt. */
  readonly endsByLimit?: boolean | undefined
  /** Least milliseconds before the same vendor is asked again. */
  readonly waitsMs?: number | undefined
}

export interface Row {
  readonly name: string
  readonly fault?: VendorFault
  readonly down?: DownMode
  /** The vendor is addressed by https, which it does not speak. */
  readonly tls?: boolean
  readonly modes?: readonly Mode[]
  /** The adapter that cannot notice it. */
  readonly except?: Adapter['id']
  /** Undefined: the call succeeds in spite of it. */
  readonly expected: (adapter: Adapter, mode: Mode) => Expected | undefined
}

/** @google/generative-ai tells neither headers nor transport codes, only what is in bodies. */
export const isBlind = ({ id }: Adapter): boolean => id === 'google-generative-ai'
