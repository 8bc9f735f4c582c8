/** Google's Gemini: POST /v1beta/models/{model}:generateContent and :streamGenerateContent. */
import { asArray, asNumber, asObject, asText, textLength, textOf } from './json.js'
import type { JsonObject } from './json.js'
import type { Frame, Wanted, Wire, WireAnswer } from './types.js'

/** Version, model and method of a generation path. */
export const GEMINI_PATH =
  /^\/v1(?:beta|alpha)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

// Gemini has no finish reason of its own for tool calls.
const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP' } as const

function readForcedTool(body: JsonObject): Wanted['forcedTool'] {
  const calling = asObject(asObject(body['toolConfig'])['functionCallingConfig'])
  if (calling['mode'] !== 'ANY') return undefined
  const name = asText(asArray(calling['allowedFunctionNames'])[0])
  return name === undefined ? 'any' : { name }
}

function readSchema(config: JsonObject): JsonObject | undefined {
  if (config['responseMimeType'] !== 'application/json') return undefined
  return asObject(config['responseJsonSchema'] ?? config['responseSchema'])
}

function read(body: JsonObject, path: string): Wanted {
  const [, model = '', method] = GEMINI_PATH.exec(path) ?? []
  const contents = asArray(body['contents']).map(asObject)
  const config = asObject(body['generationConfig'])
  // A turn without a role is the user's.
  const user = contents.findLast((content) => content['role'] !== 'model')
  const declarations = asArray(body['tools']).flatMap((tool) =>
    asArray(asObject(tool)['functionDeclarations']).map(asObject),
  )
  return {
    model: decodeURIComponent(model),
    stream: method === 'streamGenerateContent',
    prompt: textOf(user?.['parts']),
    inputChars:
      textLength(contents) + textLength(body['systemInstruction']) + textLength(declarations),
    maxTokens: asNumber(config['maxOutputTokens']),
    tools: declarations.map((declaration) => ({
      name: asText(declaration['name']) ?? '',
      parameters: asObject(declaration['parametersJsonSchema'] ?? declaration['parameters']),
    })),
    forcedTool: readForcedTool(body),
    schema: readSchema(config),
    problem:
      contents.length === 0
        ? '* GenerateContentRequest.contents: contents is not specified'
        : undefined,
  }
}

function argsOf(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return {}
  }
}

function usageOf({ usage }: WireAnswer, finished: boolean): JsonObject | undefined {
  if (!usage) return undefined
  const prompt = usage.input + usage.cache_read + usage.cache_write
  const candidates = finished ? usage.output : 0
  const thoughts = finished ? usage.reasoning : 0
  return {
    promptTokenCount: prompt,
    ...(finished ? { candidatesTokenCount: candidates } : {}),
    totalTokenCount: prompt + candidates + thoughts,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    ...(usage.cache_read > 0 ? { cachedContentTokenCount: usage.cache_read } : {}),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
  }
}

function finishOf({ finishReason, filter }: WireAnswer): string {
  if (finishReason !== 'content_filter') return FINISH[finishReason]
  return filter === 'refusal' ? 'PROHIBITED_CONTENT' : 'SAFETY'
}

function partsOf(answer: WireAnswer, texts: readonly string[]): readonly JsonObject[] {
  return [
    ...(answer.reasoning === undefined ? [] : [{ text: answer.reasoning, thought: true }]),
    ...texts.map((text) => ({ text })),
    ...answer.toolCalls.map(({ id, name, arguments: text }) => ({
      functionCall: { id, name, args: argsOf(text) },
    })),
  ]
}

/** One response; a stream sends several of the same shape. */
function response(
  answer: WireAnswer,
  parts: readonly JsonObject[],
  finishReason?: string,
): JsonObject {
  const usageMetadata = usageOf(answer, finishReason !== undefined)
  const tail = {
    ...(usageMetadata ? { usageMetadata } : {}),
    modelVersion: answer.request.model,
    responseId: answer.id,
  }
  if (answer.filter === 'prompt') {
    return { promptFeedback: { blockReason: 'SAFETY', safetyRatings: [] }, ...tail }
  }
  const blocked = finishReason !== undefined && answer.finishReason === 'content_filter'
  return {
    candidates: [
      {
        // A blocked candidate comes without content.
        ...(blocked && parts.length === 0 ? {} : { content: { parts, role: 'model' } }),
        ...(finishReason === undefined ? {} : { finishReason }),
        index: 0,
      },
    ],
    ...tail,
  }
}

function event(data: JsonObject, content: boolean): Frame {
  return { text: `data: ${JSON.stringify(data)}\r\n\r\n`, content }
}

function frames(answer: WireAnswer): readonly Frame[] {
  const blocked = answer.finishReason === 'content_filter'
  return [
    ...partsOf(answer, answer.chunks).map((part) => event(response(answer, [part]), true)),
    event(response(answer, blocked ? [] : [{ text: '' }], finishOf(answer)), false),
  ]
}

export const geminiWire: Wire = {
  vendor: 'google',
  requestIdHeader: 'x-request-id',
  keepAlive: ': ping\r\n\r\n',
  read,
  unary: (answer) =>
    response(answer, partsOf(answer, answer.text === '' ? [] : [answer.text]), finishOf(answer)),
  frames,
  streamError: () =>
    event(
      {
        error: {
          code: 503,
          message: 'The model is overloaded. Please try again later.',
          status: 'UNAVAILABLE',
        },
      },
      false,
    ).text,
  unauthenticated: 403,
  refusesPromptByStatus: false,
}
