/** A server whose every answer is the one it was told, with a canary wherever a vendor can write. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Vendor } from '../../../src/testing/index.js'
import { UPSTREAM } from './leaks.js'

export interface CannedAnswer {
  readonly status: number
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface CanaryServer extends AsyncDisposable {
  readonly url: string
  /** Paths of the requests that came. */
  readonly paths: readonly string[]
  answer: CannedAnswer
}

export async function canaryServer(): Promise<CanaryServer> {
  const paths: string[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    paths.push(request.url ?? '')
    request.resume()
    const { status, type, headers, body } = state.answer
    response.writeHead(status, { 'content-type': type, ...headers, 'x-request-id': UPSTREAM })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state: CanaryServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    answer: { status: 500, type: 'text/plain', body: UPSTREAM },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return state
}

/** An error object in the shape of a vendor, the canary in each of its texts. */
function errorOf(vendor: Vendor, status: number): object {
  if (vendor === 'openai') {
    return { error: { message: UPSTREAM, type: UPSTREAM, param: UPSTREAM, code: UPSTREAM } }
  }
  if (vendor === 'anthropic') {
    const error = { type: UPSTREAM, message: UPSTREAM, details: { error_code: UPSTREAM } }
    return { type: 'error', error, request_id: UPSTREAM }
  }
  const details = [{ reason: UPSTREAM, retryDelay: UPSTREAM, violations: [{ quotaId: UPSTREAM }] }]
  return { error: { code: status, message: UPSTREAM, status: UPSTREAM, details } }
}

/** Everything a vendor can say that is no answer. */
export function cannedAnswers(
  vendor: Vendor,
): readonly (readonly [name: string, answer: CannedAnswer])[] {
  const json = 'application/json'
  const error = (status: number): CannedAnswer => ({
    status,
    type: json,
    headers: { 'retry-after': UPSTREAM },
    body: JSON.stringify(errorOf(vendor, status)),
  })
  const html = `<html><body>${UPSTREAM}</body></html>`
  const event = vendor === 'anthropic' ? 'event: error\n' : ''
  const inStream = `${event}data: ${JSON.stringify(errorOf(vendor, 503))}\n\n`
  return [
    ...[400, 401, 403, 404, 429, 500].map((status) => [String(status), error(status)] as const),
    ['a page with status 502', { status: 502, type: 'text/html', body: html }],
    ['a page with status 200', { status: 200, type: 'text/html', body: html }],
    ['an error with status 200', { ...error(503), status: 200 }],
    [
      'JSON of no known shape',
      { status: 200, type: json, body: JSON.stringify({ [UPSTREAM]: UPSTREAM }) },
    ],
    ['half an object', { status: 200, type: json, body: `{"message":"${UPSTREAM}` }],
    ['an error event', { status: 200, type: 'text/event-stream', body: inStream }],
    ['a broken event', { status: 200, type: 'text/event-stream', body: `data: {"${UPSTREAM}\n\n` }],
  ]
}
