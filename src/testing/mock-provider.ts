/** A provider that answers from a script and records what it was asked. */
import { checkKnown, checkModels } from '../features/providers/vendor-options.js'
import type { Known } from '../features/providers/vendor-options.js'
import { systemClock } from '../util/clock.js'
import { MOCK_CAPABILITIES, MOCK_MODEL } from './mock-provider/mock-model.js'
import { playStream, playUnary, unlessAborted } from './mock-provider/mock-play.js'
import { checkReplies, replyTo } from './mock-provider/mock-reply.js'
import { settleAnswer } from './scripted-answer.js'
import type { Clock } from '../contracts/clock.js'
import type { ModelOptions } from '../contracts/model.js'
import type { Provider, ProviderCall } from '../contracts/provider.js'
import type { MockMode } from './mock-provider/mock-faults.js'
import type { MockScript } from './mock-provider/mock-play.js'
import type { MockReplies } from './mock-provider/mock-reply.js'

const CHUNK_COUNT = 4
const KNOWN: Known<MockProviderOptions> = { name: true, models: true, reply: true, clock: true }

export interface MockProviderOptions {
  /** @default 'mock' */
  readonly name?: string | undefined
  /**
   * At least one, by name or with facts; fields left out are those of the default model.
   * @default one `mock-model`: 1 / 2 USD per million tokens, context 128,000, output 16,384, quality 0.5
   */
  readonly models?: readonly (string | ModelOptions)[] | undefined
  /**
   * A text, an answer in parts, a fault, a function of the call, or a list of these used in turn.
   * Without it, and past a list's end, every call fails: no call goes unnoticed.
   */
  readonly reply?: MockReplies | undefined
  /** Where latencies run, for instance a `FakeClock`. @default the system's */
  readonly clock?: Clock | undefined
}

/** One recorded call. `outcome` changes as the call goes on; a reader that leaves makes it `aborted`. */
export interface MockCall extends ProviderCall {
  readonly mode: MockMode
  readonly outcome: 'running' | 'ok' | 'failed' | 'aborted'
}

export interface MockProvider extends Provider {
  /** All calls since the start or the last `reset()`, oldest first. */
  readonly calls: readonly MockCall[]
  /** Forgets the calls and starts a list of replies anew. */
  reset(): void
}

type RunningCall = Omit<MockCall, 'outcome'> & { outcome: MockCall['outcome'] }

function inputChars(call: ProviderCall): number {
  const texts = call.messages.flatMap((message) =>
    typeof message.content === 'string'
      ? [message.content]
      : (message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')),
  )
  return texts.reduce((sum, text) => sum + text.length, call.system?.length ?? 0)
}

async function scriptOf(
  replies: MockReplies | undefined,
  call: ProviderCall,
  index: number,
  signal: AbortSignal,
): Promise<MockScript> {
  const reply = await unlessAborted(replyTo(replies, call, { signal, index }), signal)
  const answer = settleAnswer(reply, {
    inputChars: inputChars(call),
    chunkCount: CHUNK_COUNT,
    toolCallId: (position) => `call_${index + 1}_${position + 1}`,
  })
  return { reply: typeof reply === 'string' ? {} : reply, answer }
}

/**
 * A provider for tests: `mockProvider({ reply: 'Paris.' })`.
 * Its failures are `ProviderError`s with the facts a real adapter would state.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for an unknown option, field or fault
 */
export function mockProvider(options: MockProviderOptions = {}): MockProvider {
  checkKnown('mockProvider()', options, KNOWN)
  checkReplies(options.reply)
  const models = checkModels('mockProvider()', options.models ?? [MOCK_MODEL])
  const clock = options.clock ?? systemClock
  const calls: RunningCall[] = []
  const begin = (call: ProviderCall, mode: MockMode): { running: RunningCall; index: number } => {
    const running: RunningCall = { ...call, mode, outcome: 'running' }
    return { running, index: calls.push(running) - 1 }
  }
  return {
    specVersion: 'v1',
    name: options.name ?? 'mock',
    vendor: null,
    models: models.map((model) => ({ ...MOCK_MODEL, ...model })),
    capabilities: MOCK_CAPABILITIES,
    calls,
    reset: () => {
      calls.length = 0
    },
    async call(call, signal) {
      const { running, index } = begin(call, 'unary')
      try {
        const script = await scriptOf(options.reply, call, index, signal)
        const answer = await playUnary(script, clock, signal)
        running.outcome = 'ok'
        return answer
      } catch (error) {
        running.outcome = signal.aborted ? 'aborted' : 'failed'
        throw error
      }
    },
    async *stream(call, signal) {
      const { running, index } = begin(call, 'stream')
      try {
        const script = await scriptOf(options.reply, call, index, signal)
        for await (const delta of playStream(script, clock, signal)) {
          if (delta.type === 'finish') running.outcome = 'ok'
          yield delta
        }
      } catch (error) {
        running.outcome = signal.aborted ? 'aborted' : 'failed'
        throw error
      } finally {
        if (running.outcome === 'running') running.outcome = 'aborted'
      }
    },
  }
}
