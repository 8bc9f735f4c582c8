/** The one error class that leaves a public method, its codes, and what a provider adapter throws. */

/** The six documented codes, three the documented statuses need, and `ABORTED` (in-process only). */
export const ERROR_CODES = [
  'INVALID_REQUEST',
  'MODEL_NOT_SUPPORTED',
  'BUDGET_EXCEEDED',
  'TIMEOUT',
  'RATE_LIMITED',
  'PROVIDER_UNAVAILABLE',
  'UNAUTHORIZED',
  'NOT_FOUND',
  'INTERNAL_ERROR',
  'ABORTED',
] as const

export type RaptorflowErrorCode = (typeof ERROR_CODES)[number]

/** Facts beside the message. Never holds a prompt, a key or a provider's text. */
export interface ErrorDetails {
  /** Dotted path of the request field at fault, for instance `messages.0.content`. */
  readonly field?: string
  /** The rule it broke, for instance `required`, `range`, `type`. */
  readonly validation?: string
  /** Finer than the code, for instance `quota_exhausted`, `stream_truncated`, `closed`. */
  readonly reason?: string
  /** Seconds after which another try makes sense. */
  readonly retry_after?: number
  readonly [key: string]: unknown
}

export interface RaptorflowErrorOptions {
  readonly details?: ErrorDetails | undefined
  readonly request_id?: string | undefined
  /** @default true for TIMEOUT, RATE_LIMITED and PROVIDER_UNAVAILABLE */
  readonly retryable?: boolean | undefined
  readonly cause?: unknown
}

/** The documented error envelope. */
export interface ErrorEnvelope {
  readonly error: {
    readonly code: RaptorflowErrorCode
    readonly message: string
    readonly details: ErrorDetails
    readonly request_id: string | null
    readonly timestamp: string
  }
}

const RETRYABLE: readonly RaptorflowErrorCode[] = [
  'TIMEOUT',
  'RATE_LIMITED',
  'PROVIDER_UNAVAILABLE',
]
const MARKER = Symbol.for('raptorflow.error')

/** Anything can be thrown, also a proxy that throws when it is looked at. */
function carries(value: unknown, marker: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && marker in value
  } catch {
    return false
  }
}

/** What every public method fails with. Tell it by `RaptorflowError.isInstance(error)`. */
export class RaptorflowError extends Error {
  override readonly name = 'RaptorflowError'
  readonly code: RaptorflowErrorCode
  readonly details: ErrorDetails
  readonly request_id: string | undefined
  /** ISO 8601. */
  readonly timestamp: string
  readonly retryable: boolean

  constructor(code: RaptorflowErrorCode, message: string, options: RaptorflowErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    Object.defineProperty(this, MARKER, { value: true })
    this.code = code
    this.details = options.details ?? {}
    this.request_id = options.request_id
    this.timestamp = new Date().toISOString()
    this.retryable = options.retryable ?? RETRYABLE.includes(code)
  }

  /** True for errors of any copy of this package: `instanceof` fails between its ESM and CJS builds. */
  static isInstance(value: unknown): value is RaptorflowError {
    return carries(value, MARKER)
  }

  /** The same failure as another caller sees it: same facts, that caller's id. */
  forRequest(request_id: string): RaptorflowError {
    return copyFor(this, request_id)
  }

  toJSON(): ErrorEnvelope {
    return {
      error: {
        code: this.code,
        message: this.message,
        details: this.details,
        request_id: this.request_id ?? null,
        timestamp: this.timestamp,
      },
    }
  }
}

/** Outside the class, which bundlers rename when it mentions itself: its name is in every trace. */
function copyFor(error: RaptorflowError, request_id: string): RaptorflowError {
  return new RaptorflowError(error.code, error.message, {
    details: error.details,
    request_id,
    retryable: error.retryable,
    cause: error.cause,
  })
}

/** What an adapter found out by itself, where no HTTP status says it. */
export type ProviderErrorReason =
  | 'network'
  | 'connection_reset'
  | 'timeout'
  | 'stream_idle'
  | 'stream_truncated'
  | 'bad_response'
  | 'empty'
  | 'content_filter'
  | 'answer_too_large'
  | 'aborted'

export interface ProviderErrorFacts {
  /** HTTP status, when the provider answered with one. */
  readonly status?: number | undefined
  /** The vendor's exact error type or code, for instance `insufficient_quota`, `overloaded_error`. */
  readonly type?: string | undefined
  readonly reason?: ProviderErrorReason | undefined
  /** Milliseconds the provider asked to wait; already parsed and bounded. */
  readonly retryAfterMs?: number | undefined
  /** Node's error code of the transport, for instance `ECONNREFUSED`. */
  readonly causeCode?: string | undefined
  /** Tokens the provider reported before it failed. */
  readonly usage?:
    | {
        readonly input: number
        readonly cache_read: number
        readonly cache_write: number
        readonly output: number
        readonly reasoning: number
      }
    | undefined
}

const PROVIDER_MARKER = Symbol.for('raptorflow.provider-error')

/**
 * Thrown by provider adapters, also by custom ones, to state the facts of a failed call.
 * It never leaves a public method: the client judges it and answers with a `RaptorflowError`.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly facts: ProviderErrorFacts

  /** No `cause`: a vendor's error carries its answer's text, and sometimes the key. */
  constructor(facts: ProviderErrorFacts) {
    super(
      `The provider call failed: ${facts.reason ?? facts.type ?? `status ${String(facts.status ?? 'unknown')}`}`,
    )
    Object.defineProperty(this, PROVIDER_MARKER, { value: true })
    this.facts = facts
  }

  static isInstance(value: unknown): value is ProviderError {
    return carries(value, PROVIDER_MARKER)
  }
}
