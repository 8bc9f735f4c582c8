/** Reads Anthropic's answers: content blocks, usage, stop reasons. */
import type { ProviderAnswer, Usage } from '../../contracts/provider.js'
import type { ToolCall } from '../../contracts/request.js'
import type { FinishReason } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { errorEvent } from './anthropic-errors.js'
import { isRecord } from './shape.js'

/** A string, or a `bad_response`. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new ProviderError({ reason: 'bad_response' })
  return value
}

/**
 * A whole message. `null`, `{}` and messages without content or stop reason are refused.
 * @throws ProviderError `bad_response`, `content_filter`, `empty`, or the type of an error in it
 */
export function answerOf(message: unknown): ProviderAnswer {
  if (!isRecord(message)) throw new ProviderError({ reason: 'bad_response' })
  if (message['type'] === 'error') throw errorEvent(message)
  const usage = usageOf(message['usage'])
  const blocks = message['content']
  if (!Array.isArray(blocks)) throw new ProviderError({ reason: 'bad_response', usage })
  let text = ''
  let reasoning = ''
  const tool_calls: ToolCall[] = []
  for (const block of blocks as readonly unknown[]) {
    if (!isRecord(block)) throw new ProviderError({ reason: 'bad_response', usage })
    if (block['type'] === 'text') text += textOf(block['text'])
    else if (block['type'] === 'thinking') reasoning += textOf(block['thinking'])
    else if (block['type'] === 'tool_use') tool_calls.push(toolCallOf(block))
  }
  const came = { text: text.trim() !== '', toolCalls: tool_calls.length > 0 }
  return {
    text,
    reasoning: reasoning === '' ? undefined : reasoning,
    tool_calls,
    finish_reason: finishOf(textOf(message['stop_reason']), came, usage),
    usage,
  }
}

function toolCallOf(block: { readonly [field: string]: unknown }): ToolCall {
  return {
    id: textOf(block['id']),
    name: textOf(block['name']),
    arguments: JSON.stringify(block['input'] ?? {}),
  }
}

/**
 * Anthropic's counts, each in one field: `input_tokens` leaves out what was read from or written to
 * the cache, `output_tokens` includes thinking.
 * Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function usageOf(counts: unknown): Usage | undefined {
  if (!isRecord(counts) || typeof counts['input_tokens'] !== 'number') return undefined
  const output = count(counts['output_tokens'])
  const details = counts['output_tokens_details']
  const thinking = isRecord(details) ? count(details['thinking_tokens']) : 0
  const reasoning = Math.min(output, thinking)
  return {
    input: count(counts['input_tokens']),
    cache_read: count(counts['cache_read_input_tokens']),
    cache_write: count(counts['cache_creation_input_tokens']),
    output: output - reasoning,
    reasoning,
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.round(value) : 0
}

/**
 * What a stop reason means, given what came with it.
 * @throws ProviderError `content_filter` for a refusal, `empty` for a good end without any content,
 * `bad_response` for a tool call that is not there
 */
export function finishOf(
  stopReason: string,
  came: { readonly text: boolean; readonly toolCalls: boolean },
  usage: Usage | undefined,
): FinishReason {
  switch (stopReason) {
    case 'end_turn':
    case 'stop_sequence':
      if (came.toolCalls) return 'tool_calls'
      if (!came.text) throw new ProviderError({ reason: 'empty', usage })
      return 'stop'
    case 'tool_use':
      if (!came.toolCalls) throw new ProviderError({ reason: 'bad_response', usage })
      return 'tool_calls'
    case 'refusal':
      throw new ProviderError({ reason: 'content_filter', usage })
    default:
      // max_tokens, model_context_window_exceeded, pause_turn and whatever comes next: not whole.
      return 'length'
  }
}
