/** The fake provider, a process of its own: OpenAI's wire format, 1 KB answers, streams of 1,000 chunks. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { ANSWER_BYTES, DELAY_MODEL, DELAY_MS, STREAM_CHUNKS } from './upstream.js'

const USAGE = { prompt_tokens: 20, completion_tokens: 250, total_tokens: 270 }
const CREATED = 1_700_000_000
/** Events written before the other connections get a turn. */
const BURST = 20

let completions = 0

const completion = (model: string): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'x'.repeat(ANSWER_BYTES) },
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
  })

const event = (model: string, choices: unknown, usage: unknown = null): string => {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: CREATED, model }
  return `data: ${JSON.stringify({ ...head, choices, usage })}\n\n`
}

async function sendStream(response: ServerResponse, model: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const delta = { index: 0, delta: { content: ' word' }, finish_reason: null }
  const data = event(model, [delta])
  for (let sent = 0; sent < STREAM_CHUNKS; sent += 1) {
    response.write(data)
    if (sent % BURST === BURST - 1) await setImmediate()
  }
  response.write(event(model, [{ index: 0, delta: {}, finish_reason: 'stop' }]))
  response.write(event(model, [], USAGE))
  response.end('data: [DONE]\n\n')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.end(String(completions))
    return
  }
  completions += 1
  const { model, stream } = JSON.parse(await bodyOf(request)) as { model: string; stream?: boolean }
  if (model === DELAY_MODEL) await setTimeout(DELAY_MS)
  if (stream === true) {
    await sendStream(response, model)
    return
  }
  response.setHeader('content-type', 'application/json')
  response.end(completion(model))
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy())
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
})
process.on('disconnect', () => process.exit())
