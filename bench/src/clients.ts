/** The four ways to ask for an answer that are compared, as somebody would write them. */
import { createHash } from 'node:crypto'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable } from 'cacheable'
import OpenAI from 'openai'
import { core, openai, type InferenceClient } from './subject.js'
import { MODEL } from './upstream.js'

/** Asks once; resolves with the answer's text. */
export type Ask = (prompt: string) => Promise<string>

interface ChatRequest {
  readonly model: string
  readonly messages: [{ readonly role: 'user'; readonly content: string }]
}

const API_KEY = 'bench'

export function raptorflowClient(baseURL: string): InferenceClient {
  return new core.InferenceClient({ providers: [openai({ apiKey: API_KEY, baseURL })] })
}

/** Retries off, as they are in raptorflow, so that a failure shows. */
export function openaiClient(baseURL: string): OpenAI {
  return new OpenAI({ apiKey: API_KEY, baseURL, maxRetries: 0 })
}

export function askRaptorflow(client: InferenceClient, model = MODEL): Ask {
  return async (prompt) => (await client.infer({ prompt, model_name: model })).response
}

export function askOpenAI(client: OpenAI, model = MODEL): Ask {
  return async (prompt) => textOf(client, chatRequest(prompt, model))
}

export function askCacheable(client: OpenAI, model = MODEL): Ask {
  const cache = new Cacheable({ ttl: '1h' })
  return async (prompt) => {
    const request = chatRequest(prompt, model)
    return (await cache.getOrSet(keyOf(request), () => textOf(client, request))) ?? ''
  }
}

/** Without serialising what it keeps in memory: its faster setting. */
export function askBentocache(client: OpenAI, model = MODEL): Ask {
  const memory = bentostore().useL1Layer(memoryDriver({ maxItems: 5_000, serialize: false }))
  const cache = new BentoCache({ default: 'memory', stores: { memory } })
  return (prompt) => {
    const request = chatRequest(prompt, model)
    const factory = (): Promise<string> => textOf(client, request)
    return cache.getOrSet({ key: keyOf(request), ttl: '1h', factory })
  }
}

function chatRequest(prompt: string, model: string): ChatRequest {
  return { model, messages: [{ role: 'user', content: prompt }] }
}

function keyOf(request: ChatRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex')
}

async function textOf(client: OpenAI, request: ChatRequest): Promise<string> {
  const completion = await client.chat.completions.create(request)
  return completion.choices[0]?.message.content ?? ''
}
