/** A call as the body of POST /chat/completions. */
import type {
  ChatCompletionCreateParams,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
} from 'openai/resources/chat/completions'
import type { ProviderCall } from '../../contracts/provider.js'
import type { ResponseFormat, Tool, ToolChoice } from '../../contracts/request.js'
import { messagesOf } from './openai-messages.js'

/** Where servers of this wire format differ. */
export interface ChatDialect {
  /** OpenAI's reasoning models refuse `max_tokens`; other servers may not know the newer name. */
  readonly maxTokensField: 'max_completion_tokens' | 'max_tokens'
  /** Ask for the usage of a stream; a few servers refuse `stream_options`. */
  readonly streamUsage: boolean
  /** True for models that refuse tools here unless their reasoning is off. */
  readonly toolsNeedNoReasoning?: ((model: string) => boolean) | undefined
}

export type ChatBody = ChatCompletionCreateParams & { readonly [field: string]: unknown }

/** Never from `provider_options`: what the answer is read by (`n`: only one choice is). */
const OWN_FIELDS = ['model', 'messages', 'stream', 'stream_options', 'n']
const MAX_TOKENS_FIELDS = ['max_tokens', 'max_completion_tokens']

/** `provider_options` fill in what the call does not set itself. */
export function requestBody(call: ProviderCall, dialect: ChatDialect, stream: boolean): ChatBody {
  const own = {
    model: call.model.id,
    messages: messagesOf(call),
    stream,
    ...(stream && dialect.streamUsage && { stream_options: { include_usage: true } }),
  }
  const taken = [...OWN_FIELDS, ...(call.max_tokens === undefined ? [] : MAX_TOKENS_FIELDS)]
  const extras = Object.entries(call.provider_options ?? {}).filter(
    ([field]) => !taken.includes(field),
  )
  return Object.assign(
    reasoningFor(call, dialect),
    Object.fromEntries(extras),
    settings(call, dialect),
    own,
  )
}

/** A default only: `provider_options.openai.reasoning_effort` wins. */
function reasoningFor(call: ProviderCall, dialect: ChatDialect): { [field: string]: unknown } {
  const off = call.tools !== undefined && dialect.toolsNeedNoReasoning?.(call.model.id) === true
  return off ? { reasoning_effort: 'none' } : {}
}

function settings(call: ProviderCall, dialect: ChatDialect): { [field: string]: unknown } {
  return defined({
    temperature: call.temperature,
    top_p: call.top_p,
    [dialect.maxTokensField]: call.max_tokens,
    stop: call.stop,
    seed: call.seed,
    tools: call.tools?.map(toolOf),
    tool_choice: call.tool_choice === undefined ? undefined : choiceOf(call.tool_choice),
    response_format:
      call.response_format === undefined ? undefined : formatOf(call.response_format),
  })
}

function toolOf({ name, description, parameters, strict }: Tool): ChatCompletionTool {
  return {
    type: 'function',
    function: {
      name,
      parameters,
      ...(description !== undefined && { description }),
      ...(strict !== undefined && { strict }),
    },
  }
}

function choiceOf(choice: ToolChoice): ChatCompletionToolChoiceOption {
  if (typeof choice === 'string') return choice
  return { type: 'function', function: { name: choice.name } }
}

function formatOf(format: ResponseFormat): ChatCompletionCreateParams['response_format'] {
  switch (format.type) {
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json_object' }
    case 'json_schema':
      return {
        type: 'json_schema',
        json_schema: {
          name: format.name ?? 'answer',
          schema: format.schema,
          strict: format.strict ?? true,
        },
      }
  }
}

/** Without the fields that are undefined: they must not hide an extra. */
function defined(fields: { readonly [field: string]: unknown }): { [field: string]: unknown } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
