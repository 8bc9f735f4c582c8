/** InferenceClient: the public methods; each delegates. */
import { compose, type Parts } from './compose.js'
import type { ClientEvents, EventName } from './contracts/events.js'
import type {
  BatchCallOptions,
  BatchRequest,
  CallOptions,
  InferenceRequest,
} from './contracts/request.js'
import type {
  BatchResponse,
  ClearCacheResponse,
  FeedbackResponse,
  FeedbackVerdict,
  InferenceResponse,
  InvalidateTagsResponse,
  TokenCount,
} from './contracts/response.js'
import type {
  AnalyticsDocument,
  AnalyticsOptions,
  ProvidersDocument,
  StatusDocument,
} from './contracts/stats.js'
import type { InferenceStream } from './contracts/stream.js'
import type { WarmRequest, WarmResponse } from './contracts/warming.js'
import { resolveOptions, type InferenceClientOptions } from './options.js'
import { batchOptions, splitCall } from './pipeline/call-arguments.js'
import {
  clearCache,
  giveFeedback,
  invalidateTags,
  levelsReady,
} from './pipeline/cache-operations.js'
import { checkListener, countTokens, guarded } from './pipeline/operations.js'
import { configured } from './util/configured.js'
import { shutDown } from './pipeline/lifecycle.js'
import { holdProcess } from './util/hold-process.js'

/** The fields of a request whose prompt is given apart, and what travels beside it. */
export type PromptOptions<T = unknown> = Omit<InferenceRequest<T>, 'prompt' | 'messages'> &
  CallOptions

/**
 * LLM calls, cheaper and safer: cached, coalesced, failed over, accounted.
 * Every method rejects with a `RaptorflowError` and with nothing else.
 *
 * @example
 * const client = new InferenceClient({ providers: [openai({ apiKey })] })
 * const answer = await client.infer({ prompt: 'What is the capital of France?' })
 */
export class InferenceClient {
  readonly #parts: Parts
  #closing: Promise<void> | undefined

  /** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, naming the bad option */
  constructor(options: InferenceClientOptions) {
    this.#parts = configured('InferenceClient', () => compose(resolveOptions(options)))
  }

  /** Answers one request: from the cache, from a running equal call, or from the first provider that can. */
  infer<T = unknown>(
    request: InferenceRequest<T>,
    options?: CallOptions,
  ): Promise<InferenceResponse<T>>
  infer<T = unknown>(prompt: string, options?: PromptOptions<T>): Promise<InferenceResponse<T>>
  infer(
    request: InferenceRequest | string,
    options?: CallOptions | PromptOptions,
  ): Promise<InferenceResponse> {
    const call = splitCall(request, options)
    return this.#parts.pipeline.infer(call.request, call.options)
  }

  /** The same as `infer`, chunk by chunk. Nothing is sent before the first read. */
  stream<T = unknown>(request: InferenceRequest<T>, options?: CallOptions): InferenceStream<T>
  stream<T = unknown>(prompt: string, options?: PromptOptions<T>): InferenceStream<T>
  stream(
    request: InferenceRequest | string,
    options?: CallOptions | PromptOptions,
  ): InferenceStream {
    const call = splitCall(request, options)
    return this.#parts.pipeline.stream(call.request, call.options)
  }

  /** Answers many requests; one that fails is listed in `errors` and does not fail the others. */
  batch(batch: BatchRequest, options?: BatchCallOptions): Promise<BatchResponse> {
    return guarded(() => this.#parts.runBatch(batch, batchOptions(options)))
  }

  /** Health, queue, cache, cost and workers: the documented `GET /status`. */
  stats(): Promise<StatusDocument> {
    return guarded(() => this.#parts.documents.status())
  }

  /** Costs by day and provider: the documented `GET /analytics`. */
  analytics(options?: AnalyticsOptions): Promise<AnalyticsDocument> {
    return guarded(() => this.#parts.documents.analytics(options))
  }

  /** Every provider and model with its facts, prices and measured performance: `GET /providers`. */
  providers(): Promise<ProvidersDocument> {
    return guarded(() => this.#parts.documents.providers())
  }

  /** Forgets the answers of one cache level, or of all: `POST /clear-cache`. */
  clearCache(level: 'l1' | 'l2' | 'l3' | 'all'): Promise<ClearCacheResponse> {
    return guarded(() => clearCache(this.#parts, level))
  }

  /**
   * From now on serves no answer stored with one of these tags, in no process that shares the cache.
   * `success` is false where a level could not be told; it is told when it returns.
   */
  invalidateTags(tags: readonly string[]): Promise<InvalidateTagsResponse> {
    return guarded(() => invalidateTags(this.#parts, tags))
  }

  /**
   * Judges an answer. `bad` takes it out of the cache and makes matching by meaning stricter.
   * Rejects with NOT_FOUND when the request is not among the rows that are kept (`ledger.maxRows`).
   */
  feedback(request_id: string, verdict: FeedbackVerdict): Promise<FeedbackResponse> {
    return guarded(() => giveFeedback(this.#parts, request_id, verdict))
  }

  /** Answers prompts ahead of time, at the lowest priority; without any, what is likely to be asked again. */
  warm(request?: WarmRequest, options?: Pick<CallOptions, 'signal'>): Promise<WarmResponse> {
    return guarded(() => this.#parts.warm(request ?? {}, batchOptions(options)))
  }

  /** Counts the input tokens of a request with a real tokenizer, without blocking the event loop. */
  countTokens(
    request: InferenceRequest | string,
    options?: Pick<CallOptions, 'signal'>,
  ): Promise<TokenCount> {
    return guarded(() => countTokens(this.#parts, splitCall(request, options)))
  }

  /**
   * Calls `listener` at each event; what it throws or rejects with is logged, not passed on.
   * @throws RaptorflowError INVALID_REQUEST for a listener that is not a function
   */
  on<Name extends EventName>(name: Name, listener: (event: ClientEvents[Name]) => unknown): this {
    checkListener(name, listener)
    this.#parts.events.on(name, listener)
    return this
  }

  once<Name extends EventName>(name: Name, listener: (event: ClientEvents[Name]) => unknown): this {
    checkListener(name, listener)
    this.#parts.events.once(name, listener)
    return this
  }

  off<Name extends EventName>(name: Name, listener: (event: ClientEvents[Name]) => unknown): this {
    checkListener(name, listener)
    this.#parts.events.off(name, listener)
    return this
  }

  /**
   * Resolves to true once every cache level answers, to false when one does not within `ms`. Nothing
   * else waits for a level: without this, a program that asks once and ends finds none connected.
   * @param ms 0-60,000. @default 1_000
   */
  ready(ms?: number): Promise<boolean> {
    return guarded(() => levelsReady(this.#parts, ms))
  }

  /** Resolves when writes begun so far are through: call it before a serverless function freezes. */
  flush(): Promise<void> {
    return guarded(() => holdProcess(this.#parts.clock, () => this.#parts.cache.flush()))
  }

  /** Refuses new calls, lets running ones finish for up to 1.5 s, releases everything. Within 2 s. */
  close(): Promise<void> {
    this.#parts.shut()
    this.#closing ??= guarded(() => shutDown(this.#parts))
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
