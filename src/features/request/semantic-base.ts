/** What a match by meaning compares exactly, and the one text it compares by meaning. */
import { hash } from 'node:crypto'
import type { Message, ParsedRequest } from '../../contracts/request.js'
import { preimage } from './fingerprint.js'

export interface SemanticBase {
  /** Hash of all but `text`: tenant, model, system prompt, earlier messages, parameters. */
  readonly scope: string
  /** The last user text. */
  readonly text: string
}

/**
 * Undefined when the conversation does not end with a user's plain text.
 * @param defaultModel the client's; it decides the answer when no model is named
 * @throws RaptorflowError INVALID_REQUEST when `cache.scope` is `user` and no `user_id` is given
 */
export function semanticBase(
  request: ParsedRequest,
  defaultModel: string,
): SemanticBase | undefined {
  const { prompt, messages } = request
  if (prompt !== undefined) return baseOf({ ...request, prompt: '' }, prompt, defaultModel)
  const last = messages?.at(-1)
  if (messages === undefined || last?.role !== 'user') return undefined
  const text = plainText(last)
  if (text === undefined) return undefined
  const context = [...messages.slice(0, -1), { ...last, content: '' }]
  return baseOf({ ...request, messages: context }, text, defaultModel)
}

function baseOf(context: ParsedRequest, text: string, defaultModel: string): SemanticBase {
  // A name of its own: a scope must never pass for the cache key of a request with an empty text.
  const scope = hash('sha256', `semantic;${preimage(context, defaultModel)}`, 'base64url')
  return { scope, text }
}

/** One text part is as plain as a string; what carries images or files is not. */
function plainText({ content }: Extract<Message, { role: 'user' }>): string | undefined {
  if (typeof content === 'string') return content
  const [only, ...others] = content
  return only?.type === 'text' && others.length === 0 ? only.text : undefined
}
