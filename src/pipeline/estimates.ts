/** Token estimates of one request, each made at most once and only when somebody asks. */
import type { Offer } from '../contracts/provider.js'
import type { ParsedRequest } from '../contracts/request.js'
import type { TokenEstimator } from '../features/pricing/tokens.js'
import { inputBytes, upperBoundTokens } from '../features/pricing/tokens.js'
import { countInputTokens } from '../features/pricing/tokenizer.js'
import type { Input } from './provider-call.js'

/** Other vendors' tokenizers against ours: a margin for what we cannot count exactly. */
const FOREIGN_TOKENIZER_MARGIN = 1.3

export interface Estimates {
  readonly request: ParsedRequest
  /** Bytes of everything the model reads. */
  readonly bytes: number
  /** Likely input tokens at this offer. */
  inputTokens(offer: Offer): number
  /** More than any tokenizer makes of it. */
  inputUpperBound(offer: Offer): number
  /** Counted with a real tokenizer, with a margin where the vendor's is another. */
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
  let counted: Promise<number> | undefined
  return {
    request,
    bytes,
    inputTokens: ({ provider, model }) => tokens.estimate(bytes, provider.name, model.id),
    inputUpperBound: ({ model }) => upperBoundTokens(read, model),
    inputCounted: async ({ provider, model }) => {
      counted ??= countInputTokens(read, model.id).then((count) => count.input_tokens)
      return Math.ceil(
        (await counted) * (provider.vendor === 'openai' ? 1 : FOREIGN_TOKENIZER_MARGIN),
      )
    },
    outputTokens: ({ model }) => tokens.expectedOutput(model.id, request.max_tokens),
  }
}
