/** One attempt: a reservation, a slot, a watched provider call, and one ledger row whatever happens. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ProviderAnswer } from '../contracts/provider.js'
import { classify } from '../features/resilience/classify.js'
import { isSilent } from '../features/resilience/stream-watch.js'
import { watchCall, watchStream } from '../features/resilience/watchdog.js'
import {
  createMeter,
  type AttemptContext,
  type AttemptResult,
  type Meter,
} from './attempt-meter.js'
import { checkAnswer } from './check-answer.js'
import type { FlightControl } from '../features/dedup/flight.js'
import type { Decision } from './decision.js'
import type { AttemptTimeouts, PipelineDependencies } from './dependencies.js'
import { providerCall } from './provider-call.js'
import { isOwn } from './reporter.js'
import { errorFrame, errorKind } from '../util/error-kind.js'

/** Beyond this Node's timers fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/** Deltas read in a row. */
const LONGEST_BURST = 1_000

/** Runs one attempt in a slot; settles its reservation with what it really cost. */
export async function dispatch(
  deps: PipelineDependencies,
  context: AttemptContext,
): Promise<AttemptResult> {
  const { flight, signal } = context
  return deps.scheduler.run(() => attempt(deps, context), {
    signal,
    priority: () => flight.highestPriority(),
    onRaise: (raise) => {
      flight.onBoard(raise)
    },
  })
}

async function attempt(
  deps: PipelineDependencies,
  context: AttemptContext,
): Promise<AttemptResult> {
  const meter = createMeter(deps, context)
  try {
    const answer = await callProvider(deps, context, meter)
    return meter.succeeded(answer)
  } catch (error) {
    if (isOwn(error)) context.decision.raised = error
    const failure = classify(error)
    if (failure.kind === 'internal') reportOwnCode(deps, context, error)
    meter.failed(failure)
    throw readable(error)
  }
}

/** A custom provider's bug: where it is, never what it says. */
function reportOwnCode(deps: PipelineDependencies, context: AttemptContext, error: unknown): void {
  const { decision, candidate } = context
  deps.logger.warn(
    {
      request_id: decision.id,
      provider: candidate.offer.provider.name,
      error: errorKind(error),
      at: errorFrame(error),
    },
    "a provider's own code failed",
  )
}

/** Custom providers may throw anything, also what throws when it is looked at: from here on, errors. */
function readable(error: unknown): Error {
  try {
    if (error instanceof Error) return error
  } catch {
    // A proxy, and its owner's business.
  }
  return new Error('A provider threw something that is no error')
}

/** Two thirds of the time that is left: enough for most slow answers, and for asking once more. */
function shareOf(context: AttemptContext, remainingMs: number, timeouts: AttemptTimeouts): number {
  const share = Math.max(0, (remainingMs * 2) / 3)
  const binds = share < Math.max(timeouts.attemptMs, timeouts.firstByteMs)
  // Who is left is only worked out when it matters.
  return binds && !context.isLast() ? share : Infinity
}

async function callProvider(
  deps: PipelineDependencies,
  context: AttemptContext,
  meter: Meter,
): Promise<ProviderAnswer> {
  const { candidate, decision, flight, signal, terms } = context
  const { clock, timeouts } = deps
  const unary = flight.mode === 'unary'
  // Not the deadline: each caller ends its own wait, a later one may join, the last to leave aborts.
  // But while others are left to ask, one that hangs must leave them time.
  const share = shareOf(context, flight.latestDeadline() - clock.monotonic(), timeouts)
  const totalMs = unary ? Math.min(timeouts.attemptMs, share) : LONGEST_TIMER_MS
  const { provider } = candidate.offer
  const call = providerCall(decision.request, candidate.offer, {
    request_id: decision.id,
    input: context.input,
    maxTokens: terms.maxTokens,
    timeoutMs: totalMs,
  })
  if (unary || !call.model.capabilities.stream) {
    const run = (own: AbortSignal): Promise<ProviderAnswer> => provider.call(call, own)
    const limit = Math.min(timeouts.attemptMs, share)
    const answer = checkAnswer(await watchCall(run, { totalMs: limit, clock, signal }), call)
    if (!unary) appendWhole(flight, meter, answer)
    return answer
  }
  const deltas = watchStream((own) => provider.stream(call, own), {
    totalMs,
    firstByteMs: Math.min(timeouts.firstByteMs, share),
    idleMs: timeouts.idleMs,
    clock,
    signal,
  })
  let burst = 0
  for await (const delta of deltas) {
    // What a provider has at hand comes without a pause: timers and other calls get their turn.
    burst = (burst + 1) % LONGEST_BURST
    if (burst === 0) await nextTurn()
    meter.collector.add(delta)
    if (delta.type === 'alive' || delta.type === 'finish' || isSilent(delta)) continue
    meter.content()
    flight.append(delta)
  }
  return checkAnswer(meter.collector.finish(), call)
}

/** A model that cannot stream: its answer comes in one piece of each kind. */
function appendWhole(
  flight: FlightControl<Decision>,
  meter: Meter,
  { text, reasoning, tool_calls }: ProviderAnswer,
): void {
  meter.content()
  if (reasoning !== undefined) flight.append({ type: 'reasoning', text: reasoning })
  for (const [index, call] of tool_calls.entries()) {
    flight.append({ type: 'tool_call', index, ...call })
  }
  if (text !== '') flight.append({ type: 'text', text })
}
