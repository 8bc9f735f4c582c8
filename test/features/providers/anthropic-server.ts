/** A local HTTP server that answers as a script says, and Anthropic's wire format for such scripts. */
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Model } from '../../../src/contracts/model.js'
import type {
  Delta,
  Provider,
  ProviderAnswer,
  ProviderCall,
} from '../../../src/contracts/provider.js'
import { ProviderError } from '../../../src/errors.js'
import type { ProviderErrorFacts } from '../../../src/errors.js'
import { EVERY_CAPABILITY } from '../../../src/util/capabilities.js'

export type Json = Readonly<Record<string, unknown>>
export type Respond = (response: ServerResponse) => void

export interface ReceivedRequest {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Json
}

export interface LocalServer {
  readonly url: string
  readonly requests: ReceivedRequest[]
  /** The answer to every request from now on. */
  respond: Respond
  /** Resolves when a client has closed the connection before its answer was complete. */
  readonly disconnected: Promise<void>
  close(): Promise<void>
}

export async function startServer(): Promise<LocalServer> {
  const requests: ReceivedRequest[] = []
  let disconnect = (): void => undefined
  const disconnected = new Promise<void>((resolve) => {
    disconnect = resolve
  })
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('error', () => undefined)
    request.on('end', () => {
      requests.push({
        url: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Json,
      })
      response.on('close', () => {
        if (!response.writableFinished) disconnect()
      })
      local.respond(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const local: LocalServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    respond: (response) => response.destroy(),
    disconnected,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return local
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Respond {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

export function html(body = '<html>\n\n<body>welcome</body></html>'): Respond {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(body)
  }
}

/** How a stream's body ends: properly, by a cut connection, or never. */
export type Ending = 'end' | 'cut' | 'stall'

export function eventStream(chunks: readonly string[], ending: Ending = 'end'): Respond {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(chunks.join(''), () => {
      if (ending === 'cut') response.socket?.resetAndDestroy()
      if (ending === 'end') response.end()
    })
    // Without a body the head would wait for the first byte.
    if (chunks.length === 0) response.flushHeaders()
  }
}

/** Promises more body than it sends. */
export function partialBody(text: string, ending: Ending): Respond {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 10_000 })
    response.write(text, () => {
      if (ending === 'cut') response.socket?.resetAndDestroy()
    })
  }
}

export const reset: Respond = (response) => response.socket?.resetAndDestroy()

/** Sends something every 20 ms that is not an answer, until the client leaves. */
export function keepAlive(text: string): Respond {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write(text), 20)
    response.on('close', () => {
      clearInterval(timer)
    })
  }
}

/** Anthropic's events, each with its name, as the API sends them. */
export function anthropicEvents(...events: readonly Json[]): string[] {
  return events.map(
    (event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`,
  )
}

export const messageStart: Json = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    usage: {
      input_tokens: 12,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 5,
      output_tokens: 1,
    },
  },
}

export const textEvents: readonly Json[] = [
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
  { type: 'content_block_stop', index: 0 },
]

export function messageEnd(stop_reason: string, output_tokens = 7): Json[] {
  return [
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens },
    },
    { type: 'message_stop' },
  ]
}

export function message(overrides: Json = {}): Json {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    content: [{ type: 'text', text: 'Hello' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 7 },
    ...overrides,
  }
}

const MODEL: Model = {
  id: 'model-test',
  aliases: [],
  price: null,
  contextWindow: null,
  maxOutputTokens: null,
  capabilities: EVERY_CAPABILITY,
  qualityScore: null,
  reliabilityScore: null,
  estimatedTime: null,
  requestsPerMinute: null,
  tier: 'basic',
}

type CallFields = Partial<Omit<ProviderCall, 'model'>> & { readonly model?: Partial<Model> }

/** A call that asks "Hi" unless told otherwise. */
export function callOf({ model, ...fields }: CallFields = {}): ProviderCall {
  return {
    request_id: 'req_1',
    model: { ...MODEL, ...model },
    system: undefined,
    messages: [{ role: 'user', content: 'Hi' }],
    temperature: undefined,
    top_p: undefined,
    max_tokens: undefined,
    stop: undefined,
    seed: undefined,
    tools: undefined,
    tool_choice: undefined,
    response_format: undefined,
    provider_options: undefined,
    timeoutMs: 10_000,
    ...fields,
  }
}

export const never = new AbortController().signal

export async function deltasOf(
  provider: Provider,
  call: ProviderCall = callOf(),
  signal: AbortSignal = never,
): Promise<Delta[]> {
  const deltas: Delta[] = []
  for await (const delta of provider.stream(call, signal)) deltas.push(delta)
  return deltas
}

/** What a reader would see: `alive` is bookkeeping. */
export async function contentOf(provider: Provider, call = callOf()): Promise<Delta[]> {
  return (await deltasOf(provider, call)).filter(({ type }) => type !== 'alive')
}

export type Mode = 'unary' | 'stream'

export function run(
  provider: Provider,
  mode: Mode,
  signal: AbortSignal = never,
): Promise<ProviderAnswer | Delta[]> {
  return mode === 'unary' ? provider.call(callOf(), signal) : deltasOf(provider, callOf(), signal)
}

/** The facts a call fails with; what is undefined is left out. Anything but a ProviderError is thrown on. */
export async function factsOf(failing: Promise<unknown>): Promise<ProviderErrorFacts> {
  try {
    await failing
  } catch (error) {
    if (!ProviderError.isInstance(error)) throw error
    if (error.cause !== undefined) throw new Error('a provider error carries a cause')
    return Object.fromEntries(
      Object.entries(error.facts).filter(([, value]) => value !== undefined),
    )
  }
  throw new Error('the call did not fail')
}
