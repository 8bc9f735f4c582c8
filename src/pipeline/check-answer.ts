/** What counts as a whole answer: its shape, its size, and what only the whole can show. */
import { ProviderError } from '../errors.js'
import type { FinishReason, ProviderAnswer, ProviderCall } from '../contracts/provider.js'
import type { ToolCall } from '../contracts/request.js'
import { soundUsage } from '../features/resilience/usage.js'

/** Longest answer that is kept, in UTF-16 units of text, reasoning and tool calls together. */
const MAX_ANSWER_LENGTH = 4 * 2 ** 20

const FINISH_REASONS: readonly unknown[] = [
  'stop',
  'length',
  'tool_calls',
  'content_filter',
] satisfies FinishReason[]

/**
 * A frozen copy: many callers share it, and the provider may go on using its own objects.
 * @throws ProviderError `bad_response` for another shape, and for broken promises of the request;
 *   `answer_too_large`
 */
export function checkAnswer(given: ProviderAnswer, call: ProviderCall): ProviderAnswer {
  if (typeof given !== 'object' || (given as unknown) === null) throw badResponse(undefined)
  const { text, reasoning, finish_reason } = given
  const usage = soundUsage(given.usage)
  const tool_calls = copyToolCalls(given.tool_calls)
  if (!tool_calls || !isText(text) || !(reasoning === undefined || isText(reasoning))) {
    throw badResponse(usage)
  }
  if (!FINISH_REASONS.includes(finish_reason)) throw badResponse(usage)
  const answer = Object.freeze({ text, reasoning, tool_calls, finish_reason, usage })
  if (lengthOf(answer) > MAX_ANSWER_LENGTH) {
    throw new ProviderError({ reason: 'answer_too_large', usage })
  }
  const format = call.response_format?.type
  const wantsJson = format === 'json_object' || format === 'json_schema'
  if (wantsJson && finish_reason === 'stop' && !isJson(text)) throw badResponse(usage)
  return answer
}

/** Undefined unless it is a list of calls with an id and a name each. */
function copyToolCalls(given: readonly ToolCall[]): readonly ToolCall[] | undefined {
  if (!Array.isArray(given)) return undefined
  const copies: ToolCall[] = []
  for (const call of given as readonly (ToolCall | undefined)[]) {
    const { id, name, arguments: text } = call ?? {}
    if (!isText(id) || !isText(name) || !isText(text) || id === '' || name === '') return undefined
    copies.push(Object.freeze({ id, name, arguments: text }))
  }
  return Object.freeze(copies)
}

/** UTF-16 units of everything the model wrote. */
export function lengthOf({ text, reasoning, tool_calls }: ProviderAnswer): number {
  let length = text.length + (reasoning?.length ?? 0)
  for (const call of tool_calls) length += call.id.length + call.name.length + call.arguments.length
  return length
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function badResponse(usage: ProviderAnswer['usage']): ProviderError {
  return new ProviderError({ reason: 'bad_response', usage })
}
