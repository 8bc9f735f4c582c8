import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openaiCompatible } from '../../../src/features/providers/openai-compatible.js'
import type { OpenAICompatibleOptions } from '../../../src/features/providers/openai-compatible.js'
import {
  callOf,
  chunk,
  collect,
  completion,
  json,
  never,
  sse,
  startChatServer,
} from './openai-server.js'
import { STOP } from './openai-server.js'
import type { ChatServer } from './openai-server.js'

let server: ChatServer
beforeAll(async () => {
  server = await startChatServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
  server.answer = json(completion())
})
afterEach(() => {
  vi.unstubAllEnvs()
})

const provider = (options: Partial<OpenAICompatibleOptions> = {}) =>
  openaiCompatible({ name: 'local', baseURL: server.baseURL, models: ['llama'], ...options })

describe('openaiCompatible()', () => {
  it('sends max_tokens, the name every server of this format knows', async () => {
    await provider().call(callOf({ max_tokens: 64 }), never())
    expect(server.requests[0]!.body['max_tokens']).toBe(64)
    expect(server.requests[0]!.body).not.toHaveProperty('max_completion_tokens')
  })

  it('asks for usage in streams unless told not to', async () => {
    server.answer = sse([chunk({ content: 'Hi' }), STOP])
    await collect(provider().stream(callOf(), never()))
    await collect(provider({ streamUsage: false }).stream(callOf(), never()))
    expect(server.requests[0]!.body['stream_options']).toEqual({ include_usage: true })
    expect(server.requests[1]!.body).not.toHaveProperty('stream_options')
  })

  it('sends nothing that the environment holds for OpenAI', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-openai')
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-openai-admin')
    vi.stubEnv('OPENAI_ORG_ID', 'org-secret')
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-secret')
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1/v1')
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Gateway: sk-gateway\nAuthorization: Bearer sk-other')
    await provider().call(callOf(), never())
    const { headers } = server.requests[0]!
    expect(headers.authorization).toBeUndefined()
    expect(JSON.stringify(headers)).not.toMatch(/sk-|org-secret|proj-secret/)
  })

  it('sends its own key and headers', async () => {
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'Authorization: Bearer sk-other')
    await provider({ apiKey: 'gsk-1', headers: { 'x-team': 'blue' } }).call(callOf(), never())
    await provider({ headers: { authorization: 'Basic abc' } }).call(callOf(), never())
    expect(server.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer gsk-1',
      'x-team': 'blue',
    })
    expect(server.requests[1]!.headers.authorization).toBe('Basic abc')
  })

  it('belongs to no vendor and does text only, unless it says otherwise', () => {
    expect(provider()).toMatchObject({ name: 'local', vendor: null })
    expect(provider({ vendor: 'groq' }).vendor).toBe('groq')
    expect(provider().capabilities).toMatchObject({
      tools: false,
      images: false,
      jsonSchema: false,
    })
  })

  it('lets a model widen and narrow what the provider says of all', () => {
    const { capabilities, models } = provider({
      capabilities: { tools: true },
      models: [
        'plain',
        { id: 'seeing', capabilities: { images: true } },
        { id: 'small', capabilities: { tools: false, maxTemperature: 1 } },
      ],
    })
    expect(models!.map((model) => model.capabilities)).toMatchObject([
      { tools: true, images: false, maxTemperature: 2 },
      { tools: true, images: true, maxTemperature: 2 },
      { tools: false, images: false, maxTemperature: 1 },
    ])
    expect(capabilities).toMatchObject({
      tools: true,
      images: true,
      files: false,
      fileUrls: false,
      maxTemperature: 2,
    })
  })

  it.each([
    ['name', { name: undefined }],
    ['baseURL', { baseURL: undefined }],
    ['baseURL', { baseURL: null }],
    ['models', { models: undefined }],
    ['models', { models: [] }],
    ['apiKey', { apiKey: '' }],
    ['vendor', { vendor: '' }],
  ])('refuses a bad %s', (field, bad) => {
    expect(() => provider(bad as Partial<OpenAICompatibleOptions>)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: expect.objectContaining({ field, reason: 'configuration' }) as object,
      }) as Error,
    )
  })
})
