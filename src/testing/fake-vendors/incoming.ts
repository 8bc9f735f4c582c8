/** What comes in: which vendor is meant, the body, the headers worth keeping. */
import { GEMINI_PATH, geminiWire } from './wire-gemini.js'
import { anthropicWire } from './wire-anthropic.js'
import { openaiWire } from './wire-openai.js'
import { isObject } from './json.js'
import type { IncomingMessage } from 'node:http'
import type { JsonObject } from './json.js'
import type { Wire } from './types.js'

const SECRET = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'x-goog-api-key',
  'cookie',
])

/** Gemini takes the key as a query parameter, too. */
export function urlOf(incoming: IncomingMessage): URL {
  return new URL(incoming.url ?? '/', 'http://127.0.0.1')
}

/** The wire format of a generation request, told by its path. */
export function wireOf(incoming: IncomingMessage, path: string): Wire | undefined {
  if (incoming.method !== 'POST') return undefined
  if (path === '/v1/chat/completions') return openaiWire
  if (path === '/v1/messages') return anthropicWire
  return GEMINI_PATH.test(path) ? geminiWire : undefined
}

/** True when there are credentials in any form a vendor accepts; which ones does not matter. */
export function hasCredentials(incoming: IncomingMessage, url: URL): boolean {
  const { headers } = incoming
  const bearer = /^bearer\s+\S/i.test(headers.authorization ?? '')
  return (
    bearer ||
    Boolean(headers['x-api-key']) ||
    Boolean(headers['x-goog-api-key']) ||
    Boolean(url.searchParams.get('key'))
  )
}

export function headersOf(incoming: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(incoming.headers)
      .filter(([name]) => !SECRET.has(name))
      .map(([name, value]) => [name, String(value)]),
  )
}

/** The body as a JSON object; undefined when it is none. */
export async function bodyOf(incoming: IncomingMessage): Promise<JsonObject | undefined> {
  const pieces: Buffer[] = []
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece)
  try {
    const body: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}
