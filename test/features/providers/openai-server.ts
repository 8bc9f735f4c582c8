/** A local HTTP server for adapters of the chat completions format: each test says what it answers. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Model } from '../../../src/contracts/model.js'
import type { Delta, ProviderCall } from '../../../src/contracts/provider.js'
import { ProviderError } from '../../../src/errors.js'
import type { ProviderErrorFacts } from '../../../src/errors.js'
import { EVERY_CAPABILITY } from '../../../src/util/capabilities.js'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
  /** Resolves when the client's connection is gone before the answer was complete. */
  readonly cut: Promise<void>
}

export type Answer = (response: ServerResponse, request: Received) => void

export interface ChatServer {
  readonly baseURL: string
  readonly requests: Received[]
  /** What the requests from now on get. */
  answer: Answer
  /** Connections opened so far. */
  readonly connections: number
  close(): Promise<void>
}

export async function startChatServer(): Promise<ChatServer> {
  const requests: Received[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      const received: Received = {
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Record<string, unknown>,
        cut: new Promise((resolve) => {
          response.on('close', () => {
            if (!response.writableFinished) resolve()
          })
        }),
      }
      requests.push(received)
      chat.answer(response, received)
    })
  })
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const chat = {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    answer: json(completion()),
    get connections() {
      return connections
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return chat
}

/** A whole answer with parts of its message, its choice and itself replaced. */
export function completion(
  message: object = {},
  choice: object = {},
  rest: object = { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } },
): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Paris.', refusal: null, ...message },
        finish_reason: 'stop',
        ...choice,
      },
    ],
    ...rest,
  }
}

/** One chunk of a stream. */
export function chunk(delta: object, finish: string | null = null, rest: object = {}): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'gpt-4o',
    choices: [{ index: 0, delta, finish_reason: finish }],
    usage: null,
    ...rest,
  }
}

export const ROLE = chunk({ role: 'assistant', content: '', refusal: null })
export const STOP = chunk({}, 'stop')
export const USAGE = {
  ...chunk({}),
  choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

export function html(status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end('<html>SECRET upstream page</html>')
  }
}

export function vendorError(code: string | null, type: string | null): object {
  return { error: { message: 'SECRET upstream text', type, param: null, code } }
}

export type StreamEnd = 'done' | 'eof' | 'cut' | 'open'

/** A stream of chunks (objects) and raw text (strings), then how it ends. */
export function sse(items: readonly (object | string)[], end: StreamEnd = 'done'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const item of items) response.write(typeof item === 'string' ? item : event(item))
    if (end === 'done') response.end('data: [DONE]\n\n')
    if (end === 'eof') response.end()
    if (end === 'cut') setTimeout(() => response.destroy(), 20)
  }
}

export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const reset: Answer = (response) => {
  ;(response.socket as Socket & { resetAndDestroy(): void }).resetAndDestroy()
}

const MODEL: Model = {
  id: 'gpt-4o',
  aliases: [],
  price: null,
  contextWindow: null,
  maxOutputTokens: null,
  capabilities: { ...EVERY_CAPABILITY, fileUrls: false },
  qualityScore: null,
  reliabilityScore: null,
  estimatedTime: null,
  requestsPerMinute: null,
  tier: 'pro',
}

export function callOf(fields: Partial<ProviderCall> = {}): ProviderCall {
  return {
    request_id: 'req_1',
    model: MODEL,
    system: undefined,
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    temperature: undefined,
    top_p: undefined,
    max_tokens: undefined,
    stop: undefined,
    seed: undefined,
    tools: undefined,
    tool_choice: undefined,
    response_format: undefined,
    provider_options: undefined,
    timeoutMs: 30_000,
    ...fields,
  }
}

export const never = (): AbortSignal => new AbortController().signal

/** The facts a call failed with; fails the test when it did not fail with a `ProviderError`. */
export async function factsOf(promise: Promise<unknown>): Promise<ProviderErrorFacts> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) {
    throw new Error(`Expected a failure, got ${JSON.stringify(outcome.value)}`)
  }
  const { error } = outcome
  if (!ProviderError.isInstance(error)) throw error
  if (error.cause !== undefined) throw new Error('Expected no cause')
  if (/SECRET|sk-/.test(error.message + JSON.stringify(error.facts))) {
    throw new Error('Expected no upstream text in the error')
  }
  return Object.fromEntries(Object.entries(error.facts).filter(([, value]) => value !== undefined))
}

export async function collect(stream: AsyncIterable<Delta>): Promise<Delta[]> {
  const deltas: Delta[] = []
  for await (const delta of stream) deltas.push(delta)
  return deltas
}

export function textOf(deltas: readonly Delta[]): string {
  return deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('')
}
