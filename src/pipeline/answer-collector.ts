/** Turns a provider's deltas into one whole answer. */
import { ProviderError } from '../errors.js'
import type { Delta, ProviderAnswer, Usage } from '../contracts/provider.js'
import type { ToolCall } from '../contracts/request.js'
import { soundUsage } from '../features/resilience/usage.js'

interface PartialToolCall {
  id: string
  name: string
  arguments: string
}

export interface AnswerCollector {
  /** @throws ProviderError `bad_response` for what is no delta */
  add(delta: Delta): void
  /** Tokens reported so far, for a stream that breaks off. */
  readonly usage: Usage | undefined
  /** UTF-16 units collected so far. */
  readonly length: number
  /** @throws ProviderError `stream_truncated` when the terminal marker never came */
  finish(): ProviderAnswer
}

export function createAnswerCollector(): AnswerCollector {
  let text = ''
  let reasoning = ''
  let length = 0
  let usage: Usage | undefined
  let finished: Extract<Delta, { type: 'finish' }> | undefined
  const calls = new Map<number, PartialToolCall>()

  const addToolCall = (delta: Extract<Delta, { type: 'tool_call' }>): void => {
    const call = calls.get(delta.index) ?? { id: '', name: '', arguments: '' }
    calls.set(delta.index, call)
    call.id = delta.id ?? call.id
    call.name = delta.name ?? call.name
    call.arguments += delta.arguments ?? ''
    length += delta.arguments?.length ?? 0
  }

  return {
    add(delta) {
      if (!isDelta(delta)) throw new ProviderError({ reason: 'bad_response', usage })
      if (delta.type === 'text') {
        text += delta.text
        length += delta.text.length
      } else if (delta.type === 'reasoning') {
        reasoning += delta.text
        length += delta.text.length
      } else if (delta.type === 'tool_call') addToolCall(delta)
      else usage = soundUsage(delta.usage) ?? usage
      if (delta.type === 'finish') finished = delta
    },
    get usage() {
      return usage
    },
    get length() {
      return length
    },
    finish() {
      if (!finished) throw new ProviderError({ reason: 'stream_truncated', usage })
      const inOrder = [...calls].sort(([a], [b]) => a - b)
      return {
        text,
        reasoning: reasoning === '' ? undefined : reasoning,
        tool_calls: inOrder.map(([, call]): ToolCall => call),
        finish_reason: finished.finish_reason,
        usage,
      }
    },
  }
}

/** A provider need not be written in TypeScript: this is what its deltas are held to. */
function isDelta(delta: Delta): boolean {
  switch (delta.type) {
    case 'text':
    case 'reasoning':
      return typeof delta.text === 'string'
    case 'tool_call':
      return (
        Number.isSafeInteger(delta.index) &&
        delta.index >= 0 &&
        [delta.id, delta.name, delta.arguments].every(isTextOrMissing)
      )
    case 'alive':
    case 'finish':
      return true
    default:
      return false
  }
}

function isTextOrMissing(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}
