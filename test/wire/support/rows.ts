/** The faults of the matrix and what each must lead to. */
import type { RaptorflowErrorCode } from '../../../src/errors.js'
import type { FailureKind } from '../../../src/features/resilience/failure.js'
import type { DownMode, VendorErrorStatus, VendorFault } from '../../../src/testing/index.js'
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

const PAUSE: Rule = { code: 'PROVIDER_UNAVAILABLE', retried: true, failsOver: true, charge: 'nothing' }
const BROKEN: Rule = { ...PAUSE, charge: 'estimate' }
const UNUSABLE: Rule = { ...PAUSE, retried: false }
const BLAMED: Rule = { code: 'INVALID_REQUEST', retried: false, failsOver: false, charge: 'nothing' }

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
  /** Least milliseconds one attempt takes. */
  readonly lastsMs?: number | undefined
}

export interface Row {
  readonly name: string
  readonly fault?: VendorFault
  readonly down?: DownMode
  /** The vendor is addressed by https, which it does not speak. */
  readonly tls?: boolean
  readonly modes?: readonly Mode[]
  /** Undefined: the call succeeds in spite of it. */
  readonly expected: (adapter: Adapter, mode: Mode) => Expected | undefined
}

/** Limits of the client in rows that wait for one of them, milliseconds. */
export const LIMIT_MS = 250

const status = (
  code: VendorErrorStatus,
  kind: FailureKind | ((adapter: Adapter) => FailureKind),
): Row => ({
  name: String(code),
  fault: { kind: 'status', status: code },
  expected: (adapter) => ({
    kind: typeof kind === 'function' ? kind(adapter) : kind,
    status: code,
  }),
})

const limited = (
  name: string,
  retryAfter: Extract<VendorFault, { kind: 'status' }>['retryAfter'],
  expected: Partial<Expected>,
  adapted: (adapter: Adapter) => Partial<Expected> = () => ({}),
): Row => ({
  name: `429 with ${name}`,
  fault: { kind: 'status', status: 429, retryAfter },
  expected: (adapter) => ({
    kind: 'rate_limited',
    status: 429,
    ...expected,
    ...adapted(adapter),
  }),
})

/** @google/generative-ai hides headers: only waits in the error's body are known. */
const headersUnseen = ({ id }: Adapter): Partial<Expected> =>
  id === 'google-generative-ai' ? { retried: true, retryAfter: [5, 5] } : {}

const STATUSES: readonly Row[] = [
  status(400, 'invalid_request'),
  status(401, 'auth'),
  status(402, 'quota_exhausted'),
  status(403, 'auth'),
  status(404, 'model_not_found'),
  status(413, 'too_large'),
  status(422, 'invalid_request'),
  status(500, 'server_error'),
  status(502, 'server_error'),
  status(503, 'overloaded'),
  status(504, 'server_error'),
  status(529, 'overloaded'),
]

const RATE_LIMITS: readonly Row[] = [
  limited('no header', undefined, { retryAfter: [5, 5] }),
  limited('Retry-After in seconds', { as: 'seconds', ms: 100 }, { retryAfter: [1, 1], lastsMs: 50 }, headersUnseen),
  limited('retry-after-ms', { as: 'milliseconds', ms: 100 }, { retryAfter: [1, 1], lastsMs: 50 }, headersUnseen),
  limited('a Retry-After too long to wait for', { as: 'seconds', ms: 90_000 }, { retried: false, retryAfter: [90, 90] }, headersUnseen),
  limited('an HTTP date', { as: 'http_date', ms: 90_000 }, { retried: false, retryAfter: [88, 90] }, headersUnseen),
  limited('its own reset', { as: 'rate_limit_reset', ms: 100 }, { retryAfter: [1, 1] }),
  limited('a garbage header', { as: 'garbage' }, { retryAfter: [5, 5] }),
  limited('a negative header', { as: 'negative' }, { retryAfter: [5, 5] }),
  // Bounded to a day.
  limited('a huge header', { as: 'huge' }, { retried: false, retryAfter: [86_400, 86_400] }, headersUnseen),
]

