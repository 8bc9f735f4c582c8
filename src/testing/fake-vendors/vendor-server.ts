/** Answers requests: records each, finds its rule, makes the reply and delivers it. */
import { pause } from '../pause.js'
import { settleAnswer } from '../scripted-answer.js'
import { defaultAnswer, limited } from './default-answer.js'
import { deliver } from './deliver.js'
import { Exchange } from './exchange.js'
import { bodyOf, hasCredentials, headersOf, urlOf, wireOf } from './incoming.js'
import { errorReply, replyFor } from './replies.js'
import { Script } from './script.js'
import { idOf, seededRandom } from './seeded.js'
import { modelList } from './model-list.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../contracts/clock.js'
import type { SettledAnswer, ScriptedAnswer } from '../scripted-answer.js'
import type { DownMode, VendorFault, VendorRule } from './faults.js'
import type { JsonObject } from './json.js'
import type { Reply, ReplyContext } from './replies.js'
import type { Vendor, VendorAnswer, VendorRequest, Wanted, Wire } from './types.js'

export interface VendorServerOptions {
  readonly answer: VendorAnswer | undefined
  readonly latencyMs: number | ((request: VendorRequest) => number)
  readonly chunkCount: number
  readonly chunkDelayMs: number
  readonly seed: number
  readonly clock: Clock
}

interface RecordedRequest extends VendorRequest {
  status: number | undefined
  closedByClient: boolean
}

interface Arrival {
  readonly exchange: Exchange
  readonly context: ReplyContext
  readonly request: RecordedRequest
  readonly wanted: Wanted
}

export class VendorServer {
  readonly requests: RecordedRequest[] = []
  readonly script: Script
  readonly #options: VendorServerOptions
  #arrivals = 0

  constructor(options: VendorServerOptions) {
    this.#options = options
    this.script = new Script(seededRandom(options.seed))
  }

  /** Never rejects. @param downOf how a vendor is down, if it is */
  async handle(
    incoming: IncomingMessage,
    response: ServerResponse,
    downOf: (vendor: Vendor) => DownMode | undefined,
  ): Promise<void> {
    let recorded: RecordedRequest | undefined
    const exchange = new Exchange(response, incoming.socket, () => {
      if (recorded) recorded.closedByClient = true
    })
    try {
      const url = urlOf(incoming)
      const wire = wireOf(incoming, url.pathname)
      if (!wire) {
        incoming.resume()
        sendModels(exchange, modelList(incoming, url.pathname))
        return
      }
      const body = await bodyOf(incoming)
      const down = downOf(wire.vendor)
      if (down === 'refused' || down === 'closed') {
        exchange.hangUp()
        return
      }
      const arrival = this.#record(exchange, wire, incoming, body ?? {})
      recorded = arrival.request
      if (down) await exchange.closed()
      else await this.#answer(arrival, hasCredentials(incoming, url), body)
    } catch {
      // The client left while it was still sending, or sent no URL at all.
      exchange.hangUp()
    }
  }

  #record(exchange: Exchange, wire: Wire, incoming: IncomingMessage, body: JsonObject): Arrival {
    const path = urlOf(incoming).pathname
    const wanted = wire.read(body, path)
    const index = this.requests.length
    const request: RecordedRequest = {
      index,
      vendor: wire.vendor,
      path,
      model: wanted.model,
      body,
      headers: headersOf(incoming),
      stream: wanted.stream,
      prompt: wanted.prompt,
      status: undefined,
      closedByClient: false,
    }
    this.requests.push(request)
    const id = idOf(`${this.#options.seed}/${this.#arrivals++}`, 22)
    return {
      exchange,
      request,
      wanted,
      context: { wire, request, id, nowMs: this.#options.clock.now() },
    }
  }

  async #answer(
    arrival: Arrival,
    authenticated: boolean,
    body: JsonObject | undefined,
  ): Promise<void> {
    const { context, request, wanted } = arrival
    if (!authenticated) {
      this.#refuse(arrival, errorReply(context, context.wire.unauthenticated))
      return
    }
    const problem = body ? wanted.problem : 'The body is not a JSON object.'
    if (problem !== undefined) {
      this.#refuse(arrival, errorReply(context, 400, { message: problem }))
      return
    }
    await this.#play(arrival, this.script.take(request))
  }

  #refuse({ exchange, request }: Arrival, reply: Reply): void {
    request.status = reply.status
    exchange.send(reply.status, reply.headers, typeof reply.body === 'string' ? reply.body : '')
  }

  async #play(arrival: Arrival, rule: VendorRule | undefined): Promise<void> {
    const { exchange, context, request } = arrival
    const { clock, latencyMs, chunkDelayMs } = this.#options
    let scripted: ScriptedAnswer
    let answer: SettledAnswer
    try {
      scripted = await this.#scripted(arrival, rule?.answer ?? this.#options.answer)
      answer = this.#settle(arrival, scripted)
    } catch (error) {
      // A mistake in the test's own code: its author must see it.
      const message = `The scripted answer failed: ${String(error)}`
      this.#refuse(arrival, errorReply(context, 500, { message }))
      return
    }
    const latency =
      (request.stream ? scripted.firstByteMs : undefined) ??
      scripted.latencyMs ??
      (typeof latencyMs === 'function' ? latencyMs(request) : latencyMs)
    await pause(clock, latency, exchange.gone)
    const reply = replyFor(context, answer, rule?.fault)
    if (sendsStatus(rule?.fault)) request.status = reply.status
    const betweenChunksMs = scripted.betweenChunksMs ?? chunkDelayMs
    await deliver({ exchange, wire: context.wire, clock, reply, betweenChunksMs }, rule?.fault)
  }

  async #scripted(
    { request, wanted }: Arrival,
    answer: VendorAnswer | undefined,
  ): Promise<ScriptedAnswer> {
    if (answer === undefined) return defaultAnswer(request, wanted, this.#options.seed)
    const scripted = typeof answer === 'function' ? await answer(request) : answer
    return typeof scripted === 'string' ? limited(scripted, wanted.maxTokens) : scripted
  }

  #settle({ wanted, context }: Arrival, scripted: ScriptedAnswer): SettledAnswer {
    const prefix = context.wire.vendor === 'anthropic' ? 'toolu_01' : 'call_'
    return settleAnswer(scripted, {
      inputChars: wanted.inputChars,
      chunkCount: this.#options.chunkCount,
      toolCallId: (position) => `${prefix}${idOf(`${context.id}/${position}`, 22)}`,
    })
  }
}

function sendModels(exchange: Exchange, models: JsonObject | undefined): void {
  const body = models ?? { error: { message: 'Not found' } }
  exchange.send(models ? 200 : 404, { 'content-type': 'application/json' }, JSON.stringify(body))
}

/** False when the connection breaks before the status line. */
function sendsStatus(fault: VendorFault | undefined): boolean {
  if (fault?.kind === 'stall') return fault.at === 'body'
  return fault?.kind !== 'reset' && fault?.kind !== 'closed'
}
