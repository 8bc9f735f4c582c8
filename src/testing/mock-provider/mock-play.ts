/** Plays a scripted reply: at once or as a stream, with its latencies and its failure. */
import { ProviderError } from '../../errors.js'
import { pause } from '../pause.js'
import { chunksBefore, mockError } from './mock-faults.js'
import type { Clock } from '../../contracts/clock.js'
import type { Delta, ProviderAnswer } from '../../contracts/provider.js'
import type { MockMode } from './mock-faults.js'
import type { MockReply } from './mock-reply.js'
import type { SettledAnswer } from '../scripted-answer.js'

export interface MockScript {
  readonly reply: Exclude<MockReply, string>
  readonly answer: SettledAnswer
}

function failIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ProviderError({ reason: 'aborted' })
}

async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await pause(clock, ms, signal)
  failIfAborted(signal)
}

/** What `work` comes to, unless the signal is aborted first. */
export async function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(new ProviderError({ reason: 'aborted' }))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { signal: settled.signal })
  })
  try {
    return await Promise.race([aborted, work])
  } finally {
    settled.abort()
  }
}

/** Fails or stalls as the fault says; returns when there is none. */
async function strike(
  { reply, answer }: MockScript,
  mode: MockMode,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (!reply.fault) return
  const error = mockError(reply.fault, mode, answer.usage)
  if (error) throw error
  await wait(clock, Infinity, signal)
}

export async function playUnary(
  script: MockScript,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const { reply, answer } = script
  await wait(clock, reply.latencyMs ?? 0, signal)
  await strike(script, 'unary', clock, signal)
  return {
    text: answer.text,
    reasoning: answer.reasoning,
    tool_calls: answer.toolCalls,
    finish_reason: answer.finishReason,
    usage: answer.usage ?? undefined,
  }
}

function contentOf(answer: SettledAnswer): readonly Delta[] {
  return [
    ...(answer.reasoning ? [{ type: 'reasoning' as const, text: answer.reasoning }] : []),
    ...answer.chunks.map((text) => ({ type: 'text' as const, text })),
    ...answer.toolCalls.map((call, index) => ({ type: 'tool_call' as const, index, ...call })),
  ]
}

export async function* playStream(
  script: MockScript,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Delta> {
  const { reply, answer } = script
  await wait(clock, reply.firstByteMs ?? reply.latencyMs ?? 0, signal)
  for (const [index, delta] of contentOf(answer).slice(0, chunksBefore(reply.fault)).entries()) {
    if (index > 0) await wait(clock, reply.betweenChunksMs ?? 0, signal)
    yield delta
    failIfAborted(signal)
  }
  await strike(script, 'stream', clock, signal)
  yield {
    type: 'finish',
    finish_reason: answer.finishReason,
    usage: answer.usage ?? undefined,
  }
}
