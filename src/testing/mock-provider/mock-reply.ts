/** What a mock provider may be told to reply, and how the reply to one call is found. */
import { RaptorflowError } from '../../errors.js'
import type { ProviderCall } from '../../contracts/provider.js'
import type { ScriptedAnswer } from '../scripted-answer.js'
import { replyProblem } from './check-reply.js'
import type { MockFault } from './mock-faults.js'

/** A text, an answer in parts, or a failure (which may come after some of the answer's chunks). */
export type MockReply = string | (ScriptedAnswer & { readonly fault?: MockFault | undefined })

export interface MockReplyContext {
  readonly signal: AbortSignal
  /** Calls before this one, since the start or the last `reset()`. */
  readonly index: number
}

export type MockReplyFunction = (
  call: ProviderCall,
  context: MockReplyContext,
) => MockReply | Promise<MockReply>

/** One reply for all calls, a function, or a list of either used in turn. */
export type MockReplies = MockReply | MockReplyFunction | readonly (MockReply | MockReplyFunction)[]

function isList(
  replies: MockReplies | undefined,
): replies is readonly (MockReply | MockReplyFunction)[] {
  return Array.isArray(replies)
}

function unscripted(message: string): RaptorflowError {
  return new RaptorflowError('INTERNAL_ERROR', message, {
    details: { reason: 'unscripted_call' },
    retryable: false,
  })
}

/**
 * Looks at what can be seen before a call; a function's reply is looked at when it comes.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function checkReplies(replies: MockReplies | undefined): void {
  const listed = isList(replies) ? [...replies.entries()] : [[undefined, replies] as const]
  for (const [index, reply] of listed) {
    if (typeof reply === 'function' || (index === undefined && reply === undefined)) continue
    const problem = replyProblem(reply)
    if (problem === undefined) continue
    const field = index === undefined ? 'reply' : `reply.${index}`
    throw new RaptorflowError(
      'INVALID_REQUEST',
      `Expected \`${field}\` of mockProvider() to be a text, an answer in parts or a function: ${problem}`,
      { details: { field, validation: 'option', reason: 'configuration' } },
    )
  }
}

/** @throws RaptorflowError INTERNAL_ERROR, reason `unscripted_call`, when nothing sensible is left to say */
export async function replyTo(
  replies: MockReplies | undefined,
  call: ProviderCall,
  context: MockReplyContext,
): Promise<MockReply> {
  const reply = isList(replies) ? replies[context.index] : replies
  if (reply === undefined) {
    throw unscripted(
      isList(replies)
        ? `Unscripted call: expected at most ${replies.length} calls of \`mockProvider\`, one for each reply, got call ${context.index + 1}. Add a reply, or find out who made the extra call: a failure that may pass is tried again once nobody else is left to ask.`
        : 'Expected `mockProvider` to know a reply, but it was called without one. Pass `reply`: a text, an answer, a function or a list of these.',
    )
  }
  if (typeof reply !== 'function') return reply
  const said = await reply(call, context)
  const problem = replyProblem(said)
  if (problem === undefined) return said
  throw unscripted(
    `Unscripted call: expected the reply function of \`mockProvider\` to return a text or an answer in parts for call ${context.index + 1}: ${problem}`,
  )
}
