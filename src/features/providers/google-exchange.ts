/** One exchange with Gemini, unary or streamed: the part both of Google's SDKs share. */
import type { Clock } from '../../contracts/clock.js'
import type { ModelCapabilities } from '../../contracts/model.js'
import type { Delta, Provider, ProviderAnswer, ProviderCall } from '../../contracts/provider.js'
import { ProviderError, RaptorflowError } from '../../errors.js'
import { systemClock } from '../../util/clock.js'
import { attemptSignal } from './attempt-signal.js'
import { within } from '../../util/within.js'
import { GeminiReader } from './google-answer.js'
import { withUsage } from './google-errors.js'
import { geminiBody } from './google-request.js'
import type { GeminiBody } from './google-request.js'
import { EVERY_CAPABILITY } from '../../util/capabilities.js'

/** One call through an SDK. Results are not checked by it; errors are the SDK's own. */
export interface GeminiExchange {
  generate(model: string, body: GeminiBody, signal: AbortSignal): Promise<unknown>
  stream(model: string, body: GeminiBody, signal: AbortSignal): Promise<AsyncIterable<unknown>>
  /** The facts of what the two methods threw. `begun`: chunks of a stream had come. */
  errorOf(error: unknown, signal: AbortSignal, begun: boolean): ProviderError
  /** The content type of the answer, where it is known. */
  contentType(): string | undefined
}

/** The model becomes part of the address, where dots alone, `?` or `#` would lead elsewhere. */
const MODEL_PATH = /^(?!.*(?:^|\/)\.+(?:\/|$))[\w.:@-]+(?:\/[\w.:@-]+)*$/

/** Longest wait for usage, and for the connection to end by itself, once the finish reason was seen. */
const TRAILER_MS = 500

/** What generateContent can carry; what a model cannot, the catalogue or `models` says. */
export const GEMINI_CAPABILITIES: ModelCapabilities = EVERY_CAPABILITY

/** Both methods of a provider on either SDK; `open` begins one call. */
export function geminiCalls(
  open: () => Promise<GeminiExchange>,
  clock: Clock = systemClock,
): Pick<Provider, 'call' | 'stream'> {
  return {
    call: async (call, signal) => {
      const exchange = await open()
      // Google's SDKs leave the connection open when nobody reads on: only aborting closes it.
      const attempt = attemptSignal(signal)
      const reader = new GeminiReader()
      try {
        throwIfAborted(signal)
        const body = geminiBody(call)
        const response = await exchange.generate(modelOf(call), body, attempt.signal)
        attempt.done()
        return answerOf(reader, response)
      } catch (error) {
        throw failure(error, exchange, reader, signal)
      } finally {
        attempt.end()
      }
    },
    stream: async function* (call, signal) {
      const exchange = await open()
      const attempt = attemptSignal(signal)
      const reader = new GeminiReader()
      try {
        throwIfAborted(signal)
        yield* readStream(exchange, call, reader, attempt.signal, clock)
      } catch (error) {
        throw failure(error, exchange, reader, signal)
      } finally {
        attempt.end()
      }
    },
  }
}

async function* readStream(
  exchange: GeminiExchange,
  call: ProviderCall,
  reader: GeminiReader,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Delta, undefined> {
  const stream = await exchange.stream(modelOf(call), geminiBody(call), signal)
  const chunks = stream[Symbol.asyncIterator]()
  for (;;) {
    const next = reader.complete
      ? await within(clock, TRAILER_MS, chunks.next()).catch(() => undefined)
      : await chunks.next()
    if (!next || next.done === true) break
    yield* reader.read(next.value)
  }
  if (!reader.complete) throwIfAborted(signal)
  if (reader.chunks === 0 && isNoEventStream(exchange.contentType())) {
    throw new ProviderError({ reason: 'bad_response' })
  }
  yield { type: 'finish', finish_reason: reader.finish(false), usage: reader.usage }
}

function answerOf(reader: GeminiReader, response: unknown): ProviderAnswer {
  let text = ''
  let reasoning = ''
  const tool_calls: ProviderAnswer['tool_calls'][number][] = []
  for (const delta of reader.read(response)) {
    if (delta.type === 'text') text += delta.text
    if (delta.type === 'reasoning') reasoning += delta.text
    if (delta.type === 'tool_call') {
      const { id = '', name = '', arguments: args = '{}' } = delta
      tool_calls.push({ id, name, arguments: args })
    }
  }
  return {
    text,
    reasoning: reasoning === '' ? undefined : reasoning,
    tool_calls,
    finish_reason: reader.finish(true),
    usage: reader.usage,
  }
}

function modelOf({ model }: ProviderCall): string {
  if (!MODEL_PATH.test(model.id)) throw new ProviderError({ type: 'NOT_FOUND' })
  return model.id
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ProviderError({ reason: 'aborted' })
}

function isNoEventStream(contentType: string | undefined): boolean {
  return contentType !== undefined && /\bjson\b|text\/html/i.test(contentType)
}

/** A missing package stays what it is: the caller has to mend it. */
function failure(
  error: unknown,
  exchange: GeminiExchange,
  reader: GeminiReader,
  signal: AbortSignal,
): ProviderError | RaptorflowError {
  if (RaptorflowError.isInstance(error)) return error
  const known = ProviderError.isInstance(error)
    ? error
    : exchange.errorOf(error, signal, reader.chunks > 0)
  return withUsage(known, reader.usage)
}
