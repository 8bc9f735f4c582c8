/** What each vendor says for each error: status, type, code and message. */
import type { VendorErrorName, VendorErrorRow } from './errors.js'
import type { Vendor } from './types.js'

type Table = Readonly<Record<VendorErrorName, VendorErrorRow>>

const INVALID = 'invalid_request_error'

// Shapes: platform.openai.com/docs/guides/error-codes; 529 is not one of theirs.
const OPENAI: Table = {
  400: { status: 400, type: INVALID, message: 'Invalid request.' },
  401: {
    status: 401,
    type: INVALID,
    code: 'invalid_api_key',
    message:
      'Incorrect API key provided: sk-fake*****. You can find your API key at https://platform.openai.com/account/api-keys.',
  },
  402: { status: 402, type: 'billing_error', message: 'Insufficient balance.' },
  403: {
    status: 403,
    type: 'request_forbidden',
    code: 'unsupported_country_region_territory',
    message: 'Country, region, or territory not supported',
  },
  404: {
    status: 404,
    type: INVALID,
    code: 'model_not_found',
    message: 'The model does not exist or you do not have access to it.',
  },
  413: { status: 413, type: INVALID, message: 'Maximum content size limit exceeded.' },
  422: { status: 422, type: INVALID, message: 'Unprocessable entity.' },
  429: {
    status: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached on requests per min (RPM): Limit 3, Used 3, Requested 1.',
  },
  500: {
    status: 500,
    type: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
  },
  502: { status: 502, type: 'server_error', message: 'Bad gateway' },
  503: {
    status: 503,
    type: 'server_error',
    message: 'The engine is currently overloaded, please try again later',
  },
  504: { status: 504, type: 'server_error', message: 'Gateway time-out' },
  529: { status: 529, type: 'server_error', message: 'Overloaded' },
  quota: {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  spend_limit: {
    status: 400,
    type: INVALID,
    code: 'billing_hard_limit_reached',
    message: 'Billing hard limit has been reached',
  },
  context_length: {
    status: 400,
    type: INVALID,
    code: 'context_length_exceeded',
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. Please reduce the length of the messages.",
  },
  blocked_prompt: {
    status: 400,
    type: INVALID,
    code: 'content_policy_violation',
    message: 'Your request was rejected as a result of our safety system.',
  },
}

// Shapes: docs.claude.com/en/api/errors and the SDK's shared error types.
const ANTHROPIC: Table = {
  400: { status: 400, type: INVALID, message: 'messages: Invalid request.' },
  401: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  402: { status: 402, type: 'billing_error', message: 'Your credit balance is too low.' },
  403: { status: 403, type: 'permission_error', message: 'Request not allowed' },
  404: { status: 404, type: 'not_found_error', message: 'model: not found' },
  413: {
    status: 413,
    type: 'request_too_large',
    message: 'Request exceeds the maximum allowed number of bytes.',
  },
  422: { status: 422, type: INVALID, message: 'Unprocessable entity.' },
  429: {
    status: 429,
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit. Please try again later.",
  },
  500: { status: 500, type: 'api_error', message: 'Internal server error' },
  502: { status: 502, type: 'api_error', message: 'Bad gateway' },
  503: { status: 503, type: 'api_error', message: 'Service unavailable' },
  504: { status: 504, type: 'timeout_error', message: 'Request timed out' },
  529: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  quota: {
    status: 400,
    type: INVALID,
    message:
      'You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC.',
  },
  spend_limit: {
    status: 429,
    type: 'rate_limit_error',
    code: 'enforced_spend_limit_reached',
    message: 'Your organization has crossed its monthly API usage threshold.',
  },
  context_length: {
    status: 400,
    type: INVALID,
    message: 'prompt is too long: 210000 tokens > 200000 maximum',
  },
  blocked_prompt: {
    status: 400,
    type: INVALID,
    message: 'Output blocked by content filtering policy',
  },
}

// Shapes: ai.google.dev/gemini-api/docs/troubleshooting and google.rpc.Code.
const GOOGLE: Table = {
  400: { status: 400, type: 'INVALID_ARGUMENT', message: 'Request contains an invalid argument.' },
  401: {
    status: 401,
    type: 'UNAUTHENTICATED',
    message: 'Request had invalid authentication credentials.',
  },
  402: { status: 402, type: 'FAILED_PRECONDITION', message: 'Billing is not enabled.' },
  403: {
    status: 403,
    type: 'PERMISSION_DENIED',
    message:
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  },
  404: {
    status: 404,
    type: 'NOT_FOUND',
    message:
      'The model is not found for API version v1beta, or is not supported for generateContent.',
  },
  413: {
    status: 413,
    type: 'INVALID_ARGUMENT',
    message: 'Request payload size exceeds the limit: 20971520 bytes.',
  },
  422: { status: 422, type: 'INVALID_ARGUMENT', message: 'Unprocessable entity.' },
  429: {
    status: 429,
    type: 'RESOURCE_EXHAUSTED',
    code: 'GenerateRequestsPerMinutePerProjectPerModel',
    message: 'Resource has been exhausted (e.g. check quota).',
  },
  500: { status: 500, type: 'INTERNAL', message: 'An internal error has occurred.' },
  502: { status: 502, type: 'UNAVAILABLE', message: 'Bad gateway' },
  503: {
    status: 503,
    type: 'UNAVAILABLE',
    message: 'The model is overloaded. Please try again later.',
  },
  504: {
    status: 504,
    type: 'DEADLINE_EXCEEDED',
    message: 'Deadline expired before operation could complete.',
  },
  529: { status: 529, type: 'UNAVAILABLE', message: 'Overloaded' },
  quota: {
    status: 429,
    type: 'RESOURCE_EXHAUSTED',
    code: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  spend_limit: {
    status: 429,
    type: 'RESOURCE_EXHAUSTED',
    message: 'Your project has exceeded its monthly spending cap.',
  },
  context_length: {
    status: 400,
    type: 'INVALID_ARGUMENT',
    message:
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  },
  blocked_prompt: { status: 400, type: 'INVALID_ARGUMENT', message: 'The prompt was blocked.' },
}

export const VENDOR_ERRORS: Readonly<Record<Vendor, Table>> = {
  openai: OPENAI,
  anthropic: ANTHROPIC,
  google: GOOGLE,
}
