import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  InferenceClient,
  ProviderError,
  defineProvider,
  type InferenceRequest,
  type Logger,
  type Provider,
} from '../../src/index.js'
import { openai } from '../../src/features/providers/openai.js'
import { anthropic } from '../../src/features/providers/anthropic.js'
import { google } from '../../src/features/providers/google.js'
import { CANARY, rawProvider } from './support.js'

/** Everything a tool, a log or a developer could make of a value. */
const everything = (value: unknown): string =>
  [
    inspect(value, { depth: 9, showHidden: true }),
    JSON.stringify(value) as string | undefined,
    String(value),
    value instanceof Error ? [value.stack, value.message, inspect(value.cause)] : '',
  ].join('\n')

const request: InferenceRequest = {
  messages: [
    { role: 'system', content: `${CANARY} system` },
    { role: 'user', content: `${CANARY} question` },
    {
      role: 'assistant',
      tool_calls: [{ id: 'call_1', name: 'look_up', arguments: `{"q":"${CANARY}"}` }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: `${CANARY} result` },
  ],
  system: `${CANARY} instructions`,
  tools: [{ name: 'look_up', description: CANARY, parameters: { type: 'object', title: CANARY } }],
  metadata: { note: CANARY },
  stop: CANARY,
  cache: { tags: [CANARY] },
}

/** Requests that fail at every station. */
const FAILING: Readonly<Record<string, object>> = {
  'at no station': {},
  'for a wrong type': { temperature: CANARY },
  'for an unknown field': { 'no such field': CANARY },
  'for its text': { system: `${CANARY}\ud800` },
  'for its size': { metadata: { big: CANARY.repeat(10_000) } },
  'for its budget': { budget_limit: 0 },
  'for its schema': { response_format: { type: 'json_schema', name: CANARY + ' !', schema: {} } },
  'for a part': { messages: [{ role: 'user', content: [{ type: 'image', url: CANARY }] }] },
}

const capabilities = { tools: true, toolChoice: true, jsonSchema: true, jsonObject: true }
const MODELS = [{ id: 'm', price: { input: 1, output: 1 } }]

/** Providers that fail in as many words. */
const talkative: readonly (() => Provider)[] = [
  () =>
    defineProvider({
      name: 'custom',
      models: MODELS,
      capabilities,
      call: () => {
        throw Object.assign(new Error(`${CANARY} refused`), { status: 500, body: CANARY })
      },
    }),
  () =>
    defineProvider({
      name: 'custom',
      models: MODELS,
      capabilities,
      call: () => Promise.reject(new ProviderError({ status: 400, type: CANARY })),
    }),
  () => rawProvider('raw', { call: () => Promise.reject(new TypeError(CANARY)) }),
  () => rawProvider('raw', { call: () => Promise.resolve({ text: CANARY }) }),
]

let server: Server
let baseURL = ''

beforeAll(async () => {
  // A vendor that repeats what it was sent, the key included.
  server = createServer((incoming, response) => {
    const { headers } = incoming
    let body = ''
    incoming.on('data', (data: Buffer) => (body += data.toString()))
    incoming.on('end', () => {
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: CANARY, code: CANARY, headers, body } }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Runs what a caller could run and collects whatever comes out but answers. */
async function observe(provider: Provider, model: string, logger?: Logger): Promise<string> {
  const seen: unknown[] = []
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: model,
    random: () => 0,
    ...(logger && { logger }),
  })
  for (const name of ['request:start', 'request:error', 'attempt:failed', 'price:unknown'] as const)
    client.on(name, (payload) => seen.push(payload))
  for (const changes of Object.values(FAILING)) {
    const changed = { ...request, ...changes } as InferenceRequest
    seen.push(await client.infer(changed).catch((error: unknown) => error))
    const stream = client.stream(changed)
    try {
      for await (const chunk of stream) if (chunk.type !== 'data') seen.push(chunk)
    } catch (error) {
      seen.push(error)
    }
    const batch = await client.batch({ requests: [changed, changed] })
    seen.push(batch.errors)
  }
  const count = client.countTokens({ ...request, tools: CANARY as never })
  seen.push(await count.catch((error: unknown) => error))
  seen.push(await client.stats(), await client.analytics(), await client.providers())
  seen.push(client, provider)
  await client.close()
  return seen.map(everything).join('\n')
}

describe('a secret in a prompt, a tool, metadata, a key or a vendor’s words', () => {
  it('never leaves in an error, an event, a log or a document', async () => {
    const logged: unknown[] = []
    const note = (...parts: unknown[]): void => void logged.push(parts)
    const logger = { debug: note, info: note, warn: note, error: note }
    for (const make of talkative) {
      expect(await observe(make(), 'm', logger)).not.toContain(CANARY)
    }
    expect(logged.length).toBeGreaterThan(0)
    expect(logged.map(everything).join('\n')).not.toContain(CANARY)
  })

  it('never leaves through a vendor’s SDK', async () => {
    const apiKey = `sk-${CANARY}`
    const vendors: readonly (readonly [Provider, string])[] = [
      [openai({ apiKey, baseURL, headers: { 'x-secret': CANARY } }), 'gpt-4o-mini'],
      [anthropic({ apiKey, baseURL, headers: { 'x-secret': CANARY } }), 'claude-haiku-4-5'],
      [google({ apiKey, baseURL }), 'gemini-2.5-flash'],
    ]
    for (const [provider, model] of vendors) {
      expect(await observe(provider, model)).not.toContain(CANARY)
    }
  })

  it('never is in what RAPTORFLOW_DEBUG=1 prints', async () => {
    vi.stubEnv('RAPTORFLOW_DEBUG', '1')
    const printed: string[] = []
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      printed.push(String(text))
      return true
    })
    try {
      for (const make of talkative) await observe(make(), 'm')
    } finally {
      write.mockRestore()
      vi.unstubAllEnvs()
    }
    expect(printed.length).toBeGreaterThan(0)
    expect(printed.join('')).not.toContain(CANARY)
  })
})
