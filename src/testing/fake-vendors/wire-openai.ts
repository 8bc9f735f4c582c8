/** OpenAI's chat completions: POST /v1/chat/completions. */
import { asArray, asNumber, asObject, asText, textLength, textOf } from './json.js'
import type { JsonObject } from './json.js'
import type { Frame, Wanted, Wire, WireAnswer } from './types.js'

const FINISH = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
} as const

const REFUSAL = "I'm sorry, I can't help with that."

function readForcedTool(choice: unknown): Wanted['forcedTool'] {
  if (choice === 'required') return 'any'
  const name = asText(asObject(asObject(choice)['function'])['name'])
  return name === undefined ? undefined : { name }
}

function readSchema(format: JsonObject): JsonObject | undefined {
  if (format['type'] === 'json_object') return {}
  if (format['type'] !== 'json_schema') return undefined
  return asObject(asObject(format['json_schema'])['schema'])
}

function read(body: JsonObject): Wanted {
  const messages = asArray(body['messages']).map(asObject)
  const model = asText(body['model'])
  const user = messages.findLast((message) => message['role'] === 'user')
  return {
    model: model ?? '',
    stream: body['stream'] === true,
    prompt: textOf(user?.['content']),
    inputChars: textLength(messages) + textLength(body['tools']),
    maxTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
    tools: asArray(body['tools']).map((tool) => {
      const definition = asObject(asObject(tool)['function'])
      return {
        name: asText(definition['name']) ?? '',
        parameters: asObject(definition['parameters']),
      }
    }),
    forcedTool: readForcedTool(body['tool_choice']),
    schema: readSchema(asObject(body['response_format'])),
    problem: !model
      ? 'you must provide a model parameter'
      : messages.length === 0
        ? "Invalid 'messages': expected an array with minimum length 1."
        : undefined,
  }
}

function usageOf({ usage }: WireAnswer): JsonObject | null {
  if (!usage) return null
  const prompt = usage.input + usage.cache_read + usage.cache_write
  const completion = usage.output + usage.reasoning
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cache_read,
      audio_tokens: 0,
      ...(usage.cache_write > 0 ? { cache_write_tokens: usage.cache_write } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function head(answer: WireAnswer, object: string): JsonObject {
  return {
    id: `chatcmpl-${answer.id}`,
    object,
    created: Math.floor(answer.createdMs / 1000),
    model: answer.request.model,
    service_tier: 'default',
    system_fingerprint: 'fp_0fake0fake',
  }
}

function messageOf(answer: WireAnswer): JsonObject {
  const refused = answer.filter === 'refusal'
  const calls = answer.toolCalls.map(({ id, name, arguments: text }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }))
  return {
    role: 'assistant',
    content: refused || (calls.length > 0 && answer.text === '') ? null : answer.text,
    refusal: refused ? REFUSAL : null,
    annotations: [],
    // OpenAI keeps its reasoning to itself; compatible servers (DeepSeek, vLLM) send this field.
    ...(answer.reasoning === undefined ? {} : { reasoning_content: answer.reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

function finishOf(answer: WireAnswer): string {
  return answer.filter === 'refusal' ? 'stop' : FINISH[answer.finishReason]
}

function unary(answer: WireAnswer): JsonObject {
  const usage = usageOf(answer)
  const choice = {
    index: 0,
    message: messageOf(answer),
    logprobs: null,
    finish_reason: finishOf(answer),
  }
  return {
    ...head(answer, 'chat.completion'),
    choices: [choice],
    ...(usage ? { usage } : {}),
  }
}

function toolDeltas(answer: WireAnswer): readonly JsonObject[] {
  return answer.toolCalls.flatMap(({ id, name, arguments: text }, index) => {
    const half = Math.ceil(text.length / 2)
    const first = { index, id, type: 'function', function: { name, arguments: '' } }
    const pieces = [text.slice(0, half), text.slice(half)].filter(Boolean)
    return [
      { tool_calls: [first] },
      ...pieces.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]
  })
}

function deltasOf(answer: WireAnswer): readonly JsonObject[] {
  return [
    ...(answer.reasoning === undefined ? [] : [{ reasoning_content: answer.reasoning }]),
    ...(answer.filter === 'refusal' ? [{ refusal: REFUSAL }] : []),
    ...answer.chunks.map((content) => ({ content })),
    ...toolDeltas(answer),
  ]
}

function event(data: JsonObject, content = false): Frame {
  return { text: `data: ${JSON.stringify(data)}\n\n`, content }
}

function frames(answer: WireAnswer): readonly Frame[] {
  const wantsUsage = asObject(answer.request.body['stream_options'])['include_usage'] === true
  const base = {
    ...head(answer, 'chat.completion.chunk'),
    ...(wantsUsage ? { usage: null } : {}),
  }
  const chunk = (delta: JsonObject, finish_reason: string | null): JsonObject => ({
    ...base,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  })
  const usage = wantsUsage ? usageOf(answer) : null
  return [
    event(chunk({ role: 'assistant', content: '', refusal: null }, null)),
    ...deltasOf(answer).map((delta) => event(chunk(delta, null), true)),
    event(chunk({}, finishOf(answer))),
    ...(usage ? [event({ ...base, choices: [], usage })] : []),
    { text: 'data: [DONE]\n\n', content: false },
  ]
}

export const openaiWire: Wire = {
  vendor: 'openai',
  requestIdHeader: 'x-request-id',
  keepAlive: ': ping\n\n',
  read,
  unary,
  frames,
  streamError: () =>
    event({
      error: {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
        param: null,
        code: null,
      },
    }).text,
  unauthenticated: 401,
  refusesPromptByStatus: true,
}
