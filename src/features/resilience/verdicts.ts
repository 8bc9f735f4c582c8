/** The public code and message of each kind of failure, the most actionable first. */
import type { RaptorflowErrorCode } from '../../errors.js'
import type { FailureKind } from './failure.js'

export interface Verdict {
  readonly code: RaptorflowErrorCode
  /** What was expected, what came, what to do. */
  readonly message: string
}

const TRY_AGAIN = 'Try again shortly, or add another provider to fail over to.'

const unavailable = (message: string): Verdict => ({ code: 'PROVIDER_UNAVAILABLE', message })
const refused = (message: string): Verdict => ({ code: 'INVALID_REQUEST', message })

/**
 * In order of precedence where attempts failed in different ways: a rate limit decides only where
 * no provider failed otherwise, and the request is blamed only where every provider blamed it.
 */
export const VERDICTS: Readonly<Record<FailureKind, Verdict>> = {
  timeout: {
    code: 'TIMEOUT',
    message:
      "Expected an answer in time, but none came. Raise timeout_seconds or the client's `timeouts`, ask for fewer tokens, or try again.",
  },
  stream_idle: {
    code: 'TIMEOUT',
    message: 'Expected the stream to go on, but no content came for too long. Try again.',
  },
  package_missing: unavailable(
    "Expected a provider's package to be installed, but it could not be loaded. Install the package of the provider that details.attempts names.",
  ),
  auth: unavailable(
    'Expected the provider to accept its key, but it refused. Check the key and its rights where the client is built.',
  ),
  quota_exhausted: unavailable(
    "Expected credit at the provider, but its quota is used up. Check the provider's billing, or add another provider to fail over to.",
  ),
  overloaded: unavailable(`Expected a provider with capacity, but it is overloaded. ${TRY_AGAIN}`),
  server_error: unavailable(`Expected an answer, but the provider failed. ${TRY_AGAIN}`),
  network: unavailable(
    'Expected to reach the provider, but no connection came about. Check the network, DNS, certificates and the base URL, then try again.',
  ),
  connection_reset: unavailable(
    `Expected an answer, but the connection to the provider broke. ${TRY_AGAIN}`,
  ),
  stream_truncated: unavailable(
    `Expected a complete answer, but the stream ended early. ${TRY_AGAIN}`,
  ),
  bad_response: unavailable(
    `Expected a well-formed answer, but the provider sent something else. ${TRY_AGAIN}`,
  ),
  empty: unavailable(`Expected an answer, but the provider sent an empty one. ${TRY_AGAIN}`),
  answer_too_large: unavailable(
    'Expected an answer of at most 4 MiB, but it is longer. Lower max_tokens.',
  ),
  rate_limited: {
    code: 'RATE_LIMITED',
    message:
      'Expected a provider with capacity, but every one limits the rate. Wait details.retry_after seconds, or add another provider to fail over to.',
  },
  internal: {
    code: 'INTERNAL_ERROR',
    message:
      'Expected the provider to fail with a ProviderError, but it threw something else. Report this to whoever maintains the provider.',
  },
  content_filter: refused(
    'Expected content that the provider accepts, but its content filter refused. Reword the request.',
  ),
  invalid_request: refused(
    "Expected a request that the provider accepts, but it refused a field or a combination. Check the model's documentation for tools, response_format, sampling fields and provider_options.",
  ),
  context_length: refused(
    "Expected input and max_tokens to fit the model's context window, but they exceed it. Shorten the input, lower max_tokens, or name a model with a larger window.",
  ),
  too_large: refused(
    'Expected a request of a size that the provider accepts, but it is larger. Shorten the input, or send smaller images and files.',
  ),
  model_not_found: {
    code: 'MODEL_NOT_SUPPORTED',
    message:
      'Expected a model that the provider serves, but it does not know it or the key may not use it. Check model_name, or list another model in fallback.',
  },
  aborted: {
    code: 'ABORTED',
    message: 'The call was aborted before its answer came.',
  },
}
