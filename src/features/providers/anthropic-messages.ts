/** The Messages wire format: one call, unary or streamed. */
import type { Clock } from '../../contracts/clock.js'
import type { Delta, Provider, ProviderAnswer } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { answerDeltas } from './answer-deltas.js'
import { answerOf } from './anthropic-answer.js'
import { anthropicError, errorEvent } from './anthropic-errors.js'
import { messagesBody } from './anthropic-request.js'
import type { MessagesBody } from './anthropic-request.js'
import { MessageReader } from './anthropic-stream.js'
import { attemptSignal } from './attempt-signal.js'
import { within } from '../../util/within.js'
import { createEventReader, isEventStream, readBody } from './event-reader.js'
import type { EventReader, ServerEvent } from './event-reader.js'

/** Sends one call; the answer's body is not read yet. Rejects with the SDK's errors. */
export type SendMessages = (
  body: MessagesBody,
  options: { readonly stream: boolean; readonly signal: AbortSignal; readonly timeoutMs: number },
) => Promise<Response>

/** Longest wait for the last event once the stop reason was seen. */
const TRAILER_MS = 2_000
/** Longest wait for the connection to end by itself, so that the next call can use it. */
const DRAIN_MS = 100

/**
 * Both methods of a provider that speaks this format. The body is read here instead of by the SDK,
 * whose stream hides pings, prints malformed events and ends without an error when it was aborted.
 */
export function anthropicMessages(
  send: SendMessages,
  defaultMaxTokens: number,
  clock: Clock = systemClock,
): Pick<Provider, 'call' | 'stream'> {
  return {
    call: async (call, signal) => {
      const attempt = attemptSignal(signal)
      try {
        const options = { stream: false, signal: attempt.signal, timeoutMs: call.timeoutMs }
        const body = messagesBody(call, defaultMaxTokens)
        const answer = await readAnswer(await send(body, options))
        attempt.done()
        return answer
      } catch (error) {
        throw anthropicError(error, signal, undefined)
      } finally {
        attempt.end()
      }
    },
    stream: async function* (call, signal) {
      const attempt = attemptSignal(signal)
      const reader = new MessageReader()
      try {
        const options = { stream: true, signal: attempt.signal, timeoutMs: call.timeoutMs }
        const response = await send(messagesBody(call, defaultMaxTokens), options)
        if (isEventStream(response)) yield* readStream(response, reader, signal, clock)
        else yield* answerDeltas(await readAnswer(response))
      } catch (error) {
        throw anthropicError(error, signal, reader.usage)
      } finally {
        attempt.end()
      }
    },
  }
}

async function* readStream(
  response: Response,
  reader: MessageReader,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Delta, undefined> {
  const events = createEventReader(response)
  for (;;) {
    const event = await (reader.complete ? trailer(events, reader, clock) : events.next())
    if (!event) break
    yield reader.read(dataOf(event))
  }
  if (signal.aborted && !reader.complete) throw new ProviderError({ reason: 'aborted' })
  yield reader.finish()
}

/** What follows a complete answer may be late or lost without making the answer less complete. */
function trailer(
  events: EventReader,
  reader: MessageReader,
  clock: Clock,
): Promise<ServerEvent | undefined> {
  const patience = reader.stopped ? DRAIN_MS : TRAILER_MS
  return within(clock, patience, events.next()).catch(() => undefined)
}

function dataOf(event: ServerEvent): unknown {
  const data: unknown = JSON.parse(event.data)
  if (event.name !== 'error') return data
  throw errorEvent(data)
}

async function readAnswer(response: Response): Promise<ProviderAnswer> {
  return answerOf(JSON.parse(await readBody(response)))
}
