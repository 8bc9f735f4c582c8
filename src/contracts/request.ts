/** What a caller may ask: the documented request fields and the additive ones. Types only. */

/** The five documented optimisation strategies. */
export type StrategyName =
  'lowest_cost' | 'fastest_response' | 'balanced' | 'quality_focused' | 'budget_constrained'

/** The same strategies as the documentation's headings spell them; accepted as input. */
export type StrategyTitle =
  'Lowest Cost' | 'Fastest Response' | 'Balanced' | 'Quality Focused' | 'Budget Constrained'

/**
 * How far the answering model may differ from the one that was named.
 * `never`: that model at its first provider only; `same_model`: that model, any provider;
 * `equivalent`: a model of at least the named one's quality - 0.02; `any`: any model above the floor.
 */
export type SubstitutionPolicy = 'never' | 'same_model' | 'equivalent' | 'any'

/** A JSON Schema object; `T` is the type its values have, carried for inference only. */
export type JsonSchema<T = unknown> = { readonly [keyword: string]: unknown } & {
  readonly __type?: T
}

export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** An image: exactly one of `url` (http, https; passed on, never fetched here) or `data` (base64). */
export interface ImagePart {
  readonly type: 'image'
  readonly url?: string | undefined
  readonly data?: string | undefined
  /** Required with `data`, for instance `image/png`. */
  readonly media_type?: string | undefined
}

/** A document: exactly one of `url` (passed on, never fetched here) or `data` (base64). */
export interface FilePart {
  readonly type: 'file'
  readonly url?: string | undefined
  readonly data?: string | undefined
  /** For instance `application/pdf`. */
  readonly media_type: string
  readonly filename?: string | undefined
}

export type ContentPart = TextPart | ImagePart | FilePart

/** A call the model wants made; `arguments` is JSON text exactly as the model wrote it. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export interface SystemMessage {
  readonly role: 'system'
  readonly content: string
}

export interface UserMessage {
  readonly role: 'user'
  readonly content: string | readonly ContentPart[]
}

/** `content` may be missing only beside `tool_calls`. */
export interface AssistantMessage {
  readonly role: 'assistant'
  readonly content?: string | null | undefined
  readonly tool_calls?: readonly ToolCall[] | undefined
}

/** The result of one tool call. */
export interface ToolMessage {
  readonly role: 'tool'
  readonly tool_call_id: string
  readonly content: string
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage

export interface Tool {
  /** 1-64 characters of `A-Z a-z 0-9 _ -`. */
  readonly name: string
  readonly description?: string | undefined
  /** JSON Schema of the arguments object. */
  readonly parameters: JsonSchema
  readonly strict?: boolean | undefined
}

/** `required`: some tool must be called; `{ name }`: that one must be. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

export interface JsonSchemaFormat<T = unknown> {
  readonly type: 'json_schema'
  /** 1-64 characters of `A-Z a-z 0-9 _ -`. @default 'answer' */
  readonly name?: string | undefined
  readonly schema: JsonSchema<T>
  /** @default true */
  readonly strict?: boolean | undefined
}

export type ResponseFormat<T = unknown> =
  { readonly type: 'text' } | { readonly type: 'json_object' } | JsonSchemaFormat<T>

export interface CacheRequestOptions {
  /** Seconds this answer may be served; > 0, <= 2,592,000 (30 days). @default the client's */
  readonly ttl_seconds?: number | undefined
  /** At most 16 labels of 1-128 characters, for invalidation. */
  readonly tags?: readonly string[] | undefined
  /** Do not read the cache, but store the new answer. @default false */
  readonly refresh?: boolean | undefined
  /** Who may be served this answer: everybody of the workspace, or this `user_id` only. @default 'workspace' */
  readonly scope?: 'workspace' | 'user' | undefined
  /** Match by meaning, too. A threshold (0-1) may only raise the client's. @default the client's */
  readonly semantic?: boolean | { readonly threshold?: number | undefined } | undefined
}

