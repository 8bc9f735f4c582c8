/** Public `defineProvider`: any function that answers a prompt as a provider. */
import type { ModelCapabilities, ModelOptions } from '../../contracts/model.js'
import type { Delta, Provider, ProviderAnswer, ProviderCall } from '../../contracts/provider.js'
import { ProviderError, RaptorflowError } from '../../errors.js'
import { answerDeltas } from './answer-deltas.js'
import { attemptSignal, untilAborted } from './attempt-signal.js'
import { customAnswer, customDelta, customFinish } from './custom-answer.js'
import type { CustomAnswer } from './custom-answer.js'
import { knownError } from './transport-error.js'
import {
  TEXT_CAPABILITIES,
  checkCapabilities,
  checkFunction,
  checkGiven,
  checkKnown,
  checkModels,
  checkName,
  widest,
  withCapabilities,
} from './vendor-options.js'
import type { Known } from './vendor-options.js'

export interface DefineProviderOptions {
  /** What requests and answers call it; unique in a client. */
  readonly name: string
  /** At least one, by name or with facts such as prices. */
  readonly models: readonly (string | ModelOptions)[]
  /**
   * Answers one call: a text, or an answer with tool calls or usage. Should stop when the signal
   * aborts. Of what it throws only a numeric `status`, its `headers` (for Retry-After), a
   * machine-readable `code` and Node's transport codes are used, never the text; a `ProviderError`
   * states the facts itself. Anything else it throws counts as a bug in it: kind `internal`, which
   * moves on to the next candidate and is not tried again.
   */
  readonly call: (
    call: ProviderCall,
    signal: AbortSignal,
  ) => string | CustomAnswer | Promise<string | CustomAnswer>
  /**
   * Answers one call piece by piece. A stream of nothing but strings is complete when it ends; one
   * with deltas must end with `finish`. @default the whole answer of `call` in one piece
   */
  readonly stream?:
    ((call: ProviderCall, signal: AbortSignal) => AsyncIterable<string | Delta>) | undefined
  /**
   * What the models can do beyond text and sampling; a model's own `capabilities` go before.
   * @default text only: no tools, images, files or structured output
   */
  readonly capabilities?: Partial<ModelCapabilities> | undefined
}

const KNOWN: Known<DefineProviderOptions> = {
  name: true,
  models: true,
  call: true,
  stream: true,
  capabilities: true,
}

/**
 * A provider from a function.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option
 */
export function defineProvider(options: DefineProviderOptions): Provider {
  checkKnown('defineProvider()', options, KNOWN)
  const name = checkName(options.name)
  const models = checkModels('defineProvider()', options.models)
  checkGiven('call', options.call)
  checkFunction('call', options.call)
  checkFunction('stream', options.stream)
  checkCapabilities('defineProvider()', options.capabilities, 'capabilities')
  const capabilities = { ...TEXT_CAPABILITIES, ...options.capabilities }
  const call = answering(options.call)
  return {
    specVersion: 'v1',
    name,
    vendor: null,
    models: withCapabilities(models, capabilities),
    capabilities: widest(capabilities, models),
    call,
    stream: options.stream ? streaming(options.stream) : derivedStream(call),
  }
}

function answering(answer: DefineProviderOptions['call']): Provider['call'] {
  return async (call, signal): Promise<ProviderAnswer> => {
    const attempt = attemptSignal(signal)
    try {
      return customAnswer(await untilAborted(answer(call, attempt.signal), signal))
    } catch (error) {
      const known = identified(error, signal)
      if (known) throw known
      throw error
    } finally {
      attempt.end()
    }
  }
}

function derivedStream(call: Provider['call']): Provider['stream'] {
  return async function* (request, signal) {
    yield* answerDeltas(await call(request, signal))
  }
}

function streaming(open: NonNullable<DefineProviderOptions['stream']>): Provider['stream'] {
  return async function* (call, signal) {
    const attempt = attemptSignal(signal)
    let iterator: AsyncIterator<unknown> | undefined
    try {
      iterator = iteratorOf(open(call, attempt.signal))
      yield* checked(iterator, signal)
    } catch (error) {
      const known = identified(error, signal)
      if (known) throw known
      throw error
    } finally {
      attempt.end()
      leave(iterator)
    }
  }
}

/** @throws ProviderError `bad_response` for anything that cannot be iterated */
function iteratorOf(stream: Partial<AsyncIterable<unknown>>): AsyncIterator<unknown> {
  const iterate = stream[Symbol.asyncIterator]
  if (typeof iterate !== 'function') throw new ProviderError({ reason: 'bad_response' })
  return iterate.call(stream)
}

/** The caller's items as deltas, up to `finish`, which is made up for a stream of strings. */
async function* checked(
  iterator: AsyncIterator<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Delta, undefined> {
  let hasContent = false
  let isPlain = true
  for (;;) {
    const step = await untilAborted(iterator.next(), signal)
    if (step.done === true) break
    isPlain &&= typeof step.value === 'string'
    const delta = customDelta(step.value)
    if (delta.type === 'finish') {
      customFinish(delta.finish_reason, hasContent, delta.usage)
      yield delta
      return
    }
    if (delta.type === 'tool_call') hasContent = true
    if (delta.type === 'text') hasContent ||= delta.text.trim() !== ''
    if (delta.type !== 'text' || delta.text !== '') yield delta
  }
  if (!isPlain) throw new ProviderError({ reason: 'stream_truncated' })
  customFinish('stop', hasContent, undefined)
  yield { type: 'finish', finish_reason: 'stop', usage: undefined }
}

/** What the client can judge: facts, or an error of ours from a client that a function calls. */
function identified(error: unknown, signal: AbortSignal): Error | undefined {
  return RaptorflowError.isInstance(error) ? error : knownError(error, signal)
}

/** Not waited for: a generator that ignores the signal would hold up its reader. */
function leave(iterator: AsyncIterator<unknown> | undefined): void {
  try {
    iterator?.return?.().catch(() => undefined)
  } catch {
    // Its answer is complete or given up either way.
  }
}
