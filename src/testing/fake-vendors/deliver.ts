/** How a reply travels: whole, in pieces, broken, or not at all. */
import { pause } from '../pause.js'
import type { Clock } from '../../contracts/clock.js'
import type { Exchange } from './exchange.js'
import type { VendorFault } from './faults.js'
import type { Reply } from './replies.js'
import type { Frame, Wire } from './types.js'

export interface Delivery {
  readonly exchange: Exchange
  readonly wire: Wire
  readonly clock: Clock
  readonly reply: Reply
  /** Milliseconds between pieces of a streamed answer. */
  readonly betweenChunksMs: number
}

const KEEP_ALIVE_MS = 100

/** A unary body counts as one piece, its first half, and the rest. */
function framesOf(body: Reply['body']): readonly Frame[] {
  if (typeof body !== 'string') return body
  const half = Math.ceil(body.length / 2)
  return [
    { text: body.slice(0, half), content: true },
    { text: body.slice(half), content: false },
  ]
}

/** The frames up to and with the n-th piece of the answer; 0: those before the first piece. */
function framesUntil(frames: readonly Frame[], pieces: number): readonly Frame[] {
  const positions = frames.flatMap((frame, position) => (frame.content ? [position] : []))
  const last = positions[Math.min(pieces, positions.length) - 1]
  if (last !== undefined) return frames.slice(0, last + 1)
  const [first = frames.length - 1] = positions
  return frames.slice(0, first)
}

async function write(delivery: Delivery, frames: readonly Frame[]): Promise<void> {
  const { exchange, clock, betweenChunksMs } = delivery
  let pieces = 0
  for (const frame of frames) {
    if (exchange.gone.aborted) return
    if (frame.content && pieces++ > 0) await pause(clock, betweenChunksMs, exchange.gone)
    await exchange.write(frame.text)
  }
}

async function writeUntil(delivery: Delivery, pieces: number): Promise<readonly Frame[]> {
  const { exchange, reply } = delivery
  const frames = framesOf(reply.body)
  const first = framesUntil(frames, pieces)
  exchange.open(reply.status, reply.headers)
  await write(delivery, first)
  return frames.slice(first.length)
}

async function deliverWhole(delivery: Delivery): Promise<void> {
  const { exchange, reply } = delivery
  if (typeof reply.body === 'string') {
    exchange.send(reply.status, reply.headers, reply.body)
    return
  }
  exchange.open(reply.status, reply.headers)
  await write(delivery, reply.body)
  exchange.end()
}

async function deliverMalformed(
  delivery: Delivery,
  what: 'json' | 'line',
  afterChunks: number,
): Promise<void> {
  const { exchange, reply } = delivery
  const rest = await writeUntil(delivery, afterChunks)
  if (typeof reply.body === 'string') {
    // A whole body that only looks complete.
    await exchange.write('"}]')
  } else if (what === 'json') {
    await exchange.write(rest[0]?.text.replace(/\{.*\}/s, '{"id": "broken", ') ?? '')
    await write(delivery, rest.slice(1))
  } else {
    await exchange.write(rest[0]?.text.replace(/^data: /m, 'dat') ?? '')
    await write(delivery, rest.slice(1))
  }
  exchange.end()
}

async function deliverKeepAlives(delivery: Delivery, everyMs: number): Promise<void> {
  const { exchange, reply, clock, wire } = delivery
  const beat = typeof reply.body === 'string' ? '\n' : wire.keepAlive
  exchange.open(reply.status, reply.headers)
  while (!exchange.gone.aborted) {
    await exchange.write(beat)
    await pause(clock, Math.max(1, everyMs), exchange.gone)
  }
}

async function deliverStreamError(delivery: Delivery, afterChunks: number): Promise<void> {
  const { exchange, reply, wire } = delivery
  if (typeof reply.body === 'string') {
    await deliverWhole(delivery)
    return
  }
  await writeUntil(delivery, afterChunks)
  await exchange.write(wire.streamError())
  exchange.end()
}

function piecesBefore(fault: VendorFault | undefined): number {
  return fault && 'afterChunks' in fault ? (fault.afterChunks ?? 1) : 1
}

/** Resolves when the exchange is over; a stalled one, when somebody closes the connection. */
export async function deliver(delivery: Delivery, fault: VendorFault | undefined): Promise<void> {
  const { exchange, clock } = delivery
  const afterChunks = piecesBefore(fault)
  switch (fault?.kind) {
    case 'reset':
      exchange.reset()
      return
    case 'closed':
      exchange.hangUp()
      return
    case 'stall':
      if (fault.at === 'body') await writeUntil(delivery, afterChunks)
      await exchange.closed()
      return
    case 'slow_first_byte':
      await pause(clock, fault.ms, exchange.gone)
      await deliverWhole(delivery)
      return
    case 'cut':
      await writeUntil(delivery, afterChunks)
      exchange.hangUp()
      return
    case 'truncated':
      await writeUntil(delivery, afterChunks)
      exchange.end()
      return
    case 'malformed':
      await deliverMalformed(delivery, fault.what, afterChunks)
      return
    case 'keep_alive':
      await deliverKeepAlives(delivery, fault.everyMs ?? KEEP_ALIVE_MS)
      return
    case 'stream_error':
      await deliverStreamError(delivery, afterChunks)
      return
    default:
      await deliverWhole(delivery)
  }
}
