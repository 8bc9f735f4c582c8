/** Turns a call into the body of Gemini's generateContent. */
import type { ProviderCall } from '../../contracts/provider.js'
import type {
  AssistantMessage,
  ContentPart,
  ResponseFormat,
  Tool,
  ToolCall,
  ToolChoice,
  ToolMessage,
} from '../../contracts/request.js'
import { isRecord } from './shape.js'

type Fields = Readonly<Record<string, unknown>>

export interface GeminiContent {
  role: string
  parts: object[]
}

/** A request body: the conversation, and everything else. */
export interface GeminiBody {
  readonly contents: GeminiContent[]
  readonly rest: Record<string, unknown>
}

/**
 * Gemini 3 and later refuse a function call in the history without the signature it came with,
 * which the request has no place for; this value of Google's makes them accept it.
 * Source: https://ai.google.dev/gemini-api/docs/thought-signatures
 */
const NO_SIGNATURE = 'skip_thought_signature_validator'
const WANTS_SIGNATURE = /\bgemini-(?:[3-9]|\d{2,})/

const IMAGE_TYPES: { readonly [extension: string]: string } = {
  gif: 'image/gif',
  heic: 'image/heic',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
}

/**
 * `provider_options` lie under what the call itself sets: objects such as `generationConfig` are
 * merged, anything else the call sets stays. The model is in the address, never in the body.
 */
export function geminiBody(call: ProviderCall): GeminiBody {
  const extra = Object.fromEntries(
    Object.entries(call.provider_options ?? {}).filter(
      ([field]) => field !== 'model' && field !== 'contents',
    ),
  )
  const generationConfig = defined({
    temperature: call.temperature,
    topP: call.top_p,
    maxOutputTokens: call.max_tokens,
    stopSequences: call.stop,
    seed: call.seed,
    ...formatOf(call.response_format),
  })
  const own = defined({
    systemInstruction: call.system === undefined ? undefined : { parts: [{ text: call.system }] },
    tools: toolsOf(call.tools),
    toolConfig:
      call.tool_choice === undefined
        ? undefined
        : { functionCallingConfig: choiceOf(call.tool_choice) },
    generationConfig: Object.keys(generationConfig).length > 0 ? generationConfig : undefined,
  })
  return {
    contents: contentsOf(call.messages, WANTS_SIGNATURE.test(call.model.id)),
    rest: merged(extra, own),
  }
}

function contentsOf(messages: ProviderCall['messages'], signed: boolean): GeminiContent[] {
  const contents: GeminiContent[] = []
  /** A result names its function, which only the call it answers knows. */
  const names = new Map<string, string>()
  let results: GeminiContent | undefined
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!results) {
        results = { role: 'user', parts: [] }
        contents.push(results)
      }
      results.parts.push(resultOf(message, names.get(message.tool_call_id)))
      continue
    }
    results = undefined
    if (message.role === 'user') {
      const { content } = message
      contents.push({
        role: 'user',
        parts: typeof content === 'string' ? [{ text: content }] : content.map(partOf),
      })
      continue
    }
    for (const { id, name } of message.tool_calls ?? []) names.set(id, name)
    const parts = assistantParts(message, signed)
    if (parts.length > 0) contents.push({ role: 'model', parts })
  }
  return contents
}

function assistantParts({ content, tool_calls = [] }: AssistantMessage, signed: boolean): object[] {
  const calls = tool_calls.map((call, index) => ({
    functionCall: functionCallOf(call),
    // Of parallel calls only the first one carries a signature.
    ...(signed && index === 0 && { thoughtSignature: NO_SIGNATURE }),
  }))
  return content ? [{ text: content }, ...calls] : calls
}

function functionCallOf({ id, name, arguments: text }: ToolCall): Fields {
  // The API takes objects only; whatever else a model wrote is handed back inside one.
  return { id, name, args: recordOf(text) ?? (text.trim() === '' ? {} : { arguments: text }) }
}

/** Any object is the output itself; everything else goes under the name Google gives it. */
function resultOf(
  { tool_call_id, content }: ToolMessage,
  name: string | undefined,
): {
  functionResponse: Fields
} {
  const response = recordOf(content) ?? { output: content }
  return { functionResponse: { id: tool_call_id, name: name ?? tool_call_id, response } }
}

function partOf(part: ContentPart): Fields {
  if (part.type === 'text') return { text: part.text }
  if (part.data !== undefined) return { inlineData: { mimeType: part.media_type, data: part.data } }
  const guessed = part.type === 'image' ? imageTypeOf(part.url ?? '') : undefined
  return { fileData: defined({ mimeType: part.media_type ?? guessed, fileUri: part.url }) }
}

function imageTypeOf(url: string): string | undefined {
  const extension = /\.(\w{3,4})(?:[?#]|$)/.exec(url)?.[1]
  return extension === undefined ? undefined : IMAGE_TYPES[extension.toLowerCase()]
}

function toolsOf(tools: readonly Tool[] | undefined): readonly Fields[] | undefined {
  if (!tools || tools.length === 0) return undefined
  const functionDeclarations = tools.map(({ name, description, parameters }) =>
    defined({ name, description, parametersJsonSchema: parameters }),
  )
  return [{ functionDeclarations }]
}

function choiceOf(choice: ToolChoice): Fields {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] }
  return { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() }
}

function formatOf(format: ResponseFormat | undefined): Fields {
  if (format?.type === 'json_object') return { responseMimeType: 'application/json' }
  if (format?.type !== 'json_schema') return {}
  return { responseMimeType: 'application/json', responseJsonSchema: format.schema }
}

function recordOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function merged(extra: Fields, own: Fields): Record<string, unknown> {
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
