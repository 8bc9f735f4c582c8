/** Turns a call into the body of Anthropic's Messages API. */
import type { ProviderCall } from '../../contracts/provider.js'
import type {
  AssistantMessage,
  ContentPart,
  FilePart,
  Tool,
  ToolCall,
  ToolChoice,
} from '../../contracts/request.js'
import { isRecord } from './shape.js'

type Fields = Readonly<Record<string, unknown>>

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: string | readonly Fields[]
}

/** The body of `POST /v1/messages`, by what is always in it. */
export interface MessagesBody {
  model: string
  max_tokens: number
  messages: object[]
}

/** Fields that the SDK sends as headers: a request may not choose those. */
const HEADER_FIELDS: ReadonlySet<string> = new Set(['user_profile_id', 'workspace_id'])

/**
 * `provider_options` lie under what the call itself sets: objects such as `output_config` are
 * merged, anything else the call sets stays. `max_tokens` is the call's, else the options', else
 * `defaultMaxTokens`, at most the model's own limit.
 */
export function messagesBody(call: ProviderCall, defaultMaxTokens: number): MessagesBody {
  const extra = Object.fromEntries(
    Object.entries(call.provider_options ?? {}).filter(([field]) => !HEADER_FIELDS.has(field)),
  )
  const format = call.response_format
  const own = defined({
    system: call.system,
    temperature: call.temperature,
    top_p: call.top_p,
    stop_sequences: call.stop,
    tools: call.tools?.map(toolOf),
    tool_choice: call.tool_choice === undefined ? undefined : choiceOf(call.tool_choice),
    output_config:
      format?.type === 'json_schema'
        ? { format: { type: 'json_schema', schema: format.schema } }
        : undefined,
  })
  return {
    ...merged(extra, own),
    model: call.model.id,
    max_tokens: maxTokensOf(call, extra['max_tokens'], defaultMaxTokens),
    messages: turnsOf(call.messages),
  }
}

function maxTokensOf(call: ProviderCall, extra: unknown, fallback: number): number {
  if (call.max_tokens !== undefined) return call.max_tokens
  if (typeof extra === 'number') return extra
  return Math.min(fallback, call.model.maxOutputTokens ?? fallback)
}

/** Results of consecutive tool messages share one user turn, as the API demands. */
function turnsOf(messages: ProviderCall['messages']): Turn[] {
  const turns: Turn[] = []
  let results: Fields[] | undefined
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!results) {
        results = []
        turns.push({ role: 'user', content: results })
      }
      const { tool_call_id, content } = message
      results.push({ type: 'tool_result', tool_use_id: tool_call_id, content })
      continue
    }
    results = undefined
    const content = message.role === 'user' ? userContent(message.content) : assistant(message)
    if (content !== undefined) turns.push({ role: message.role, content })
  }
  return turns
}

function userContent(content: string | readonly ContentPart[]): Turn['content'] {
  if (typeof content === 'string') return content
  // The API refuses empty text blocks.
  return content.filter((part) => part.type !== 'text' || part.text !== '').map(blockOf)
}

/** Undefined for a turn that says nothing: the API refuses empty ones. */
function assistant(message: AssistantMessage): Turn['content'] | undefined {
  const text = message.content ?? ''
  const calls = message.tool_calls ?? []
  if (calls.length === 0) return text === '' ? undefined : text
  return [...(text === '' ? [] : [{ type: 'text', text }]), ...calls.map(toolUseOf)]
}

function blockOf(part: ContentPart): Fields {
  if (part.type === 'text') return { type: 'text', text: part.text }
  if (part.type === 'file') {
    return defined({ type: 'document', source: documentSource(part), title: part.filename })
  }
  const { url, data, media_type } = part
  const source = data === undefined ? { type: 'url', url } : { type: 'base64', media_type, data }
  return { type: 'image', source }
}

/** PDF and plain text are what the API takes; it answers 400 to anything else. */
function documentSource({ url, data, media_type }: FilePart): Fields {
  if (data === undefined) return { type: 'url', url }
  if (media_type !== 'text/plain') return { type: 'base64', media_type, data }
  return { type: 'text', media_type, data: Buffer.from(data, 'base64').toString('utf8') }
}

function toolUseOf({ id, name, arguments: text }: ToolCall): Fields {
  return { type: 'tool_use', id, name, input: inputOf(text) }
}

/** The API takes objects only; whatever else a model wrote is handed back inside one. */
function inputOf(text: string): Fields {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Not JSON: a model may write anything.
  }
  return { arguments: text }
}

function toolOf({ name, description, parameters, strict }: Tool): Fields {
  return defined({ name, description, input_schema: parameters, strict })
}

function choiceOf(choice: ToolChoice): Fields {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name }
  return { type: choice === 'required' ? 'any' : choice }
}

function merged(extra: Fields, own: Fields): Fields {
  const result: Record<string, unknown> = { ...extra, ...own }
  for (const [field, value] of Object.entries(own)) {
    const below = extra[field]
    if (isRecord(value) && isRecord(below)) result[field] = merged(below, value)
  }
  return result
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
