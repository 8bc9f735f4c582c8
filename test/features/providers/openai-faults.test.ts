import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openai } from '../../../src/features/providers/openai.js'
import type { Provider } from '../../../src/contracts/provider.js'
import { callOf, chunk, collect, completion, event, factsOf, html, json } from './openai-server.js'
import { ROLE, never, reset, sse, startChatServer, vendorError } from './openai-server.js'
import type { ChatServer } from './openai-server.js'

let server: ChatServer
beforeAll(async () => {
  server = await startChatServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

const provider = (baseURL = server.baseURL): Provider => openai({ apiKey: 'sk-test', baseURL })
type Run = (provider: Provider, signal?: AbortSignal, timeoutMs?: number) => Promise<unknown>
const modes: [string, Run][] = [
  [
    'a unary call',
    (to, signal = never(), timeoutMs = 30_000) => to.call(callOf({ timeoutMs }), signal),
  ],
  [
    'a stream',
    (to, signal = never(), timeoutMs = 30_000) => collect(to.stream(callOf({ timeoutMs }), signal)),
  ],
]

describe.each(modes)('%s of OpenAI', (_mode, run) => {
  it.each([
    [500, 'server_error'],
    [502, null],
    [503, 'server_error'],
    [529, 'overloaded'],
    [403, 'permission_denied'],
    [413, null],
  ])('that gets %d states the status and type, after one request', async (status, type) => {
    server.answer = json(vendorError(null, type), status)
    expect(await factsOf(run(provider()))).toEqual({ status, ...(type && { type }) })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    [401, 'invalid_api_key', 'invalid_request_error'],
    [404, 'model_not_found', 'invalid_request_error'],
    [400, 'context_length_exceeded', 'invalid_request_error'],
    [400, 'content_policy_violation', 'invalid_request_error'],
    [429, 'insufficient_quota', 'insufficient_quota'],
  ])('that gets %d states the exact code %s and no text', async (status, code, type) => {
    server.answer = json(vendorError(code, type), status)
    expect(await factsOf(run(provider()))).toEqual({ status, type: code })
  })

  it('drops a code that is a sentence', async () => {
    server.answer = json(vendorError('SECRET you sent: hello', 'invalid_request_error'), 400)
    expect(await factsOf(run(provider()))).toEqual({ status: 400, type: 'invalid_request_error' })
  })

  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '1200' }, 1_200],
    [{ 'x-ratelimit-reset-requests': '1s' }, 1_000],
    [{ 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{}, undefined],
  ])('that gets 429 with %j waits as told, and does not retry by itself', async (headers, wait) => {
    server.answer = json(vendorError('rate_limit_exceeded', 'requests'), 429, headers)
    expect(await factsOf(run(provider()))).toEqual({
      status: 429,
      type: 'rate_limit_exceeded',
      ...(wait !== undefined && { retryAfterMs: wait }),
    })
    expect(server.requests).toHaveLength(1)
  })

  it('that gets 503 with an HTTP-date waits until then', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    server.answer = json(vendorError(null, null), 503, { 'retry-after': date })
    const { retryAfterMs } = await factsOf(run(provider()))
    expect(retryAfterMs).toBeGreaterThan(50_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  it('that gets a page instead of JSON states the status or a bad response', async () => {
    server.answer = html(502)
    expect(await factsOf(run(provider()))).toEqual({ status: 502 })
    server.answer = html(200)
    expect(await factsOf(run(provider()))).toEqual({ reason: 'bad_response' })
  })

  it.each([
    ['{}', {}],
    ['null', null],
  ])('that gets status 200 and %s is a bad response', async (_name, body) => {
    server.answer = json(body)
    expect(await factsOf(run(provider()))).toEqual({ reason: 'bad_response' })
  })

  it('that gets malformed JSON is a bad response, and prints nothing', async () => {
    const print = vi.spyOn(console, 'error')
    server.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"choices": [SECRET')
    }
    expect(await factsOf(run(provider()))).toEqual({ reason: 'bad_response' })
    server.answer = sse(['data: {"choices": [SECRET\n\n'])
    expect(await factsOf(run(provider()))).toEqual({ reason: 'bad_response' })
    expect(print).not.toHaveBeenCalled()
  })

  it('does not follow a redirect', async () => {
    const other = await startChatServer()
    server.answer = (response) => {
      response.writeHead(307, { location: `${other.baseURL}/chat/completions` })
      response.end()
    }
    expect(await factsOf(run(provider()))).toEqual({ status: 307 })
    expect(other.requests).toHaveLength(0)
    await other.close()
  })

  it('whose connection is reset before the answer says so', async () => {
    server.answer = reset
    expect(await factsOf(run(provider()))).toMatchObject({ reason: 'connection_reset' })
  })

  it('whose connection is cut in the middle of the body says so', async () => {
    server.answer = (response, request) => {
      if (request.body['stream'] === true) {
        sse([ROLE, chunk({ content: 'Par' })], 'cut')(response, request)
        return
      }
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
      response.write('{"choices": [')
      setTimeout(() => response.destroy(), 20)
    }
    expect(await factsOf(run(provider()))).toMatchObject({ reason: 'connection_reset' })
  })

  it('that nobody listens to is a failure of the network', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    expect(await factsOf(run(provider(`http://127.0.0.1:${port}/v1`)))).toEqual({
      reason: 'network',
      causeCode: 'ECONNREFUSED',
    })
  })

  it('that gets no headers in time is a timeout', async () => {
    server.answer = () => undefined
    expect(await factsOf(run(provider(), never(), 50))).toEqual({ reason: 'timeout' })
    await server.requests[0]!.cut
  })

  it('with a signal that is aborted already sends nothing', async () => {
    server.answer = json(completion())
    expect(await factsOf(run(provider(), AbortSignal.abort()))).toEqual({ reason: 'aborted' })
    expect(server.requests).toHaveLength(0)
  })

  it.each([
    ['no answer has begun', () => undefined],
    [
      'the body has stalled',
      (response, request) => {
        const isStream = request.body['stream'] === true
        const type = isStream ? 'text/event-stream' : 'application/json'
        response.writeHead(200, { 'content-type': type })
        response.write(isStream ? event(ROLE) : '{"choices": [')
      },
    ],
    [
      'only keep-alives come',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const timer = setInterval(() => response.write(': ping\n\n'), 5)
        response.on('close', () => {
          clearInterval(timer)
        })
      },
    ],
    [
      'an error body has stalled',
      (response) => {
        response.writeHead(500, { 'content-type': 'application/json' })
        response.write('{"error": ')
      },
    ],
  ] as [string, ChatServer['answer']][])(
    'aborted while %s ends at once and closes its socket',
    async (_name, answer) => {
      const controller = new AbortController()
      const arrived = new Promise<void>((resolve) => {
        server.answer = (response, request) => {
          answer(response, request)
          setTimeout(resolve, 50)
        }
      })
      const facts = factsOf(run(provider(), controller.signal))
      await arrived
      const at = performance.now()
      controller.abort()
      expect(await facts).toEqual({ reason: 'aborted' })
      await server.requests[0]!.cut
      expect(performance.now() - at).toBeLessThan(1_000)
    },
  )

  it('leaves no listener on a signal that lives longer', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    server.answer = json(completion())
    await run(provider(), signal)
    expect(add.mock.calls.length).toBeGreaterThan(0)
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })
})

describe('a stream of OpenAI', () => {
  it('whose reader leaves early closes its socket', async () => {
    server.answer = sse([ROLE, chunk({ content: 'Par' })], 'open')
    for await (const delta of provider().stream(callOf(), never())) {
      if (delta.type === 'text') break
    }
    await server.requests[0]!.cut
  })

  it('sends nothing before it is read', () => {
    provider().stream(callOf(), never())
    expect(server.requests).toHaveLength(0)
  })
})
