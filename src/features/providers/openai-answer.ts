/** The JSON of a whole chat completion as an answer, its shape checked. */
import type { ProviderAnswer, Usage } from '../../contracts/provider.js'
import type { ToolCall } from '../../contracts/request.js'
import { ProviderError } from '../../errors.js'
import { newId } from '../../util/id.js'
import { embeddedError, finishReason } from './openai-finish.js'
import { usageOf } from './openai-usage.js'
import { isRecord, nonEmpty } from './shape.js'

/** @throws ProviderError for anything but a complete answer */
export function answerOf(body: unknown): ProviderAnswer {
  if (!isRecord(body)) throw new ProviderError({ reason: 'bad_response' })
  const usage = usageOf(body['usage'])
  if (body['error']) throw embeddedError(body['error'], usage)

  const choices: unknown = body['choices']
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  const message = isRecord(choice) ? choice['message'] : undefined
  if (!isRecord(choice) || !isRecord(message)) throw malformed(usage)

  const text = message['content'] ?? ''
  if (typeof text !== 'string') throw malformed(usage)
  const tool_calls = toolCallsOf(message['tool_calls'], usage)
  return {
    text,
    // DeepSeek, vLLM and others use the first name, OpenRouter and Ollama the second.
    reasoning: nonEmpty(message['reasoning_content']) ?? nonEmpty(message['reasoning']),
    tool_calls,
    finish_reason: finishReason({
      finish: choice['finish_reason'],
      hasText: text.trim() !== '',
      hasToolCalls: tool_calls.length > 0,
      refused: nonEmpty(message['refusal']) !== undefined,
      usage,
    }),
    usage,
  }
}

function toolCallsOf(value: unknown, usage: Usage | undefined): readonly ToolCall[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed(usage)
  return (value as unknown[]).map((item) => {
    const called = isRecord(item) ? item['function'] : undefined
    const name = isRecord(called) ? nonEmpty(called['name']) : undefined
    const text = isRecord(called) ? (called['arguments'] ?? '') : undefined
    if (!isRecord(item) || name === undefined || typeof text !== 'string') throw malformed(usage)
    // Gemini's version of this format leaves the id empty.
    return { id: nonEmpty(item['id']) ?? newId('call'), name, arguments: text }
  })
}

function malformed(usage: Usage | undefined): ProviderError {
  return new ProviderError({ reason: 'bad_response', usage })
}
