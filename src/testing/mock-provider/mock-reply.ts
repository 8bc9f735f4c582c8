/** What a mock provider may be told to reply, and how the reply to one call is found. */
import { RaptorflowError } from '../../errors.js'
import type { ProviderCall } from '../../contracts/provider.js'
import type { ScriptedAnswer } from '../scripted-answer.js'
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

/** One reply for all calls, a function, or a list used in turn. */
export type MockReplies = MockReply | MockReplyFunction | readonly MockReply[]

function isList(replies: MockReplies): replies is readonly MockReply[] {
  return Array.isArray(replies)
}

function unscripted(message: string): RaptorflowError {
  return new RaptorflowError('INTERNAL_ERROR', message, {
    details: { reason: 'unscripted_call' },
    retryable: false,
  })
}

/** @throws RaptorflowError INTERNAL_ERROR, reason `unscripted_call`, when nothing is left to say */
export function replyTo(
  replies: MockReplies | undefined,
  call: ProviderCall,
  context: MockReplyContext,
): MockReply | Promise<MockReply> {
  if (replies === undefined) {
    throw unscripted(
      'Expected `mockProvider` to know a reply, but it was called without one. Pass `reply`: a text, an answer, a function or a list of these.',
    )
  }
  if (typeof replies === 'function') return replies(call, context)
  if (!isList(replies)) return replies
  const reply = replies[context.index]
  if (reply === undefined) {
    throw unscripted(
      `Unscripted call: expected at most ${replies.length} calls of \`mockProvider\`, one for each reply, got call ${context.index + 1}. Add a reply, or find out who made the extra call.`,
    )
  }
  return reply
}
