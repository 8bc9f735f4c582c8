/** The vendors' own SDKs, used as plainly as possible, with what they saw in one shape. */
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { GenerateContentResponse } from '@google/genai'
import type { FakeVendors, Vendor } from '../../../src/testing/index.js'

interface Seen {
  text: string
  reasoning: string
  tools: { id: string | undefined; name: string; args: unknown }[]
  /** The finish reason as the vendor spells it. */
  finish: string | undefined
  /** Whether the stream's terminal marker came. */
  terminal: boolean
  usage: object | undefined
  id: string | undefined
  /** Streamed pieces of text. */
  pieces: number
}

interface Ask {
  model?: string
  prompt?: string
  signal?: AbortSignal
  tool?: 'auto' | 'forced'
  schema?: Record<string, unknown>
  maxTokens?: number
  onText?: () => void
}

export interface Driver {
  vendor: Vendor
  unary(ask?: Ask): Promise<Seen>
  stream(ask?: Ask): Promise<Seen>
  /** The last HTTP response, whatever the SDK made of it. */
  last(): Response | undefined
}

const TOOL_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Paris', 'Rome'] }, days: { type: 'integer' } },
  required: ['city'],
}

function nothing(): Seen {
  return {
    text: '',
    reasoning: '',
    tools: [],
    finish: undefined,
    terminal: false,
    usage: undefined,
    id: undefined,
    pieces: 0,
  }
}

function recordingFetch(): { fetch: typeof fetch; last: () => Response | undefined } {
  let last: Response | undefined
  return {
    last: () => last,
    fetch: async (input, init) => {
      last = undefined
      const response = await fetch(input, init)
      last = response
      return response
    },
  }
}

interface RawCall {
  id: string
  name: string
  text: string
}

function parseCall({ id, name, text }: RawCall): Seen['tools'][number] {
  const args: unknown = JSON.parse(text)
  return { id, name, args }
}

function readChoice(
  seen: Seen,
  calls: RawCall[],
  choice: OpenAI.ChatCompletionChunk.Choice,
  ask: Ask,
): void {
  const delta: { reasoning_content?: string } & typeof choice.delta = choice.delta
  seen.reasoning += delta.reasoning_content ?? ''
  const text = delta.content ?? delta.refusal ?? ''
  if (text) {
    seen.text += text
    seen.pieces += 1
    ask.onText?.()
  }
  for (const call of delta.tool_calls ?? []) {
    const known = (calls[call.index] ??= { id: '', name: '', text: '' })
    known.id += call.id ?? ''
    known.name += call.function?.name ?? ''
    known.text += call.function?.arguments ?? ''
  }
  if (choice.finish_reason) {
    seen.finish = choice.finish_reason
    seen.terminal = true
  }
}

export function openaiDriver(vendors: FakeVendors): Driver {
  const { fetch, last } = recordingFetch()
  const client = new OpenAI({ ...vendors.openai, maxRetries: 0, fetch, logLevel: 'off' })
  const body = (ask: Ask) => ({
    model: ask.model ?? 'gpt-4o-mini',
    messages: [{ role: 'user' as const, content: ask.prompt ?? 'Where is my card?' }],
    ...(ask.maxTokens === undefined ? {} : { max_completion_tokens: ask.maxTokens }),
    ...(ask.tool
      ? {
          tools: [
            {
              type: 'function' as const,
              function: { name: 'weather', parameters: TOOL_SCHEMA },
            },
          ],
          tool_choice: ask.tool === 'forced' ? ('required' as const) : ('auto' as const),
        }
      : {}),
    ...(ask.schema
      ? {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', schema: ask.schema },
          },
        }
      : {}),
  })
  return {
    vendor: 'openai',
    last,
    async unary(ask = {}) {
      const answer = await client.chat.completions.create(body(ask), { signal: ask.signal })
      const seen = nothing()
      const choice = answer.choices[0]!
      const message: { reasoning_content?: string } & typeof choice.message = choice.message
      seen.id = answer.id
      seen.text = message.content ?? message.refusal ?? ''
      seen.reasoning = message.reasoning_content ?? ''
      seen.finish = choice.finish_reason
      seen.usage = answer.usage
      for (const call of message.tool_calls ?? []) {
        if (call.type !== 'function') continue
        const args: unknown = JSON.parse(call.function.arguments)
        seen.tools.push({ id: call.id, name: call.function.name, args })
      }
      return seen
    },
    async stream(ask = {}) {
      const seen = nothing()
      const calls: RawCall[] = []
      const stream = await client.chat.completions.create(
        { ...body(ask), stream: true, stream_options: { include_usage: true } },
        { signal: ask.signal },
      )
      for await (const chunk of stream) {
        seen.id = chunk.id
        if (chunk.usage) seen.usage = chunk.usage
        const choice = chunk.choices[0]
        if (choice) readChoice(seen, calls, choice, ask)
      }
      seen.tools = calls.map(parseCall)
      return seen
    },
  }
}

