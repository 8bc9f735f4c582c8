/** Tokens before the call, without tokenizing: estimates that learn, and a bound that holds. */
import { LRUCache } from 'lru-cache'
import type { Model } from '../../contracts/model.js'
import {
  countMessages,
  countParts,
  inputTexts,
  isStructured,
  type ModelInput,
} from './input-texts.js'

/** Chat framing by OpenAI's published rule: 3 a message, 1 for its role, 3 for the answer's start. */
export const TOKENS_PER_MESSAGE = 4
export const TOKENS_PER_REPLY = 3
/** Assumed: a middling image, and a few pages. */
export const IMAGE_TOKENS = 1_000
export const FILE_TOKENS = 3_000
/** Assumed: other vendors' tokenizers make about a tenth more of the same text. */
export const OTHER_VENDORS = 1.1

const TOKENS_PER_BYTE = 1 / 4
const FRAMING = TOKENS_PER_REPLY + TOKENS_PER_MESSAGE

/** Generous against every template seen: hidden system prompts, role markers, tool instructions. */
const BOUND = { call: 256, message: 16, structured: 1_024, tool: 64, image: 10_000 } as const
/** gpt-4o-mini counts an image 33 times as high as gpt-4o: up to 2,833 + 8 x 5,667. */
const GPT_4O_MINI_IMAGE = 48_169

/**
 * UTF-8 bytes of all text the model reads. An image or a file counts as the bytes of as much text as
 * it is assumed to cost (4,000 and 12,000), so that one learned ratio covers it.
 */
export function inputBytes(input: ModelInput): number {
  let bytes = 0
  for (const text of inputTexts(input)) bytes += Buffer.byteLength(text)
  return (
    bytes +
    (countParts(input, 'image') * IMAGE_TOKENS + countParts(input, 'file') * FILE_TOKENS) /
      TOKENS_PER_BYTE
  )
}

/**
 * Input tokens that no tokenizer exceeds: one a byte, and room for what vendors add. It holds for
 * byte-level BPE and for SentencePiece with byte fallback; a tokenizer that first expands characters
 * (NFKC makes 18 of one) is not covered. Never above the model's context window, where it is known.
 * @param textTokens tokens of all texts where they were counted. @default their bytes
 * @returns `Infinity` for files, whose size in tokens nobody can tell, when that is not known
 */
export function upperBoundTokens(
  input: ModelInput,
  model?: Model,
  textTokens: number = textBytes(input),
): number {
  const context = model?.contextWindow ?? Infinity
  if (countParts(input, 'file') > 0) return context
  let tokens = BOUND.call + countMessages(input) * BOUND.message
  tokens += textTokens
  if (isStructured(input)) tokens += BOUND.structured + (input.tools?.length ?? 0) * BOUND.tool
  const costlyImages = model === undefined || model.id.startsWith('gpt-4o-mini')
  tokens += countParts(input, 'image') * (costlyImages ? GPT_4O_MINI_IMAGE : BOUND.image)
  return Math.min(Math.ceil(tokens), context)
}

function textBytes(input: ModelInput): number {
  return inputTexts(input).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

export interface TokenEstimator {
  /** Input tokens to expect; `bytes` as `inputBytes` counts them. */
  estimate(bytes: number, provider: string, model: string): number
  /** @param reportedInputTokens all input: plain, read from and written to the vendor's cache */
  learn(bytes: number, reportedInputTokens: number, provider: string, model: string): void
  /** Output tokens to expect of a model, at most `maxTokens`. */
  expectedOutput(model: string, maxTokens?: number): number
  /** @param outputTokens all output, reasoning included */
  learnOutput(model: string, outputTokens: number): void
}

const FASTEST_LEARNING = 0.2
const HALF_SPEED_BYTES = 1_000
const PLAUSIBLE = { least: 1 / 50, most: 1 } as const
/** Shrunk mean: as if 20 answers of 200 tokens had been seen; after 1,000 answers it forgets. */
const OUTPUT_PRIOR = { weight: 20, mean: 200, mostWeight: 1_020 } as const
/** Models remembered, least recently used dropped: callers may choose their names. */
const KEPT_MODELS = 1_000

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0
}

/**
 * Estimates for one client. Input: a moving average of tokens per byte for each provider and model,
 * from 1/4 for the provider `openai` and a tenth more for others. Output: a shrunk mean per model.
 */
export function createTokenEstimator(): TokenEstimator {
  const ratios = new LRUCache<string, number>({ max: KEPT_MODELS })
  const outputs = new LRUCache<string, { readonly weight: number; readonly mean: number }>({
    max: KEPT_MODELS,
  })
  const ratioOf = (provider: string, model: string): number =>
    ratios.get(`${provider}/${model}`) ??
    (provider === 'openai' ? TOKENS_PER_BYTE : TOKENS_PER_BYTE * OTHER_VENDORS)

  return {
    estimate: (bytes, provider, model) => Math.ceil(FRAMING + bytes * ratioOf(provider, model)),

    learn: (bytes, reported, provider, model) => {
      if (!isPositive(bytes) || !isPositive(reported)) return
      const seen = (reported - FRAMING) / bytes
      const sample = Math.min(PLAUSIBLE.most, Math.max(PLAUSIBLE.least, seen))
      // Short prompts are mostly framing: they say little about the ratio.
      const weight = (FASTEST_LEARNING * bytes) / (bytes + HALF_SPEED_BYTES)
      const old = ratioOf(provider, model)
      ratios.set(`${provider}/${model}`, old + weight * (sample - old))
    },

    expectedOutput: (model, maxTokens) =>
      Math.min(Math.round(outputs.get(model)?.mean ?? OUTPUT_PRIOR.mean), maxTokens ?? Infinity),

    learnOutput: (model, outputTokens) => {
      if (!Number.isFinite(outputTokens) || outputTokens < 0) return
      const old = outputs.get(model) ?? OUTPUT_PRIOR
      const weight = Math.min(old.weight + 1, OUTPUT_PRIOR.mostWeight)
      outputs.set(model, { weight, mean: old.mean + (outputTokens - old.mean) / weight })
    },
  }
}
