/** Token estimates of one request, each made at most once and only when somebody asks. */
import type { Offer } from '../contracts/provider.js'
import type { ParsedRequest } from '../contracts/request.js'
import type { TokenEstimator } from '../features/pricing/tokens.js'
import { inputBytes, upperBoundTokens } from '../features/pricing/tokens.js'
import { inputTexts } from '../features/pricing/input-texts.js'
import { countTokens, type TextCount } from '../features/pricing/tokenizer.js'
import type { Input } from './provider-call.js'

/** For a tokenizer that is not published: at most so many times as many tokens as o200k_base makes. */
const FOREIGN_TOKENIZER_MARGIN = 1.3

export interface Estimates {
  readonly request: ParsedRequest
  /** Bytes of everything the model reads. */
  readonly bytes: number
  /** Likely input tokens at this offer. */
  inputTokens(offer: Offer): number
  /** More than any tokenizer makes of it. */
  inputUpperBound(offer: Offer): number
  /**
   * A bound that is tighter: text counted with the model's tokenizer, with a margin where that is
   * not published; images, files, tools and framing at their most.
   */
  inputCounted(offer: Offer): Promise<number>
  /** Likely output tokens, within `max_tokens`. */
  outputTokens(offer: Offer): number
}

export function createEstimates(
  request: ParsedRequest,
  input: Input,
  tokens: TokenEstimator,
): Estimates {
  const { tools, response_format } = request
  const read = { ...input, tools, response_format }
  const bytes = inputBytes(read)
  const counted = new Map<string, Promise<TextCount>>()
  return {
    request,
    bytes,
    inputTokens: ({ provider, model }) =>
      tokens.estimate(bytes, provider.vendor ?? provider.name, model.id),
    inputUpperBound: ({ model }) => upperBoundTokens(read, model),
    inputCounted: async ({ model }) => {
      const count = counted.get(model.id) ?? countTokens(inputTexts(read), model.id)
      counted.set(model.id, count)
      const { tokens: text, exact } = await count
      return upperBoundTokens(read, model, exact ? text : text * FOREIGN_TOKENIZER_MARGIN)
    },
    outputTokens: ({ model }) => tokens.expectedOutput(model.id, request.max_tokens),
  }
}
