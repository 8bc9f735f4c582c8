/** Token counts with a real tokenizer, off the request path: gpt-tokenizer, loaded on first need. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RaptorflowError } from '../../errors.js'
import type { Clock } from '../../contracts/clock.js'
import type { TokenCount } from '../../contracts/response.js'
import { systemClock } from '../../util/clock.js'
import { lazyPackage } from '../../util/load-package.js'
import {
  countMessages,
  countParts,
  inputTexts,
  isStructured,
  type ModelInput,
} from './input-texts.js'
import { sliceText } from './text-slices.js'
import {
  FILE_TOKENS,
  IMAGE_TOKENS,
  OTHER_VENDORS,
  TOKENS_PER_MESSAGE,
  TOKENS_PER_REPLY,
} from './tokens.js'

export interface CountOptions {
  /** @default the system's */
  readonly clock?: Clock | undefined
  /** Ends the count at its next slice. */
  readonly signal?: AbortSignal | undefined
}

export interface TextCount {
  readonly tokens: number
  /** False when the encoding is not the model's own, or an unbroken run had to be split. */
  readonly exact: boolean
}

type EncodingName = 'o200k_base' | 'cl100k_base'

interface Encoding {
  readonly countTokens: (text: string, options: typeof ORDINARY) => number
  readonly setMergeCacheSize: (size: number) => void
}

/** Without this, text that contains a special token throws, with the text in the error. */
const ORDINARY = { disallowedSpecial: new Set<string>() }
/** The package keeps 100,000 merged pieces by default. */
const MERGE_CACHE_SIZE = 1_000
/** Work between two turns of the event loop. */
const WORK_MS = 5

const LOADERS: { readonly [Name in EncodingName]: () => Promise<Encoding> } = {
  o200k_base: lazyPackage('gpt-tokenizer', async () =>
    withSmallCache(await import('gpt-tokenizer/encoding/o200k_base')),
  ),
  cl100k_base: lazyPackage('gpt-tokenizer', async () =>
    withSmallCache(await import('gpt-tokenizer/encoding/cl100k_base')),
  ),
}

/** Counts run one after the other: together, each would take its 5 ms of every turn. */
let queue: Promise<unknown> = Promise.resolve()

/**
 * Tokens of plain texts in the model's encoding; o200k_base where none is published. The event loop
 * gets a turn after every 5 ms of work, whatever the input; loading an encoding blocks once, for
 * 100-200 ms. Special tokens such as `<|endoftext|>` count as the text they are. An unbroken run
 * longer than 256 characters is split, which may add a token or two at each cut.
 * @throws RaptorflowError PROVIDER_UNAVAILABLE, reason `package_missing`; ABORTED
 */
export function countTokens(
  texts: readonly string[],
  model: string,
  options: CountOptions = {},
): Promise<TextCount> {
  const published = encodingOf(model)
  const counted = queue.then(async () => {
    failIfAborted(options.signal)
    const encoding = await LOADERS[published ?? 'o200k_base']()
    const count = await countSlices(texts, encoding, options)
    return { tokens: count.tokens, exact: count.exact && published !== undefined }
  })
  queue = counted.catch(() => undefined)
  return counted
}

/**
 * Input tokens of a whole request, chat framing included by OpenAI's published rule. `exact` for
 * text conversations with OpenAI models whose encoding is published; how tools, schemas, images and
 * files are written into a prompt is not published, so they are estimates. Other vendors' models
 * count a tenth more than o200k_base makes of them [assumed].
 * @throws RaptorflowError PROVIDER_UNAVAILABLE, reason `package_missing`; ABORTED
 */
export async function countInputTokens(
  input: ModelInput,
  model: string,
  options: CountOptions = {},
): Promise<TokenCount> {
  const text = await countTokens(inputTexts(input), model, options)
  const tokens =
    text.tokens +
    countMessages(input) * TOKENS_PER_MESSAGE +
    TOKENS_PER_REPLY +
    countParts(input, 'image') * IMAGE_TOKENS +
    countParts(input, 'file') * FILE_TOKENS
  return {
    input_tokens: Math.ceil(tokens * (isOpenAI(model) ? 1 : OTHER_VENDORS)),
    model,
    exact: text.exact && isPlainText(input),
  }
}

async function countSlices(
  texts: readonly string[],
  encoding: Encoding,
  { clock = systemClock, signal }: CountOptions,
): Promise<TextCount> {
  let tokens = 0
  let exact = true
  let since = clock.monotonic()
  for (const text of texts) {
    for (const slice of sliceText(text)) {
      failIfAborted(signal)
      tokens += encoding.countTokens(slice.text, ORDINARY)
      exact &&= slice.exact
      if (clock.monotonic() - since < WORK_MS) continue
      await nextTurn()
      since = clock.monotonic()
    }
  }
  return { tokens, exact }
}

function failIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new RaptorflowError('ABORTED', 'The caller aborted the count', {
    details: { reason: 'aborted' },
    cause: signal.reason,
  })
}

/** By the models gpt-tokenizer 4.0.0 lists; undefined for newer ones and other vendors'. */
function encodingOf(model: string): EncodingName | undefined {
  const name = model.startsWith('ft:') ? model.slice(3) : model
  if (/^(?:chatgpt-4o|gpt-4o|gpt-4\.|gpt-5|o[134](?:-|$))/.test(name)) return 'o200k_base'
  if (/^(?:gpt-4|gpt-3\.?5)(?:-|$)/.test(name)) return 'cl100k_base'
  return undefined
}

function isOpenAI(model: string): boolean {
  return encodingOf(model) !== undefined || /^gpt-\d/.test(model)
}

function isPlainText(input: ModelInput): boolean {
  const usesTools = (input.messages ?? []).some(
    (message) =>
      message.role === 'tool' ||
      (message.role === 'assistant' && (message.tool_calls?.length ?? 0) > 0),
  )
  return (
    !usesTools &&
    !isStructured(input) &&
    countParts(input, 'image') === 0 &&
    countParts(input, 'file') === 0
  )
}

function withSmallCache(encoding: Encoding): Encoding {
  encoding.setMergeCacheSize(MERGE_CACHE_SIZE)
  return encoding
}
