import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { RaptorflowError } from '../../../src/errors.js'
import { openaiEmbedder } from '../../../src/features/providers/openai-embedder.js'
import {
  html,
  json,
  reset,
  startChatServer,
  vendorError,
  type ChatServer,
} from './openai-server.js'

let server: ChatServer

beforeAll(async () => {
  server = await startChatServer()
})
afterEach(() => {
  server.requests.length = 0
  vi.unstubAllEnvs()
})
afterAll(() => server.close())

const KEY = 'sk-SECRET'
const make = (options: object = {}) =>
  openaiEmbedder({ apiKey: KEY, baseURL: server.baseURL, dimensions: 2, ...options })

const list = (...embeddings: unknown[]): object => ({
  object: 'list',
  data: embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 1, total_tokens: 1 },
})

async function failureOf(embedding: unknown): Promise<RaptorflowError> {
  try {
    await embedding
  } catch (error) {
    if (!RaptorflowError.isInstance(error)) throw error
    expect(JSON.stringify(error) + error.message).not.toMatch(/SECRET|PROMPT/)
    return error
  }
  throw new Error('Expected a failure')
}

describe('openaiEmbedder', () => {
  it('sends the texts and brings the vectors to length 1, in their order', async () => {
    const data = [
      { object: 'embedding', index: 1, embedding: [0, 5] },
      { object: 'embedding', index: 0, embedding: [3, 4] },
    ]
    server.answer = json({ object: 'list', data })
    expect(await make().embed(['PROMPT one', 'two'])).toEqual([
      new Float32Array([0.6, 0.8]),
      new Float32Array([0, 1]),
    ])
    const [request] = server.requests
    expect(request?.path).toBe('/v1/embeddings')
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(request?.body).toEqual({
      model: 'text-embedding-3-small',
      input: ['PROMPT one', 'two'],
      encoding_format: 'float',
      dimensions: 2,
    })
  })

  it('asks for dimensions only when they are given', async () => {
    server.answer = json(list(new Array(1_536).fill(1)))
    const embedder = openaiEmbedder({ apiKey: KEY, baseURL: server.baseURL })
    expect((await embedder.embed(['one']))[0]).toHaveLength(1_536)
    expect(server.requests[0]?.body).not.toHaveProperty('dimensions')
  })

  it('names server, model and dimensions in its id, so that vectors of two are never mixed', () => {
    expect(openaiEmbedder({ apiKey: KEY }).id).toBe('openai/text-embedding-3-small/1536')
    expect(make().id).toBe(`openai@${new URL(server.baseURL).host}/text-embedding-3-small/2`)
  })

  it.each([
    ['an error of the vendor', () => json(vendorError('bad', null), 400), 400],
    ['a limit', () => json({}, 429, { 'retry-after': '1' }), 429],
    ['a redirect', () => json({}, 302, { location: 'http://127.0.0.1:1/' }), 302],
  ])('fails with the status for %s, and never asks twice', async (_, answer, status) => {
    server.answer = answer()
    const error = await failureOf(make().embed(['PROMPT']))
    expect(error).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', details: { status } })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['a page', () => html()],
    ['no list', () => json({})],
    ['too few vectors', () => json(list())],
    ['too many dimensions', () => json(list([1, 2, 3]))],
    ['texts for numbers', () => json(list(['a', 'b']))],
    ['base64', () => json(list('AACAPwAAAEA='))],
    ['zeros', () => json(list([0, 0]))],
    ['an index out of range', () => json({ data: [{ index: 4e9, embedding: [1, 2] }] })],
  ])('fails with bad_response for %s', async (_, answer) => {
    server.answer = answer()
    const error = await failureOf(make().embed(['PROMPT']))
    expect(error.details.reason).toBe('bad_response')
  })

  it('fails when the connection does, when it takes too long, and when it is aborted', async () => {
    server.answer = reset
    expect((await failureOf(make().embed(['PROMPT']))).code).toBe('PROVIDER_UNAVAILABLE')
    server.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{')
    }
    expect((await failureOf(make({ timeoutMs: 50 }).embed(['PROMPT']))).code).toBe('TIMEOUT')
    const leaving = new AbortController()
    const left = failureOf(make().embed(['PROMPT'], leaving.signal))
    leaving.abort()
    expect((await left).code).toBe('ABORTED')
  })

  it('refuses broken options, and to be without a key', () => {
    vi.stubEnv('OPENAI_API_KEY', '')
    expect(() => openaiEmbedder()).toThrow('OPENAI_API_KEY')
    expect(() => make({ model: 'nomic-embed', dimensions: undefined })).toThrow('`dimensions`')
    expect(() => make({ dimensions: 0 })).toThrow('`dimensions`')
    expect(() => make({ timeoutMs: 0 })).toThrow('`timeoutMs`')
    expect(() => make({ recommendedThreshold: -1 })).toThrow('`recommendedThreshold`')
    expect(() => make({ baseURL: 'ftp://example.com' })).toThrow('`baseURL`')
    expect(() => make({ apikey: 'x' })).toThrow('Did you mean `apiKey`?')
  })
})
