/** Turns a provider's deltas into one whole answer, and checks what only the whole can show. */
import { ProviderError } from '../errors.js'
import type { Delta, ProviderAnswer, ProviderCall, Usage } from '../contracts/provider.js'
import type { ToolCall } from '../contracts/request.js'

/** Longest answer that is kept, in UTF-16 units of text, reasoning and arguments together. */
export const MAX_ANSWER_LENGTH = 4 * 2 ** 20

interface PartialToolCall {
  id: string
  name: string
  arguments: string
}

export interface AnswerCollector {
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
  const calls: PartialToolCall[] = []

  const addToolCall = (delta: Extract<Delta, { type: 'tool_call' }>): void => {
    const call = (calls[delta.index] ??= { id: '', name: '', arguments: '' })
    call.id = delta.id ?? call.id
    call.name = delta.name ?? call.name
    call.arguments += delta.arguments ?? ''
    length += delta.arguments?.length ?? 0
  }

  return {
    add(delta) {
      if (delta.type === 'text') {
        text += delta.text
        length += delta.text.length
      } else if (delta.type === 'reasoning') {
        reasoning += delta.text
        length += delta.text.length
      } else if (delta.type === 'tool_call') addToolCall(delta)
      else usage = delta.usage ?? usage
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
      return {
        text,
        reasoning: reasoning === '' ? undefined : reasoning,
        // Object.values skips the holes of an index that never came.
        tool_calls: Object.values(calls).map((call): ToolCall => ({ ...call })),
        finish_reason: finished.finish_reason,
        usage,
      }
    },
  }
}

/** @throws ProviderError when a whole answer breaks a promise the request made for it */
export function checkAnswer(answer: ProviderAnswer, call: ProviderCall): ProviderAnswer {
  const { usage } = answer
  if (answer.text.length + (answer.reasoning?.length ?? 0) > MAX_ANSWER_LENGTH) {
    throw new ProviderError({ reason: 'answer_too_large', usage })
  }
  const format = call.response_format?.type
  const wantsJson = format === 'json_object' || format === 'json_schema'
  if (wantsJson && answer.finish_reason === 'stop' && !isJson(answer.text)) {
    throw new ProviderError({ reason: 'bad_response', usage })
  }
  if (answer.tool_calls.some(({ name, id }) => name === '' || id === '')) {
    throw new ProviderError({ reason: 'bad_response', usage })
  }
  return answer
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
