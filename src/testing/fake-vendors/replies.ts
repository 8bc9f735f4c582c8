/** What a request gets, before anything happens to it on the way: status, headers, body. */
import { VENDOR_ERRORS } from './error-tables.js'
import { errorBody } from './errors.js'
import { retryAfterHeaders, retryDelayInBody } from './retry-after.js'
import type { SettledAnswer } from '../scripted-answer.js'
import type { VendorErrorName, VendorErrorRow } from './errors.js'
import type { RetryAfter, VendorFault } from './faults.js'
import type { FilterForm, Frame, VendorRequest, Wire } from './types.js'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text that comes in one piece, or the pieces of a stream. */
  readonly body: string | readonly Frame[]
}

export interface ReplyContext {
  readonly wire: Wire
  readonly request: VendorRequest
  readonly id: string
  readonly nowMs: number
}

const HTML = '<html><head><title>Error</title></head><body><h1>Error</h1></body></html>'

const JSON_TYPE = { 'content-type': 'application/json' }
const HTML_TYPE = { 'content-type': 'text/html; charset=UTF-8' }
const STREAM_TYPE = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }

function requestId({ wire, id }: ReplyContext): Readonly<Record<string, string>> {
  return { [wire.requestIdHeader]: `req_${id}` }
}

function comesFromTheEdge(wire: Wire, status: number): boolean {
  return status === 502 || (status === 504 && wire.vendor === 'openai')
}

/** An HTTP error as the vendor sends it. */
export function errorReply(
  context: ReplyContext,
  name: VendorErrorName,
  extra: { readonly message?: string; readonly retryAfter?: RetryAfter | undefined } = {},
): Reply {
  const { wire, nowMs, id } = context
  const table = VENDOR_ERRORS[wire.vendor]
  const row: VendorErrorRow = extra.message
    ? { ...table[name], message: extra.message }
    : table[name]
  const wait = extra.retryAfter ? retryAfterHeaders(wire.vendor, extra.retryAfter, nowMs) : {}
  if (comesFromTheEdge(wire, row.status)) {
    return { status: row.status, headers: { ...HTML_TYPE, ...wait }, body: HTML }
  }
  const delay = retryDelayInBody(wire.vendor, extra.retryAfter)
  return {
    status: row.status,
    headers: { ...JSON_TYPE, ...requestId(context), ...wait },
    body: JSON.stringify(errorBody(wire.vendor, row, `req_${id}`, delay)),
  }
}

function answerReply(
  context: ReplyContext,
  answer: SettledAnswer,
  filter: FilterForm | undefined,
): Reply {
  const { wire, request, id, nowMs } = context
  const written = { ...answer, filter, request, id, createdMs: nowMs }
  return {
    status: 200,
    headers: { ...(request.stream ? STREAM_TYPE : JSON_TYPE), ...requestId(context) },
    body: request.stream ? wire.frames(written) : JSON.stringify(wire.unary(written)),
  }
}

function bodyReply(context: ReplyContext, body: 'html' | '{}' | 'null' | ''): Reply {
  const type = body === 'html' ? HTML_TYPE : JSON_TYPE
  return {
    status: 200,
    headers: { ...type, ...requestId(context) },
    body: body === 'html' ? HTML : body,
  }
}

/** The same answer with everything a reader sees taken out; the tokens stay billed. */
function emptied(answer: SettledAnswer): SettledAnswer {
  return { ...answer, text: '', chunks: [], reasoning: undefined, toolCalls: [] }
}

function filteredReply(context: ReplyContext, answer: SettledAnswer, form: FilterForm): Reply {
  if (form === 'prompt' && context.wire.refusesPromptByStatus) {
    return errorReply(context, 'blocked_prompt')
  }
  return answerReply(context, { ...emptied(answer), finishReason: 'content_filter' }, form)
}

/** Faults of the transport leave the reply as it is; `deliver` knows them. */
export function replyFor(
  context: ReplyContext,
  answer: SettledAnswer,
  fault: VendorFault | undefined,
): Reply {
  switch (fault?.kind) {
    case 'status':
      return errorReply(context, fault.status, { retryAfter: fault.retryAfter })
    case 'quota':
    case 'spend_limit':
    case 'context_length':
      return errorReply(context, fault.kind)
    case 'body':
      return bodyReply(context, fault.body)
    case 'empty':
      return answerReply(context, { ...emptied(answer), finishReason: 'stop' }, undefined)
    case 'content_filter':
      return filteredReply(context, answer, fault.form ?? 'finish')
    case 'stream_error':
      if (!context.request.stream) {
        return errorReply(context, context.wire.vendor === 'anthropic' ? 529 : 503)
      }
      return answerReply(context, answer, undefined)
    default:
      return answerReply(context, answer, undefined)
  }
}
