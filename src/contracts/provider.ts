/** The contract between the client and whoever calls a model. Types only. */
import type { Message, ResponseFormat, Tool, ToolCall, ToolChoice } from './request.js'
import type { Model, ModelCapabilities, ModelOptions } from './model.js'

/** Why the model stopped. Only `stop` and `tool_calls` answers are ever cached. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/**
 * Tokens of one call, each counted in exactly one field:
 * all input = input + cache_read + cache_write; all output = output + reasoning.
 */
export interface Usage {
  /** Input tokens at the full price. */
  readonly input: number
  /** Input tokens read from the vendor's prompt cache. */
  readonly cache_read: number
  /** Input tokens written to the vendor's prompt cache. */
  readonly cache_write: number
  /** Output tokens without reasoning. */
  readonly output: number
  readonly reasoning: number
}

/** One call, ready for a vendor: defaults applied, nothing left that this model refuses. */
export interface ProviderCall {
  readonly request_id: string
  readonly model: Model
  /** Instructions: the request's `system`, then its system messages, joined by an empty line. */
  readonly system: string | undefined
  /** The conversation without system messages; a `prompt` is one user message. */
  readonly messages: readonly Exclude<Message, { role: 'system' }>[]
  readonly temperature: number | undefined
  readonly top_p: number | undefined
  readonly max_tokens: number | undefined
  readonly stop: readonly string[] | undefined
  readonly seed: number | undefined
  readonly tools: readonly Tool[] | undefined
  readonly tool_choice: ToolChoice | undefined
  readonly response_format: ResponseFormat | undefined
  /** Extra body fields for this provider; never an endpoint, a header or a key. */
  readonly provider_options: { readonly [field: string]: unknown } | undefined
  /** Longest this call may take, for vendor clients that insist on a timeout. */
  readonly timeoutMs: number
}

/** A whole answer whose terminal marker was seen and whose shape was checked. */
export interface ProviderAnswer {
  readonly text: string
  readonly reasoning: string | undefined
  readonly tool_calls: readonly ToolCall[]
  readonly finish_reason: FinishReason
  /** Undefined when the provider reported none. */
  readonly usage: Usage | undefined
}

/** A piece of an answer. `finish` comes exactly once, last, and only after the terminal marker. */
export type Delta =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'tool_call'
      readonly index: number
      readonly id?: string | undefined
      readonly name?: string | undefined
      readonly arguments?: string | undefined
    }
  /** Bytes or bookkeeping, no content: proof of the first byte, nothing a reader sees. */
  | { readonly type: 'alive'; readonly usage?: Usage | undefined }
  | {
      readonly type: 'finish'
      readonly finish_reason: FinishReason
      readonly usage: Usage | undefined
    }

/**
 * One way to reach models. Both methods honour the signal (the connection is closed for real),
 * never retry, and fail with a `ProviderError` that states facts; the client judges them.
 */
export interface Provider {
  readonly specVersion: 'v1'
  /** Unique in a client: `^[a-z0-9][a-z0-9_-]{0,63}$`. */
  readonly name: string
  /** Whose models these are, as the catalogue names it (`openai`, `anthropic`, `google`); null: nobody's. */
  readonly vendor: string | null
  /** What it serves; null: everything the catalogue lists for the vendor. */
  readonly models: readonly ModelOptions[] | null
  /** What this wire format can carry at all; a model's own abilities may be fewer. */
  readonly capabilities: ModelCapabilities
  call(call: ProviderCall, signal: AbortSignal): Promise<ProviderAnswer>
  stream(call: ProviderCall, signal: AbortSignal): AsyncIterable<Delta>
  close?(): Promise<void>
}

/** A model at a provider: what routing chooses between. */
export interface Offer {
  readonly provider: Provider
  readonly model: Model
}