const REFUSALS: readonly Row[] = [
  {
    name: 'quota used up',
    fault: { kind: 'quota' },
    expected: ({ vendor }) => ({
      kind: 'quota_exhausted',
      status: vendor === 'anthropic' ? 400 : 429,
    }),
  },
  {
    name: 'spending limit',
    fault: { kind: 'spend_limit' },
    // Google's says so in words only, and unknown means too fast.
    expected: ({ vendor }) => ({
      kind: vendor === 'google' ? 'rate_limited' : 'quota_exhausted',
      status: vendor === 'openai' ? 400 : 429,
    }),
  },
  {
    name: 'input longer than the window',
    fault: { kind: 'context_length' },
    // OpenAI, who stands in for Google, has the smaller window.
    expected: ({ vendor }) => ({
      kind: 'context_length',
      status: 400,
      failsOver: vendor !== 'google',
    }),
  },
  {
    name: 'content filter',
    fault: { kind: 'content_filter' },
    expected: () => ({ kind: 'content_filter', charge: 'all' }),
  },
  {
    name: 'refusal',
    fault: { kind: 'content_filter', form: 'refusal' },
    expected: (_adapter, mode) => ({
      kind: 'content_filter',
      charge: 'all',
      delivered: mode === 'stream' ? undefined : undefined,
    }),
  },
  {
    name: 'blocked prompt',
    fault: { kind: 'content_filter', form: 'prompt' },
    expected: ({ vendor }) => ({
      kind: 'content_filter',
      ...(vendor === 'google' ? { charge: 'all' } : { status: 400 }),
    }),
  },
]

const CONNECTIONS: readonly Row[] = [
  {
    name: 'connection refused',
    down: 'refused',
    expected: () => ({ kind: 'network', hitsPerAttempt: 0 }),
  },
  {
    name: 'TLS that fails',
    tls: true,
    expected: () => ({ kind: 'network', hitsPerAttempt: 0 }),
  },
  {
    name: 'connection closed at once',
    down: 'closed',
    expected: (adapter) => ({ ...unanswered(adapter), hitsPerAttempt: 0 }),
  },
  {
    name: 'reset before the response',
    fault: { kind: 'reset' },
    expected: (adapter) => unanswered(adapter),
  },
  {
    name: 'closed before the response',
    fault: { kind: 'closed' },
    expected: (adapter) => unanswered(adapter),
  },
  {
    name: 'headers that never come',
    fault: { kind: 'stall', at: 'headers' },
    expected: () => ({ kind: 'timeout', closesSocket: true, lastsMs: LIMIT_MS }),
  },
  {
    name: 'first byte too late',
    fault: { kind: 'slow_first_byte', ms: 900 },
    expected: () => ({ kind: 'timeout', closesSocket: true, lastsMs: LIMIT_MS }),
  },
  {
    name: 'first byte late but in time',
    fault: { kind: 'slow_first_byte', ms: 40 },
    expected: () => undefined,
  },
]

/** @google/generative-ai tells neither code nor cause. */
function unanswered({ id }: Adapter): Expected {
  return { kind: id === 'google-generative-ai' ? 'network' : 'connection_reset' }
}

