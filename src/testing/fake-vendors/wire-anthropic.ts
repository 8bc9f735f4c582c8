/** Anthropic's messages: POST /v1/messages. */
import { asArray, asNumber, asObject, asText, textLength, textOf } from './json.js'
import type { JsonObject } from './json.js'
import type { Frame, Wanted, Wire, WireAnswer } from './types.js'

const FINISH = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
} as const

function readForcedTool(choice: JsonObject): Wanted['forcedTool'] {
  if (choice['type'] === 'any') return 'any'
  const name = choice['type'] === 'tool' ? asText(choice['name']) : undefined
  return name === undefined ? undefined : { name }
}

function problemOf(body: JsonObject): string | undefined {
  if (asText(body['model']) === undefined) return 'model: Field required'
  // The one field the other vendors do not insist on.
  if (asNumber(body['max_tokens']) === undefined) return 'max_tokens: Field required'
  if (asArray(body['messages']).length === 0) return 'messages: at least one message is required'
  return undefined
}

function read(body: JsonObject): Wanted {
  const messages = asArray(body['messages']).map(asObject)
  const user = messages.findLast((message) => message['role'] === 'user')
  const format = asObject(asObject(body['output_config'])['format'])
  return {
    model: asText(body['model']) ?? '',
    stream: body['stream'] === true,
    prompt: textOf(user?.['content']),
    inputChars: textLength(messages) + textLength(body['system']) + textLength(body['tools']),
    maxTokens: asNumber(body['max_tokens']),
    tools: asArray(body['tools']).map((tool) => ({
      name: asText(asObject(tool)['name']) ?? '',
      parameters: asObject(asObject(tool)['input_schema']),
    })),
    forcedTool: readForcedTool(asObject(body['tool_choice'])),
    schema: format['type'] === 'json_schema' ? asObject(format['schema']) : undefined,
    problem: problemOf(body),
  }
}

/** Arguments travel as a value here; text that is no JSON object becomes an empty one. */
function inputOf(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return {}
  }
}

/** At the start of a stream one output token is counted. Without a usage the field is left out. */
function usageOf({ usage }: WireAnswer, finished: boolean): JsonObject {
  if (!usage) return {}
  return {
    usage: {
      input_tokens: usage.input,
      cache_creation_input_tokens: usage.cache_write,
      cache_read_input_tokens: usage.cache_read,
      cache_creation: {
        ephemeral_5m_input_tokens: usage.cache_write,
        ephemeral_1h_input_tokens: 0,
      },
      output_tokens: finished ? usage.output + usage.reasoning : 1,
      output_tokens_details: finished ? { thinking_tokens: usage.reasoning } : null,
      service_tier: 'standard',
    },
  }
}

function stopOf(answer: WireAnswer): JsonObject {
  const refused = answer.finishReason === 'content_filter'
  return {
    stop_reason: FINISH[answer.finishReason],
    stop_sequence: null,
    stop_details: refused
      ? { type: 'refusal', category: 'general_harms', explanation: null }
      : null,
  }
}

interface Block {
  /** As `content_block_start` announces it. */
  readonly start: JsonObject
  readonly deltas: readonly JsonObject[]
  /** As a whole message holds it. */
  readonly whole: JsonObject
}

function thinkingBlock(thinking: string): Block {
  const signature = 'ZmFrZSBzaWduYXR1cmU='
  return {
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ],
    whole: { type: 'thinking', thinking, signature },
  }
}

function blocksOf(answer: WireAnswer): readonly Block[] {
  const text: Block = {
    start: { type: 'text', text: '', citations: null },
    deltas: answer.chunks.map((piece) => ({ type: 'text_delta', text: piece })),
    whole: { type: 'text', text: answer.text, citations: null },
  }
  const tools = answer.toolCalls.map(({ id, name, arguments: json }): Block => {
    const half = Math.ceil(json.length / 2)
    const tool = { type: 'tool_use', id, name, caller: { type: 'direct' } }
    return {
      start: { ...tool, input: {} },
      deltas: [json.slice(0, half), json.slice(half)].map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      })),
      whole: { ...tool, input: inputOf(json) },
    }
  })
  return [
    ...(answer.reasoning === undefined ? [] : [thinkingBlock(answer.reasoning)]),
    ...(answer.text === '' ? [] : [text]),
    ...tools,
  ]
}

function messageOf(answer: WireAnswer, finished: boolean): JsonObject {
  return {
    id: `msg_01${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.request.model,
    content: blocksOf(answer).map((block) => block.whole),
    ...stopOf(answer),
    ...usageOf(answer, finished),
  }
}

function event(data: { readonly type: string } & JsonObject, content = false): Frame {
  return { text: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`, content }
}

function blockFrames(block: Block, index: number): readonly Frame[] {
  return [
    event({ type: 'content_block_start', index, content_block: block.start }),
    ...block.deltas.map((delta) => event({ type: 'content_block_delta', index, delta }, true)),
    event({ type: 'content_block_stop', index }),
  ]
}

function frames(answer: WireAnswer): readonly Frame[] {
  const opening = {
    ...messageOf(answer, false),
    content: [],
    stop_reason: null,
    stop_details: null,
  }
  return [
    event({ type: 'message_start', message: opening }),
    event({ type: 'ping' }),
    ...blocksOf(answer).flatMap(blockFrames),
    event({
      type: 'message_delta',
      delta: stopOf(answer),
      ...usageOf(answer, true),
    }),
    event({ type: 'message_stop' }),
  ]
}

export const anthropicWire: Wire = {
  vendor: 'anthropic',
  requestIdHeader: 'request-id',
  keepAlive: event({ type: 'ping' }).text,
  read,
  unary: (answer) => messageOf(answer, true),
  frames,
  streamError: () =>
    event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }).text,
  unauthenticated: 401,
  refusesPromptByStatus: true,
}
