/** What a caller's own provider function may return, and its check. */
import type { Delta, ProviderAnswer, Usage } from '../../contracts/provider.js'
import type { ToolCall } from '../../contracts/request.js'
import type { FinishReason } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { newId } from '../../util/id.js'
import { isCount, isRecord, nonEmpty } from './shape.js'

/** Token counts; what is left out counts as 0. See `Usage` for what each field holds. */
export type CustomUsage = Pick<Usage, 'input' | 'output'> & Partial<Usage>

/** An answer with its obvious parts left out; `text`, `tool_calls` or `reasoning` must be there. */
export interface CustomAnswer {
  /** @default '' */
  readonly text?: string | undefined
  readonly reasoning?: string | undefined
  /** An `id` may be left out. */
  readonly tool_calls?:
    readonly (Omit<ToolCall, 'id'> & { readonly id?: string | undefined })[] | undefined
  /** @default 'tool_calls' with tool calls, else 'stop' */
  readonly finish_reason?: FinishReason | undefined
  /** Without it the cost is estimated. */
  readonly usage?: CustomUsage | undefined
}

const FINISH_REASONS: readonly unknown[] = ['stop', 'length', 'tool_calls', 'content_filter']

/**
 * A function's result as an answer.
 * @throws ProviderError `bad_response` for another shape, `empty` when nothing was said,
 * `content_filter` when the function says so
 */
export function customAnswer(result: unknown): ProviderAnswer {
  const given = typeof result === 'string' ? { text: result } : result
  if (!isRecord(given)) throw malformed()
  if (!saysSomething(given)) throw malformed()
  const text = given['text'] ?? ''
  const reasoning = given['reasoning'] ?? undefined
  if (typeof text !== 'string') throw malformed()
  if (reasoning !== undefined && typeof reasoning !== 'string') throw malformed()
  const tool_calls = toolCalls(given['tool_calls'] ?? [])
  const usage = customUsage(given['usage'])
  const finish_reason = customFinish(
    given['finish_reason'] ?? (tool_calls.length > 0 ? 'tool_calls' : 'stop'),
    text.trim() !== '' || tool_calls.length > 0,
    usage,
  )
  return { text, reasoning, tool_calls, finish_reason, usage }
}

/** An object of another shape, `{ content }` for instance, must not pass for an empty answer. */
function saysSomething(given: { readonly [field: string]: unknown }): boolean {
  const said = given['text'] ?? given['tool_calls'] ?? given['reasoning'] ?? undefined
  return said !== undefined || given['finish_reason'] === 'content_filter'
}

/** Checks how an answer ended. @throws ProviderError as `customAnswer` */
export function customFinish(
  value: unknown,
  hasContent: boolean,
  usage: Usage | undefined,
): FinishReason {
  if (!isFinishReason(value)) throw malformed()
  if (value === 'content_filter') throw new ProviderError({ reason: 'content_filter', usage })
  if (value !== 'length' && !hasContent) throw new ProviderError({ reason: 'empty', usage })
  return value
}

/** @throws ProviderError `bad_response` unless every count is a whole number from 0 */
function customUsage(value: unknown): Usage | undefined {
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw malformed()
  const count = (field: keyof Usage): number => {
    const given = value[field] ?? 0
    if (!isCount(given)) throw malformed()
    return given
  }
  if (value['input'] === undefined || value['output'] === undefined) throw malformed()
  return {
    input: count('input'),
    cache_read: count('cache_read'),
    cache_write: count('cache_write'),
    output: count('output'),
    reasoning: count('reasoning'),
  }
}

/** One item of a caller's own stream as a delta. @throws ProviderError `bad_response` */
export function customDelta(item: unknown): Delta {
  if (typeof item === 'string') return { type: 'text', text: item }
  if (!isRecord(item)) throw malformed()
  switch (item['type']) {
    case 'text':
    case 'reasoning':
      if (typeof item['text'] !== 'string') throw malformed()
      return { type: item['type'], text: item['text'] }
    case 'tool_call': {
      const { index, id, name, arguments: text } = item
      if (!isCount(index)) throw malformed()
      return {
        type: 'tool_call',
        index,
        id: optionalText(id),
        name: optionalText(name),
        arguments: optionalText(text),
      }
    }
    case 'alive':
      return { type: 'alive', usage: customUsage(item['usage']) }
    case 'finish': {
      if (!isFinishReason(item['finish_reason'])) throw malformed()
      const usage = customUsage(item['usage'])
      return { type: 'finish', finish_reason: item['finish_reason'], usage }
    }
    default:
      throw malformed()
  }
}

function toolCalls(value: unknown): readonly ToolCall[] {
  if (!Array.isArray(value)) throw malformed()
  return (value as unknown[]).map((item) => {
    if (!isRecord(item)) throw malformed()
    const name = nonEmpty(item['name'])
    if (name === undefined || typeof item['arguments'] !== 'string') throw malformed()
    return { id: nonEmpty(item['id']) ?? newId('call'), name, arguments: item['arguments'] }
  })
}

function isFinishReason(value: unknown): value is FinishReason {
  return FINISH_REASONS.includes(value)
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw malformed()
}

function malformed(): ProviderError {
  return new ProviderError({ reason: 'bad_response' })
}
