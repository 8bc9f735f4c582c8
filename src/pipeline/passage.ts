/** One caller aboard a flight: its own deadline, its own signal, its own response. */
import type { Clock } from '../contracts/clock.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { SharedChunk } from '../contracts/stream.js'
import type { CacheHit } from '../features/cache/stack.js'
import type { Boarding } from '../features/dedup/flight.js'
import { isoTime } from '../util/iso-time.js'
import type { Decision, FlightResult } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import type { Passage } from './inference-stream.js'
import { staleAnswer } from './landing.js'
import { boundWait } from './patience.js'
import type { Arrival, Reporter } from './reporter.js'
import { responseFromFlight, responseFromHit } from './result.js'

interface Ticket {
  readonly deps: PipelineDependencies
  readonly reporter: Reporter
  readonly arrival: Arrival
  readonly decision: Decision
  readonly boarding: Boarding<FlightResult>
  readonly signal: AbortSignal | undefined
}

/** Ends this caller's wait at its deadline or signal, reports its outcome once, leaves others alone. */
export function boardFlight(ticket: Ticket): Passage<unknown> {
  const { deps, reporter, arrival, decision, boarding, signal } = ticket
  if (boarding.joined) reporter.joined(arrival)
  let release = (): void => undefined

  const settle = async (): Promise<InferenceResponse> => {
    try {
      const { arrived, deadline } = decision
      release = boundWait({ clock: deps.clock, arrived, deadline, signal }, (reason) => {
        boarding.leave(reason)
      })
      const result = await boarding.result()
      const payer = boarding.sponsor
      const moment = reporter.moment(arrival)
      const response = responseFromFlight(result, decision, payer, moment)
      const { served } = result
      const near = served?.near
      const saved = payer && !served ? 0 : result.answer.cost
      arrival.served_key = near?.key ?? decision.cacheKey
      if (near) {
        arrival.semantic_level = served.hit.level
        deps.semantic.served(arrival.request_id, near)
      }
      reporter.answered(arrival, response, saved)
      return response
    } catch (error) {
      const stale = arrival.mode === 'unary' ? await staleAnswer(deps, decision, error) : undefined
      if (stale) return answerStale(ticket, stale)
      const told = reporter.failed(arrival, error)
      // Nothing in a flight that has ended; otherwise nobody would be there to take its answer.
      boarding.leave(told)
      throw told
    } finally {
      release()
    }
  }
  // Reported even when only the chunks are read; whoever asks gets the same promise.
  const settled = settle()
  settled.catch(() => undefined)

  return {
    chunks: () => boarding.chunks(),
    response: () => settled,
    leave: (reason) => {
      boarding.leave(reason)
    },
  }
}

/** The provider took longer than this caller would wait: an answer past its time is better than none. */
function answerStale({ reporter, arrival, decision }: Ticket, stale: CacheHit): InferenceResponse {
  const { request, defaultModel } = decision
  arrival.served_key = decision.cacheKey
  const response = responseFromHit(stale, request, defaultModel, reporter.moment(arrival))
  reporter.answered(arrival, response, stale.entry.answer.cost)
  return response
}

/** A cached answer as a finished log: its text as one chunk. */
export function replay(response: InferenceResponse, clock: Clock): Passage<unknown> {
  return {
    chunks: () => finishedLog(response.response, isoTime(clock.now())),
    response: () => Promise.resolve(response),
    leave: () => undefined,
  }
}

function finishedLog(text: string, timestamp: string): AsyncIterableIterator<SharedChunk> {
  let sent = text === ''
  const end = { value: undefined, done: true } as const
  return {
    next: () => {
      if (sent) return Promise.resolve(end)
      sent = true
      const value: SharedChunk = {
        id: 'chunk_001',
        type: 'data',
        data: text,
        timestamp,
        sequence: 1,
      }
      return Promise.resolve({ value, done: false })
    },
    return: () => {
      sent = true
      return Promise.resolve(end)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