/** Every request field, each of its full type. `InferenceRequest` makes them optional. */
export interface InferenceRequestFields<T = unknown> {
  /** The text to answer, not empty. Exactly one of `prompt` and `messages` is given. */
  prompt: string
  /** A conversation of 1-1,000 messages, instead of `prompt`. */
  messages: readonly Message[]
  /** Instructions that stand before the conversation. */
  system: string
  /** `model`, `provider/model` or `auto`. @default the client's `defaultModel` */
  model_name: string
  /** 0-2. @default 0.7 */
  temperature: number
  /** Most tokens to generate, an integer >= 1. @default the model's own limit */
  max_tokens: number
  /** 1-128 printable ASCII characters. */
  user_id: string
  /** 1-128 printable ASCII characters. @default 'default' */
  workspace_id: string
  /** 1 (background) to 10 (critical), an integer. @default 5 */
  priority: number
  /** For HTTP only: in-process, call `client.stream()`. @default false */
  stream: boolean
  /** > 0 and <= 3,600; fractions are fine. @default 300 */
  timeout_seconds: number
  /** `false`: no read, no write, no coalescing. @default true */
  use_cache: boolean
  /** `false` pins the named (or default) model. @default true */
  cost_optimize: boolean
  /** @default 'balanced' */
  strategy: StrategyName | StrategyTitle
  /** Most USD all attempts of this request together may cost, >= 0. */
  budget_limit: number
  /** Recorded with the request, not sent anywhere. At most 64 KiB, 8 levels deep. */
  metadata: { readonly [key: string]: unknown }
  tools: readonly Tool[]
  tool_choice: ToolChoice
  response_format: ResponseFormat<T>
  /** 0-1. */
  top_p: number
  /** 1-4 texts at which generation ends. */
  stop: string | readonly string[]
  /** An integer. */
  seed: number
  /** Extra fields for the vendor's request body, by provider name; part of the cache key. */
  provider_options: { readonly [provider: string]: { readonly [field: string]: unknown } }
  cache: CacheRequestOptions
  /** @default `equivalent` for failover when a model is named, `any` otherwise */
  substitution: SubstitutionPolicy
  /** Models to try next, in order, as `model` or `provider/model`. At most 16. */
  fallback: readonly string[]
}

/** One inference request. `null` means omitted. */
export type InferenceRequest<T = unknown> = {
  readonly [Field in keyof InferenceRequestFields<T>]?:
    InferenceRequestFields<T>[Field] | null | undefined
}

/** A request after validation: nothing is null, omitted stays undefined, titles are names. */
export type ParsedRequest = {
  readonly [Field in Exclude<keyof InferenceRequestFields, 'strategy' | 'stop'>]:
    InferenceRequestFields[Field] | undefined
} & {
  readonly strategy: StrategyName | undefined
  readonly stop: readonly string[] | undefined
}

/** A batch of requests, with the documented fields. */
export interface BatchRequest {
  /** 1-100,000 requests. */
  readonly requests: readonly InferenceRequest[]
  /** 1-128 printable ASCII characters. @default generated */
  readonly batch_id?: string | null | undefined
  /** Items in flight at once, 1-1,000. @default 10 */
  readonly max_batch_size?: number | null | undefined
  /** For the whole batch; > 0 and <= 86,400. @default 600 */
  readonly timeout_seconds?: number | null | undefined
  /** Answer equal items once. @default true */
  readonly deduplicate?: boolean | null | undefined
  /** `false`: one after the other. @default true */
  readonly parallel_processing?: boolean | null | undefined
  /** Stop at the first failure. @default false */
  readonly fail_fast?: boolean | null | undefined
}

/** What travels beside a request rather than in it. */
export interface CallOptions {
  /** Ends this call only: others waiting for the same answer are not hurt. */
  readonly signal?: AbortSignal | undefined
  /** Use this id instead of a generated one; `^[A-Za-z0-9_.-]{1,64}$`. */
  readonly request_id?: string | undefined
  /** The API key's id, for budgets and analytics by key. */
  readonly key_id?: string | undefined
}

export interface BatchCallOptions extends CallOptions {
  /** Called after each item; what it throws is ignored. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
}

export interface BatchProgress {
  readonly completed: number
  readonly failed: number
  readonly total: number
}
