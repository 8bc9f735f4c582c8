/** The chat completions wire format: one call, unary or streamed. */
import type { Clock } from '../../contracts/clock.js'
import type { Delta, Provider, ProviderAnswer } from '../../contracts/provider.js'
import { ProviderError, RaptorflowError } from '../../errors.js'
import type { ProviderErrorFacts } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { answerDeltas } from './answer-deltas.js'
import { attemptSignal } from './attempt-signal.js'
import { within } from '../../util/within.js'
import { createEventReader, isEventStream, readBody } from './event-reader.js'
import type { EventReader, ServerEvent } from './event-reader.js'
import { answerOf } from './openai-answer.js'
import { createChunkReader } from './openai-chunks.js'
import type { ChunkReader } from './openai-chunks.js'
import type { SendChat } from './openai-client.js'
import { embeddedError } from './openai-finish.js'
import { requestBody } from './openai-request.js'
import type { ChatDialect } from './openai-request.js'
import { isRecord } from './shape.js'
import { callError } from './transport-error.js'

/** Longest wait for usage and `[DONE]` once the answer itself is complete. */
const TRAILER_MS = 2_000
/** Longest wait for the connection to end by itself, so that the next call can use it. */
const DRAIN_MS = 100

/** Both methods of a provider that speaks this format. */
export function chatCompletions(
  send: SendChat,
  dialect: ChatDialect,
  clock: Clock = systemClock,
): Pick<Provider, 'call' | 'stream'> {
  return {
    call: async (call, signal) => {
      const attempt = attemptSignal(signal)
      try {
        const body = requestBody(call, dialect, false)
        const { timeoutMs } = call
        const answer = await readAnswer(await send(body, { signal: attempt.signal, timeoutMs }))
        attempt.done()
        return answer
      } catch (error) {
        throw failure(error, signal)
      } finally {
        attempt.end()
      }
    },
    stream: async function* (call, signal) {
      const attempt = attemptSignal(signal)
      const reader = createChunkReader()
      try {
        const body = requestBody(call, dialect, true)
        const { timeoutMs } = call
        const response = await send(body, { signal: attempt.signal, timeoutMs })
        if (isEventStream(response)) yield* readStream(response, reader, signal, clock)
        // A server that cannot stream answers as if it had not been asked to.
        else yield* answerDeltas(await readAnswer(response))
      } catch (error) {
        throw failure(error, signal, reader.usage)
      } finally {
        attempt.end()
      }
    },
  }
}

async function* readStream(
  response: Response,
  reader: ChunkReader,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Delta, undefined> {
  const events = createEventReader(response)
  let done = false
  for (;;) {
    const event = await (reader.finished ? trailer(events, signal, clock) : events.next())
    if (!event) break
    done = event.data.startsWith('[DONE]')
    if (done) break
    yield* reader.read(chunkOf(event, reader))
  }
  if (signal.aborted) throw new ProviderError({ reason: 'aborted' })
  const finish = reader.finish(done)
  if (done) await within(clock, DRAIN_MS, events.next()).catch(() => undefined)
  yield finish
}

/** What follows a complete answer may be late or lost without making the answer less complete. */
async function trailer(
  events: EventReader,
  signal: AbortSignal,
  clock: Clock,
): Promise<ServerEvent | undefined> {
  try {
    return await within(clock, TRAILER_MS, events.next())
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}

function chunkOf(event: ServerEvent, reader: ChunkReader): unknown {
  const chunk: unknown = JSON.parse(event.data)
  if (event.name !== 'error') return chunk
  throw embeddedError(isRecord(chunk) ? (chunk['error'] ?? chunk) : chunk, reader.usage)
}

async function readAnswer(response: Response): Promise<ProviderAnswer> {
  return answerOf(JSON.parse(await readBody(response)))
}

/** A missing package or a bad option is the caller's to mend and stays what it is. */
function failure(
  error: unknown,
  signal: AbortSignal,
  usage?: ProviderErrorFacts['usage'],
): RaptorflowError | ProviderError {
  if (RaptorflowError.isInstance(error)) return error
  const known = callError(error, signal)
  if (!usage || known.facts.usage) return known
  return new ProviderError({ ...known.facts, usage })
}