const BODIES: readonly Row[] = [
  ...(['html', '{}', 'null', ''] as const).map(
    (body): Row => ({
      name: `200 with ${body === '' ? 'no body' : body}`,
      fault: { kind: 'body', body },
      expected: () => ({ kind: 'bad_response' }),
    }),
  ),
  {
    name: 'empty completion',
    fault: { kind: 'empty' },
    expected: () => ({ kind: 'empty', charge: 'all' }),
  },
  {
    name: 'body that stalls',
    modes: ['unary'],
    fault: { kind: 'stall', at: 'body' },
    expected: () => ({ kind: 'timeout', closesSocket: true, lastsMs: LIMIT_MS }),
  },
  {
    name: 'body that is cut',
    modes: ['unary'],
    fault: { kind: 'cut' },
    expected: (adapter) => ({ kind: 'connection_reset' }),
  },
  {
    name: 'body that ends early',
    modes: ['unary'],
    fault: { kind: 'truncated' },
    expected: () => ({ kind: 'bad_response' }),
  },
  {
    name: 'malformed JSON',
    modes: ['unary'],
    fault: { kind: 'malformed', what: 'json' },
    expected: () => ({ kind: 'bad_response' }),
  },
  {
    name: 'keep-alives only',
    modes: ['unary'],
    fault: { kind: 'keep_alive', everyMs: 20 },
    expected: () => ({ kind: 'timeout', closesSocket: true, lastsMs: LIMIT_MS }),
  },
]

/** Once before and once after the first piece of content reached the caller. */
const STREAMS: readonly Row[] = ([0, 1] as const).flatMap((afterChunks): readonly Row[] => {
  const when = afterChunks === 0 ? 'before content' : 'after content'
  const delivered = afterChunks === 1
  const charge = (adapter: Adapter): Pick<Expected, 'charge' | 'delivered'> => ({
    delivered,
    // Anthropic counts the input at the start of a stream, Gemini with each chunk.
    ...(adapter.vendor === 'anthropic' || (adapter.vendor === 'google' && delivered)
      ? { charge: 'opening' }
      : {}),
  })
  return [
    {
      name: `stream that stalls ${when}`,
      fault: { kind: 'stall', at: 'body', afterChunks },
      expected: (adapter) => ({
        // Before its content Gemini sends nothing at all.
        kind: adapter.vendor === 'google' && !delivered ? 'timeout' : 'stream_idle',
        closesSocket: true,
        lastsMs: LIMIT_MS,
        ...charge(adapter),
      }),
    },
    {
      name: `stream that is cut ${when}`,
      fault: { kind: 'cut', afterChunks },
      expected: (adapter) => ({ kind: 'connection_reset', ...charge(adapter) }),
    },
    {
      name: `stream that ends without a marker ${when}`,
      fault: { kind: 'truncated', afterChunks },
      expected: (adapter) => ({ kind: 'stream_truncated', ...charge(adapter) }),
    },
    {
      name: `malformed event ${when}`,
      fault: { kind: 'malformed', what: 'json', afterChunks },
      expected: (adapter) => ({ kind: 'bad_response', ...charge(adapter) }),
    },
    {
      name: `error event ${when}`,
      fault: { kind: 'stream_error', afterChunks },
      expected: (adapter) => ({
        kind: adapter.vendor === 'openai' ? 'server_error' : 'overloaded',
        ...(adapter.vendor === 'google' && { status: 503 }),
        charge: delivered ? 'estimate' : 'nothing',
        ...charge(adapter),
      }),
    },
  ]
})

const STREAM_ONLY: readonly Row[] = [
  ...STREAMS,
  {
    name: 'keep-alives only',
    fault: { kind: 'keep_alive', everyMs: 20 },
    expected: ({ vendor }) => ({
      // Comments are not even a sign of life; Anthropic's pings are one.
      kind: vendor === 'anthropic' ? 'stream_idle' : 'timeout',
      closesSocket: true,
      lastsMs: LIMIT_MS,
    }),
  },
].map((row) => ({ ...row, modes: ['stream'] as const }))

export const ROWS: readonly Row[] = [
  ...STATUSES,
  ...RATE_LIMITS,
  ...REFUSALS,
  ...CONNECTIONS,
  ...BODIES,
  ...STREAM_ONLY,
]

/** True for a row that ends by one of the client's limits: only those get short ones. */
export function waitsForLimit(expected: Expected | undefined): boolean {
  return expected?.lastsMs === LIMIT_MS
}
