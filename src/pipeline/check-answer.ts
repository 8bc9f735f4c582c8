/** What counts as a whole answer: its shape, its size, and what only the whole can show. */
import { ProviderError } from '../errors.js'
import type { FinishReason, ProviderAnswer, ProviderCall } from '../contracts/provider.js'
import type { ToolCall } from '../contracts/request.js'
import { MAX_ANSWER_BYTES } from '../features/dedup/chunk-writer.js'
import { compileAnswerSchema } from '../features/request/answer-schema.js'
import { soundUsage } from '../features/resilience/usage.js'

const FINISH_REASONS: readonly unknown[] = [
  'stop',
  'length',
  'tool_calls',
  'content_filter',
] satisfies FinishReason[]

type Format = ProviderCall['response_format']
/** What tells an answer that breaks the caller's schema; undefined where nothing can. */
type SchemaCheck = ReturnType<typeof compileAnswerSchema>

/** A request's attempts share one schema object. */
const schemaChecks = new WeakMap<object, { readonly accepts: SchemaCheck }>()

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
  if (bytesOf(answer) > MAX_ANSWER_BYTES) {
    throw new ProviderError({ reason: 'answer_too_large', usage })
  }
  if (finish_reason === 'stop' && !keepsFormat(answer, call.response_format)) {
    throw badResponse(usage)
  }
  return answer
}

function keepsFormat({ text, tool_calls }: ProviderAnswer, format: Format): boolean {
  if (format === undefined || format.type === 'text') return true
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  if (format.type === 'json_object' || tool_calls.length > 0) return true
  const accepts = schemaCheck(format.schema)
  return accepts === undefined || accepts(value)
}

function schemaCheck(schema: object): SchemaCheck {
  const known = schemaChecks.get(schema)
  if (known) return known.accepts
  const accepts = compileAnswerSchema(schema)
  schemaChecks.set(schema, { accepts })
  return accepts
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

/** UTF-8 bytes of everything the model wrote, as the log of a stream counts them. */
function bytesOf({ text, reasoning = '', tool_calls }: ProviderAnswer): number {
  let bytes = Buffer.byteLength(text) + Buffer.byteLength(reasoning)
  for (const call of tool_calls) {
    bytes += Buffer.byteLength(call.id) + Buffer.byteLength(call.name)
    bytes += Buffer.byteLength(call.arguments)
  }
  return bytes
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

function badResponse(usage: ProviderAnswer['usage']): ProviderError {
  return new ProviderError({ reason: 'bad_response', usage })
}
