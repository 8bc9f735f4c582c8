/** Which answers may be stored at all. */
import type { StoredAnswer, SubstitutionDegree } from '../../contracts/cache-tier.js'
import type { FinishReason } from '../../contracts/provider.js'

const FINISH_REASONS: readonly unknown[] = [
  'stop',
  'length',
  'tool_calls',
  'content_filter',
] satisfies FinishReason[]
const DEGREES: readonly unknown[] = [
  'none',
  'same_model',
  'equivalent',
  'any',
] satisfies SubstitutionDegree[]
const USAGE_FIELDS = ['input', 'cache_read', 'cache_write', 'output', 'reasoning'] as const

type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const isName = (value: unknown): boolean => typeof value === 'string' && value.length > 0
const isTextOrMissing = (value: unknown): boolean =>
  value === undefined || typeof value === 'string'
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

const isUsage = (value: unknown): boolean =>
  isObject(value) && USAGE_FIELDS.every((field) => isAmount(value[field]))

const isToolCall = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['id'] === 'string' &&
  isName(value['name']) &&
  typeof value['arguments'] === 'string'

/** Every field of the contract is there with its type; nothing is said of its worth. */
function isStoredAnswer(value: unknown): value is StoredAnswer {
  if (!isObject(value)) return false
  return (
    typeof value['text'] === 'string' &&
    isTextOrMissing(value['reasoning']) &&
    Array.isArray(value['tool_calls']) &&
    value['tool_calls'].every(isToolCall) &&
    FINISH_REASONS.includes(value['finish_reason']) &&
    isUsage(value['usage']) &&
    isName(value['model_used']) &&
    isName(value['provider_used']) &&
    isName(value['requested_model']) &&
    DEGREES.includes(value['substitution']) &&
    isTextOrMissing(value['substitution_reason']) &&
    (value['cost'] === null || isAmount(value['cost']))
  )
}

/** Cut-off arguments are the trace a truncated tool call leaves; some models write '' for none. */
function isJsonText(text: string): boolean {
  if (text === '') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * True for a complete answer in a valid shape that is worth repeating.
 * False for: a wrong shape or usage, `length` (truncated), `content_filter` (refused), empty or
 * whitespace text without tool calls, `tool_calls` without any, tool arguments that are not JSON.
 * Errors and aborted calls never become a `StoredAnswer`.
 */
export function isCacheable(answer: unknown): answer is StoredAnswer {
  if (!isStoredAnswer(answer)) return false
  const { finish_reason, tool_calls } = answer
  if (finish_reason !== 'stop' && finish_reason !== 'tool_calls') return false
  if (tool_calls.length === 0) return finish_reason === 'stop' && /\S/.test(answer.text)
  return tool_calls.every((call) => isJsonText(call.arguments))
}
