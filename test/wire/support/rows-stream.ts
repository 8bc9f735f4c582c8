/** Streams that break off, before and after their first content. */
import type { Adapter } from './adapters.js'
import { isBlind, type Expected, type Row } from './expectations.js'

/** Once before and once after the first piece of content reached the caller. */
const BREAKS: readonly Row[] = ([0, 1] as const).flatMap((afterChunks): readonly Row[] => {
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
        endsByLimit: true,
        ...charge(adapter),
        // It is the client that gives up here, who has not been told of Gemini's counts.
        ...(adapter.vendor === 'google' && { charge: 'estimate' }),
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
      name: `damaged line ${when}`,
      fault: { kind: 'malformed', what: 'line', afterChunks },
      // @google/genai reads the lines itself and skips such a one.
      except: 'google',
      expected: (adapter) => ({
        kind: isBlind(adapter) && delivered ? 'stream_truncated' : 'bad_response',
        ...charge(adapter),
      }),
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

const KEEP_ALIVES: Row = {
  name: 'keep-alives only',
  fault: { kind: 'keep_alive', everyMs: 20 },
  expected: ({ vendor }) => ({
    // Comments are not even a sign of life; Anthropic's pings are one.
    kind: vendor === 'anthropic' ? 'stream_idle' : 'timeout',
    closesSocket: true,
    endsByLimit: true,
  }),
}

export const STREAMS: readonly Row[] = [...BREAKS, KEEP_ALIVES].map((row): Row => ({
  ...row,
  modes: ['stream'],
}))
