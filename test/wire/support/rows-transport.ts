/** Connections that fail and whole bodies that are none. */
import type { Adapter } from './adapters.js'
import { isBlind, type Expected, type Row } from './expectations.js'

export const CONNECTIONS: readonly Row[] = [
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
    expected: () => ({ kind: 'timeout', closesSocket: true, endsByLimit: true }),
  },
  {
    name: 'first byte too late',
    fault: { kind: 'slow_first_byte', ms: 8_000 },
    expected: () => ({ kind: 'timeout', closesSocket: true, endsByLimit: true }),
  },
  {
    name: 'first byte late but in time',
    fault: { kind: 'slow_first_byte', ms: 40 },
    expected: () => undefined,
  },
]

function unanswered(adapter: Adapter): Expected {
  return { kind: isBlind(adapter) ? 'network' : 'connection_reset' }
}

export const BODIES: readonly Row[] = [
  ...(['html', '{}', 'null', ''] as const).map((body): Row => ({
    name: `200 with ${body === '' ? 'no body' : body}`,
    fault: { kind: 'body', body },
    expected: (adapter, mode) => ({
      kind:
        body === '' && isBlind(adapter) && mode === 'stream' ? 'stream_truncated' : 'bad_response',
    }),
  })),
  {
    name: 'empty completion',
    fault: { kind: 'empty' },
    expected: () => ({ kind: 'empty', charge: 'all' }),
  },
  {
    name: 'body that stalls',
    modes: ['unary'],
    fault: { kind: 'stall', at: 'body' },
    expected: () => ({ kind: 'timeout', closesSocket: true, endsByLimit: true }),
  },
  {
    name: 'body that is cut',
    modes: ['unary'],
    fault: { kind: 'cut' },
    expected: () => ({ kind: 'connection_reset' }),
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
    expected: () => ({ kind: 'timeout', closesSocket: true, endsByLimit: true }),
  },
]