export function anthropicDriver(vendors: FakeVendors): Driver {
  const { fetch, last } = recordingFetch()
  const client = new Anthropic({ ...vendors.anthropic, maxRetries: 0, fetch, logLevel: 'off' })
  const body = (ask: Ask) => ({
    model: ask.model ?? 'claude-haiku-4-5',
    max_tokens: ask.maxTokens ?? 1024,
    messages: [{ role: 'user' as const, content: ask.prompt ?? 'Where is my card?' }],
    ...(ask.tool
      ? {
          tools: [
            {
              name: 'weather',
              input_schema: { ...TOOL_SCHEMA, type: 'object' as const },
            },
          ],
          tool_choice: ask.tool === 'forced' ? { type: 'any' as const } : { type: 'auto' as const },
        }
      : {}),
    ...(ask.schema
      ? { output_config: { format: { type: 'json_schema' as const, schema: ask.schema } } }
      : {}),
  })
  return {
    vendor: 'anthropic',
    last,
    async unary(ask = {}) {
      const answer = await client.messages.create(body(ask), { signal: ask.signal })
      const seen = nothing()
      seen.id = answer.id
      seen.finish = answer.stop_reason ?? undefined
      seen.usage = answer.usage
      for (const block of answer.content) {
        if (block.type === 'text') seen.text += block.text
        if (block.type === 'thinking') seen.reasoning += block.thinking
        if (block.type === 'tool_use') {
          seen.tools.push({ id: block.id, name: block.name, args: block.input })
        }
      }
      return seen
    },
    async stream(ask = {}) {
      const seen = nothing()
      const calls: RawCall[] = []
      const stream = await client.messages.create(
        { ...body(ask), stream: true },
        { signal: ask.signal },
      )
      for await (const event of stream) {
        switch (event.type) {
          case 'message_start':
            seen.id = event.message.id
            seen.usage = event.message.usage
            break
          case 'content_block_start':
            if (event.content_block.type === 'tool_use') {
              calls.push({ id: event.content_block.id, name: event.content_block.name, text: '' })
            }
            break
          case 'content_block_delta':
            if (event.delta.type === 'text_delta') {
              seen.text += event.delta.text
              seen.pieces += 1
              ask.onText?.()
            }
            if (event.delta.type === 'thinking_delta') seen.reasoning += event.delta.thinking
            if (event.delta.type === 'input_json_delta') {
              calls.at(-1)!.text += event.delta.partial_json
            }
            break
          case 'message_delta':
            seen.finish = event.delta.stop_reason ?? undefined
            if ('usage' in event) seen.usage = { ...seen.usage, ...event.usage }
            break
          case 'message_stop':
            seen.terminal = true
            break
          case 'content_block_stop':
            break
        }
      }
      seen.tools = calls.map(parseCall)
      return seen
    },
  }
}

function readGemini(seen: Seen, answer: GenerateContentResponse): void {
  const candidate = answer.candidates?.[0]
  seen.id = answer.responseId
  if (answer.usageMetadata) seen.usage = answer.usageMetadata
  for (const part of candidate?.content?.parts ?? []) {
    if (part.thought) seen.reasoning += part.text ?? ''
    else if (part.functionCall) {
      const { id, name, args } = part.functionCall
      seen.tools.push({ id, name: name ?? '', args })
    } else if (part.text) {
      seen.text += part.text
      seen.pieces += 1
    }
  }
  const finish = candidate?.finishReason ?? answer.promptFeedback?.blockReason
  if (finish) {
    seen.finish = finish
    seen.terminal = true
  }
}

export function googleDriver(vendors: FakeVendors): Driver {
  const { fetch, last } = recordingFetch()
  const client = new GoogleGenAI({
    apiKey: vendors.google.apiKey,
    httpOptions: { baseUrl: vendors.google.baseURL, fetch },
  })
  const body = (ask: Ask) => ({
    model: ask.model ?? 'gemini-2.5-flash',
    contents: ask.prompt ?? 'Where is my card?',
    config: {
      ...(ask.signal ? { abortSignal: ask.signal } : {}),
      ...(ask.maxTokens === undefined ? {} : { maxOutputTokens: ask.maxTokens }),
      ...(ask.tool
        ? {
            tools: [
              { functionDeclarations: [{ name: 'weather', parametersJsonSchema: TOOL_SCHEMA }] },
            ],
            ...(ask.tool === 'forced'
              ? { toolConfig: { functionCallingConfig: { mode: 'ANY' as never } } }
              : {}),
          }
        : {}),
      ...(ask.schema
        ? { responseMimeType: 'application/json', responseJsonSchema: ask.schema }
        : {}),
    },
  })
  return {
    vendor: 'google',
    last,
    async unary(ask = {}) {
      const seen = nothing()
      readGemini(seen, await client.models.generateContent(body(ask)))
      return seen
    },
    async stream(ask = {}) {
      const seen = nothing()
      for await (const chunk of await client.models.generateContentStream(body(ask))) {
        readGemini(seen, chunk)
        if (seen.pieces > 0) ask.onText?.()
      }
      return seen
    },
  }
}

export const DRIVERS = [
  ['openai', openaiDriver],
  ['anthropic', anthropicDriver],
  ['google', googleDriver],
] as const

export const MODES = ['unary', 'stream'] as const

/** Every code of an error and of its causes. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
  }
  return codes
}

export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('Expected a failure, but the call succeeded.')
}

/** What a promise is after `ms` of real time. */
export async function stateAfter(
  promise: Promise<unknown>,
  ms: number,
): Promise<'pending' | 'resolved' | 'rejected'> {
  const state = promise.then(
    () => 'resolved' as const,
    () => 'rejected' as const,
  )
  const pending = new Promise<'pending'>((resolve) => setTimeout(resolve, ms, 'pending'))
  return Promise.race([state, pending])
}
