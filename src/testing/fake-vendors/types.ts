/** What the parts of the fake vendors hand to each other. Types only. */
import type { JsonSchema } from '../../contracts/request.js'
import type { ScriptedAnswer, SettledAnswer } from '../scripted-answer.js'
import type { JsonObject } from './json.js'

export type Vendor = 'openai' | 'anthropic' | 'google'

/** One recorded generation request. */
export interface VendorRequest {
  /** From 0, over all vendors. */
  readonly index: number
  readonly vendor: Vendor
  /** Without the query. */
  readonly path: string
  readonly model: string
  readonly body: JsonObject
  /** Lower-case names; credentials and cookies are left out. */
  readonly headers: Readonly<Record<string, string>>
  readonly stream: boolean
  /** The last user message's text. */
  readonly prompt: string
  /** HTTP status that was sent; undefined before, or when the connection broke first. */
  readonly status: number | undefined
  /** True once the client closed the connection before the answer was complete. */
  readonly closedByClient: boolean
}

export type VendorAnswer =
  | string
  | ScriptedAnswer
  | ((request: VendorRequest) => string | ScriptedAnswer | Promise<string | ScriptedAnswer>)

/** What a request asks for, in terms all vendors share. */
export interface Wanted {
  readonly model: string
  readonly stream: boolean
  readonly prompt: string
  readonly inputChars: number
  readonly maxTokens: number | undefined
  readonly tools: readonly { readonly name: string; readonly parameters: JsonSchema }[]
  /** `any`: some tool must be called; `{ name }`: that one. */
  readonly forcedTool: 'any' | { readonly name: string } | undefined
  /** The schema of structured output; `{}` for any JSON object. */
  readonly schema: JsonSchema | undefined
  /** Why the vendor refuses the body, when it does. */
  readonly problem: string | undefined
}

/** How a provider refuses content: the finish reason, the prompt as a whole, or words of refusal. */
export type FilterForm = 'finish' | 'prompt' | 'refusal'

/** An answer as a wire format writes it. */
export interface WireAnswer extends SettledAnswer {
  readonly filter: FilterForm | undefined
  readonly request: VendorRequest
  /** The answer's id, unique in this server. */
  readonly id: string
  readonly createdMs: number
}

/** A piece of a body that is written at once. */
export interface Frame {
  readonly text: string
  /** True when it carries a part of the answer. */
  readonly content: boolean
}

/** One vendor's wire format. */
export interface Wire {
  readonly vendor: Vendor
  /** The response header with the request's id. */
  readonly requestIdHeader: string
  /** Sent in a stream while nothing happens. */
  readonly keepAlive: string
  read(body: JsonObject, path: string): Wanted
  unary(answer: WireAnswer): JsonObject
  frames(answer: WireAnswer): readonly Frame[]
  /** A server-sent event that reports an overloaded server after the 200. */
  streamError(): string
  /** What a request without credentials gets. */
  readonly unauthenticated: 401 | 403
  /** True when a refused prompt is an HTTP error, false when it is an answer. */
  readonly refusesPromptByStatus: boolean
}
