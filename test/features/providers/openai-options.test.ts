import { inspect } from 'node:util'
import { OpenAI } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openai } from '../../../src/features/providers/openai.js'
import type { OpenAIProviderOptions } from '../../../src/features/providers/openai.js'
import { RaptorflowError } from '../../../src/errors.js'
import { callOf, completion, factsOf, json, never, startChatServer } from './openai-server.js'
import { vendorError } from './openai-server.js'
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

function refusal(make: () => unknown): RaptorflowError {
  try {
    make()
  } catch (error) {
    if (RaptorflowError.isInstance(error)) return error
    throw error
  }
  throw new Error('Expected the options to be refused')
}

describe('openai()', () => {
  it('serves what the catalogue lists for openai unless models are named', () => {
    expect(openai({ apiKey: 'k' })).toMatchObject({
      specVersion: 'v1',
      name: 'openai',
      vendor: 'openai',
      models: null,
    })
    const models = openai({
      apiKey: 'k',
      models: ['gpt-4o', { id: 'ft:x', qualityScore: 0.9 }],
    }).models
    expect(models).toEqual([{ id: 'gpt-4o' }, { id: 'ft:x', qualityScore: 0.9 }])
  })

  it('passes connection options on to the package', async () => {
    const provider = openai({
      name: 'mine',
      apiKey: 'sk-test',
      baseURL: server.baseURL,
      organization: 'org-1',
      project: 'proj-1',
      headers: { 'x-team': 'blue' },
      clientOptions: { defaultQuery: { v: '2' } },
      fetch: (input, init) => {
        const headers = new Headers(init?.headers)
        headers.set('x-own-fetch', 'yes')
        return fetch(input, { ...init, headers })
      },
    })
    await provider.call(callOf(), never())
    expect(server.requests[0]!.path).toBe('/v1/chat/completions?v=2')
    expect(server.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer sk-test',
      'openai-organization': 'org-1',
      'openai-project': 'proj-1',
      'x-team': 'blue',
      'x-own-fetch': 'yes',
    })
  })

  it('takes key and address from the environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-environment')
    vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
    await openai().call(callOf(), never())
    expect(server.requests[0]!.headers.authorization).toBe('Bearer sk-environment')
  })

  it('uses a client of yours, without its retries', async () => {
    const client = new OpenAI({ apiKey: 'sk-own', baseURL: server.baseURL, maxRetries: 5 })
    server.answer = json(vendorError(null, 'server_error'), 500)
    expect(await factsOf(openai({ client }).call(callOf(), never()))).toMatchObject({ status: 500 })
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]!.headers.authorization).toBe('Bearer sk-own')
  })

  it('prints no prompt even when the environment turns the log of the package up', async () => {
    vi.stubEnv('OPENAI_LOG', 'debug')
    const printed = (['debug', 'info', 'warn', 'error', 'log'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => undefined),
    )
    await openai({ apiKey: 'sk-test', baseURL: server.baseURL }).call(callOf(), never())
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
  })

  it('does not show its key when inspected', () => {
    const provider = openai({ apiKey: 'sk-secret', headers: { 'x-key': 'sk-secret' } })
    expect(inspect(provider, { depth: 10, showHidden: true })).not.toContain('sk-secret')
    expect(JSON.stringify(provider)).not.toContain('sk-secret')
  })

  it.each([
    ['name', { name: 'Open AI' }],
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: 7 }],
    ['baseURL', { baseURL: 'localhost' }],
    ['baseURL', { baseURL: 'ftp://example.com' }],
    ['baseURL', { baseURL: 'https://user:sk-secret@example.com' }],
    ['organization', { organization: 1 }],
    ['headers', { headers: ['x'] }],
    ['headers', { headers: { 'a b': 'x' } }],
    ['headers', { headers: { a: 1 } }],
    ['fetch', { fetch: 'fetch' }],
    ['models', { models: 'gpt-4o' }],
    ['models', { models: [] }],
    ['models.1', { models: ['gpt-4o', ''] }],
    ['models.1', { models: ['gpt-4o', { id: 'gpt-4o' }] }],
    ['client.chat.completions.create', { client: {} }],
    ['headers', { client: new OpenAI({ apiKey: 'k' }), headers: {} }],
  ])('refuses a bad %s', (field, bad) => {
    const options = 'client' in bad ? bad : { apiKey: 'sk-secret', ...bad }
    const error = refusal(() => openai(options as OpenAIProviderOptions))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.details).toMatchObject({ field, reason: 'configuration' })
    expect(error.message).not.toContain('sk-secret')
  })

  it('refuses to start without any key', () => {
    vi.stubEnv('OPENAI_API_KEY', undefined)
    expect(refusal(() => openai()).details).toMatchObject({ field: 'apiKey' })
  })

  it('states options the package refuses as a configuration error on the first call', async () => {
    const provider = openai({ apiKey: 'k', clientOptions: { workloadIdentity: {} as never } })
    const error: unknown = await provider.call(callOf(), never()).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'clientOptions' } })
  })

  it('says what to install when the package is missing', async () => {
    vi.resetModules()
    vi.doMock('openai', () => {
      throw new Error('not installed')
    })
    const fresh = await import('../../../src/features/providers/openai.js')
    const provider = fresh.openai({ apiKey: 'k' })
    const error: unknown = await provider.call(callOf(), never()).catch((reason: unknown) => reason)
    vi.doUnmock('openai')
    expect(error).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      details: { reason: 'package_missing', package: 'openai' },
    })
  })
})
