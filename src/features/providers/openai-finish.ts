/** Why a chat completion ended, and whether it is an answer at all. */
import type { Usage } from '../../contracts/provider.js'
import type { FinishReason } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { errorToken, isErrorStatus } from './transport-error.js'
import { isRecord } from './shape.js'

/** OpenAI's words and the synonyms of servers that speak its format. */
const FINISH_REASONS: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
])

export interface Ending {
  /** `finish_reason` as it came. */
  readonly finish: unknown
  /** Some character that is not white space. */
  readonly hasText: boolean
  readonly hasToolCalls: boolean
  readonly refused: boolean
  readonly usage: Usage | undefined
}

/**
 * The reason as the contract names it.
 * @throws ProviderError `content_filter` when filtered or refused, `empty` when nothing was said,
 * `bad_response` for a reason that means failure (`error`, `abort`, …) or that nobody knows
 */
export function finishReason(ending: Ending): FinishReason {
  const { finish, hasText, hasToolCalls, usage } = ending
  if (ending.refused || finish === 'content_filter') {
    throw new ProviderError({ reason: 'content_filter', usage })
  }
  const reason = FINISH_REASONS.get(finish)
  if (reason === undefined) {
    throw new ProviderError({ reason: 'bad_response', type: errorToken(finish), usage })
  }
  if (reason === 'length') return 'length'
  // A forced tool choice ends with `stop`.
  if (hasToolCalls) return 'tool_calls'
  if (!hasText) throw new ProviderError({ reason: 'empty', usage })
  if (reason === 'tool_calls') throw new ProviderError({ reason: 'bad_response', usage })
  return 'stop'
}

/** The facts of an `error` object inside an answer whose HTTP status was 200. */
export function embeddedError(error: unknown, usage: Usage | undefined): ProviderError {
  const code = isRecord(error) ? error['code'] : undefined
  // OpenRouter and vLLM put the HTTP status there, as a number or as text.
  const status = Number(code)
  if (isErrorStatus(status)) {
    return new ProviderError({ status, type: errorToken(isRecord(error) && error['type']), usage })
  }
  const type = errorToken(code) ?? errorToken(isRecord(error) ? error['type'] : undefined)
  return new ProviderError(type ? { type, usage } : { reason: 'bad_response', usage })
}
