/** What a failed attempt means for the next one: the kinds of failure and what each entails. */
import type { Usage } from '../../contracts/provider.js'

export type FailureKind =
  | 'rate_limited'
  | 'quota_exhausted'
  | 'overloaded'
  | 'server_error'
  | 'network'
  | 'connection_reset'
  | 'timeout'
  | 'stream_idle'
  | 'stream_truncated'
  | 'bad_response'
  | 'empty'
  | 'content_filter'
  | 'context_length'
  | 'invalid_request'
  | 'auth'
  | 'model_not_found'
  | 'too_large'
  | 'answer_too_large'
  | 'package_missing'
  | 'aborted'
  | 'internal'

/** One failed attempt, judged. */
export interface Failure {
  readonly kind: FailureKind
  /** Whether the same provider may be asked once more, as a last resort. */
  readonly retryable: boolean
  /** Whether another candidate may be asked. */
  readonly failoverable: boolean
  /** It says that the provider is out of order, whichever of its models is asked. */
  readonly wholeProvider: boolean
  /** Only a candidate with a larger context window can do better. */
  readonly needsLargerContext: boolean
  /** How long this provider and model should come last, in milliseconds. */
  readonly cooldownMs: number
  /** What the attempt cost: nothing, the reported `usage`, or an estimate of its input. */
  readonly billable: 'no' | 'reported' | 'estimate'
  /** False when the failure says nothing about the provider: the caller's fault, or its leaving. */
  readonly countsForHealth: boolean
  /** What the provider asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** HTTP status, when the provider answered with one. */
  readonly status: number | undefined
  /** Tokens reported before it failed. */
  readonly usage: Usage | undefined
}

export interface FailureTraits {
  readonly retryable: boolean
  readonly failoverable: boolean
  readonly cooldownMs: number
  /** Without reported usage; with it an attempt always costs what was reported. */
  readonly billable: 'no' | 'estimate'
  readonly countsForHealth: boolean
  readonly wholeProvider: boolean
}

const FIVE_MINUTES = 300_000

/** The longest a Retry-After keeps a provider last, unless its quota is gone. */
export const MAX_COOLDOWN_MS = 60_000

/** The provider is at fault, answers in time and did no work. */
const REFUSED: FailureTraits = {
  retryable: true,
  failoverable: true,
  cooldownMs: 0,
  billable: 'no',
  countsForHealth: true,
  wholeProvider: true,
}
/** The provider is at fault and may have done the work. */
const WORKED: FailureTraits = { ...REFUSED, billable: 'estimate' }
/** Asking the same provider again within this request is pointless. */
const UNUSABLE: FailureTraits = { ...REFUSED, retryable: false, cooldownMs: FIVE_MINUTES }
/** The request is at fault: every provider would say the same. */
const CALLER: FailureTraits = {
  retryable: false,
  failoverable: false,
  cooldownMs: 0,
  billable: 'no',
  countsForHealth: false,
  wholeProvider: false,
}

/** One row per kind. */
export const TRAITS: Readonly<Record<FailureKind, FailureTraits>> = {
  // Limits are per model as a rule.
  rate_limited: { ...REFUSED, cooldownMs: 5_000, wholeProvider: false },
  quota_exhausted: UNUSABLE,
  overloaded: REFUSED,
  server_error: REFUSED,
  network: { ...REFUSED, retryable: false },
  connection_reset: WORKED,
  // A provider that let one attempt time out would eat the rest of the deadline, too.
  timeout: { ...WORKED, retryable: false },
  stream_idle: WORKED,
  stream_truncated: WORKED,
  bad_response: WORKED,
  empty: { ...WORKED, wholeProvider: false },
  // Another provider might answer, but asking around would be policy shopping.
  content_filter: CALLER,
  context_length: { ...CALLER, failoverable: true },
  invalid_request: CALLER,
  auth: UNUSABLE,
  model_not_found: { ...UNUSABLE, countsForHealth: false, wholeProvider: false },
  too_large: { ...CALLER, failoverable: true },
  // Another answer would most likely be as long, and cost as much again.
  answer_too_large: { ...CALLER, billable: 'estimate' },
  package_missing: UNUSABLE,
  aborted: { ...CALLER, billable: 'estimate' },
  internal: { ...WORKED, retryable: false },
}
