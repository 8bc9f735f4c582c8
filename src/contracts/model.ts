/** What is known of a model: abilities, limits, prices, documented facts. Types only. */

/** What a model accepts. A request that needs more is not routed to it. */
export interface ModelCapabilities {
  readonly tools: boolean
  /** `tool_choice` other than `auto` and `none`. */
  readonly toolChoice: boolean
  readonly images: boolean
  readonly files: boolean
  /** Files given by `url` rather than as `data`. */
  readonly fileUrls: boolean
  /** `response_format: json_object`. */
  readonly jsonObject: boolean
  /** `response_format: json_schema`. */
  readonly jsonSchema: boolean
  readonly stop: boolean
  readonly seed: boolean
  readonly topP: boolean
  /** Highest temperature accepted; null when the parameter is refused. */
  readonly maxTemperature: number | null
  /** False where a temperature and a top_p may not be sent together. */
  readonly temperatureWithTopP: boolean
  readonly stream: boolean
}

/** USD per million tokens. */
export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** @default `input` */
  readonly cacheRead?: number | undefined
  /** @default `input` */
  readonly cacheWrite?: number | undefined
  /** Prices of the whole request once its input exceeds a size, smallest first. */
  readonly tiers?:
    readonly (Omit<ModelPrice, 'tiers'> & { readonly aboveInputTokens: number })[] | undefined
}

/** One model as a provider lists it. Everything but the name may be left to the catalogue. */
export interface ModelOptions {
  /** The name that is sent upstream. */
  readonly id: string
  readonly aliases?: readonly string[] | undefined
  readonly price?: ModelPrice | undefined
  readonly contextWindow?: number | undefined
  readonly maxOutputTokens?: number | undefined
  readonly capabilities?: Partial<ModelCapabilities> | undefined
  /** 0-1; substitution compares it. */
  readonly qualityScore?: number | undefined
  /** 0-1. */
  readonly reliabilityScore?: number | undefined
  /** Seconds for a typical answer. */
  readonly estimatedTime?: number | undefined
  readonly requestsPerMinute?: number | undefined
  readonly tier?: 'basic' | 'pro' | undefined
}

/** A model with every field settled. `null` means nobody knows. */
export interface Model {
  readonly id: string
  readonly aliases: readonly string[]
  readonly price: ModelPrice | null
  readonly contextWindow: number | null
  readonly maxOutputTokens: number | null
  readonly capabilities: ModelCapabilities
  readonly qualityScore: number | null
  readonly reliabilityScore: number | null
  readonly estimatedTime: number | null
  readonly requestsPerMinute: number | null
  readonly tier: 'basic' | 'pro'
}

/** Where prices come from. Asked once per model, the answer is kept. */
export interface PriceSource {
  /** USD per million tokens, or null when unknown. `vendor` is for instance `openai`. */
  priceOf(vendor: string, model: string): ModelPrice | null | Promise<ModelPrice | null>
}
