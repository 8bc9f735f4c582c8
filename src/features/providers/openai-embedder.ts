/** Public entry `raptorflow/embedders/openai`: OpenAI's embedding models through the official `openai` package. */
import type { ClientOptions, OpenAI } from 'openai'
import type { Embedder } from '../../contracts/embedder.js'
import { RaptorflowError } from '../../errors.js'
import { configured } from '../../util/configured.js'
import { invalidOption } from '../../util/invalid-option.js'
import { unitVector } from '../../util/unit-vector.js'
import { lazyClient } from './openai-client.js'
import { callError } from './transport-error.js'
import { checkFunction, checkHeaders, checkKnown, checkText, checkURL } from './vendor-options.js'
import type { Known } from './vendor-options.js'

export interface OpenAIEmbedderOptions {
  /** @default the environment variable OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default the environment variable OPENAI_BASE_URL, else OpenAI's own address */
  readonly baseURL?: string | undefined
  /** @default 'text-embedding-3-small' */
  readonly model?: string | undefined
  /**
   * An integer, 1-16,384; asked for only when given. Fewer cost less memory: 512 of
   * `text-embedding-3-small` are a good choice here.
   * @default the model's own; required for models other than OpenAI's
   */
  readonly dimensions?: number | undefined
  /** @default the environment variable OPENAI_ORG_ID */
  readonly organization?: string | undefined
  /** @default the environment variable OPENAI_PROJECT_ID */
  readonly project?: string | undefined
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Used instead of the global `fetch`. It must honour the signal. */
  readonly fetch?: ClientOptions['fetch'] | undefined
  /** Longest time of one call, > 0. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Cosine similarity from which two texts may pass for equal, 0-1. @default 0.95, not measured: calibration tells */
  readonly recommendedThreshold?: number | undefined
}

const KNOWN: Known<OpenAIEmbedderOptions> = {
  apiKey: true,
  baseURL: true,
  model: true,
  dimensions: true,
  organization: true,
  project: true,
  headers: true,
  fetch: true,
  timeoutMs: true,
  recommendedThreshold: true,
}

/** As OpenAI's embeddings guide lists them (platform.openai.com/docs/guides/embeddings). */
const DIMENSIONS: Readonly<Record<string, number | undefined>> = {
  'text-embedding-3-small': 1_536,
  'text-embedding-3-large': 3_072,
  'text-embedding-ada-002': 1_536,
}

const LONGEST_TIMER_MS = 2_147_483_647

/**
 * One call for each text that is looked up, without retries. The package is loaded on the first one.
 * `embed` fails with PROVIDER_UNAVAILABLE, TIMEOUT or ABORTED, and says nothing of what the server said.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option or without a key
 */
export function openaiEmbedder(options: OpenAIEmbedderOptions = {}): Embedder {
  return configured('openaiEmbedder()', () => {
    checkKnown('openaiEmbedder()', options, KNOWN)
    // Read once: what was checked is what is used.
    const own = { ...options }
    checkOptions(own)
    return build(own)
  })
}

function build(options: OpenAIEmbedderOptions): Embedder {
  const { model = 'text-embedding-3-small', baseURL, recommendedThreshold = 0.95 } = options
  const dimensions = options.dimensions ?? DIMENSIONS[model]
  if (dimensions === undefined) {
    throw invalidOption('dimensions', 'given for a model that is not known here', undefined)
  }
  const client = lazyClient(() => connection(options))
  const place = baseURL === undefined ? '' : `@${new URL(baseURL).host}`
  return {
    id: `openai${place}/${model}/${dimensions}`,
    dimensions,
    recommendedThreshold,
    embed: async (texts, signal = new AbortController().signal) => {
      const openai = await client()
      const body = {
        model,
        input: [...texts],
        // The SDK's own choice, base64, is not honoured by all servers that speak this format.
        encoding_format: 'float' as const,
        ...(options.dimensions !== undefined && { dimensions }),
      }
      const answer = await create(openai, body, options.timeoutMs ?? 10_000, signal)
      return vectorsOf(answer, texts.length, dimensions)
    },
  }
}

function checkOptions(options: OpenAIEmbedderOptions): void {
  for (const name of ['apiKey', 'model', 'organization', 'project'] as const) {
    checkText(name, options[name])
  }
  checkURL('baseURL', options.baseURL)
  checkHeaders('headers', options.headers)
  checkFunction('fetch', options.fetch)
  const { dimensions = 1, timeoutMs = 1, recommendedThreshold = 1 } = options
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 16_384) {
    throw invalidOption('dimensions', 'an integer from 1 to 16384', dimensions)
  }
  if (!isNumber(timeoutMs) || timeoutMs <= 0 || timeoutMs > LONGEST_TIMER_MS) {
    throw invalidOption('timeoutMs', `more than 0 and at most ${LONGEST_TIMER_MS}`, timeoutMs)
  }
  if (!isNumber(recommendedThreshold) || recommendedThreshold < 0 || recommendedThreshold > 1) {
    throw invalidOption('recommendedThreshold', 'a number from 0 to 1', recommendedThreshold)
  }
  if (options.apiKey ?? process.env['OPENAI_API_KEY']) return
  throw invalidOption('apiKey', 'given, or OPENAI_API_KEY to be set', undefined)
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value)

function connection(options: OpenAIEmbedderOptions): ClientOptions {
  const { apiKey, baseURL, organization, project, headers, fetch } = options
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseURL !== undefined && { baseURL }),
    ...(organization !== undefined && { organization }),
    ...(project !== undefined && { project }),
    ...(headers !== undefined && { defaultHeaders: headers }),
    ...(fetch !== undefined && { fetch }),
  }
}

/** A redirect is an answer with an error status: texts go to the configured address only. */
async function create(
  openai: OpenAI,
  body: Parameters<OpenAI['embeddings']['create']>[0],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<unknown> {
  // The SDK's timer ends with the answer's headers; this one covers the body as well.
  const late = AbortSignal.timeout(Math.ceil(timeoutMs))
  try {
    return await openai.embeddings.create(body, {
      signal: AbortSignal.any([signal, late]),
      maxRetries: 0,
      timeout: LONGEST_TIMER_MS,
      fetchOptions: { redirect: 'manual' },
    })
  } catch (error) {
    throw publicError(error, signal, late.aborted)
  }
}

function publicError(error: unknown, signal: AbortSignal, late: boolean): RaptorflowError {
  if (RaptorflowError.isInstance(error)) return error
  if (signal.aborted) {
    const message = 'The embeddings call was aborted'
    return new RaptorflowError('ABORTED', message, { cause: signal.reason as unknown })
  }
  const { status, reason } = callError(error, signal).facts
  if (late || reason === 'timeout') {
    return new RaptorflowError('TIMEOUT', 'The embeddings call took too long')
  }
  const what = reason ?? `status ${String(status)}`
  return new RaptorflowError('PROVIDER_UNAVAILABLE', `The embeddings call failed: ${what}`, {
    details: { reason: reason ?? 'http_status', ...(status !== undefined && { status }) },
  })
}

/** In the order of the texts, by the answer's own `index`. */
function vectorsOf(answer: unknown, count: number, dimensions: number): readonly Float32Array[] {
  const { data } = (answer ?? {}) as { readonly data?: unknown }
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined)
  for (const [position, item] of (Array.isArray(data) ? (data as unknown[]) : []).entries()) {
    const { embedding, index = position } = (item ?? {}) as {
      readonly embedding?: unknown
      readonly index?: unknown
    }
    if (typeof index !== 'number' || !(index in vectors) || !Array.isArray(embedding)) continue
    if (embedding.length === dimensions) vectors[index] = unitVector(embedding as number[])
  }
  const complete = vectors.filter((vector) => vector !== undefined)
  if (complete.length === count) return complete
  throw new RaptorflowError(
    'PROVIDER_UNAVAILABLE',
    `Expected ${count} embeddings of ${dimensions} finite numbers, got something else`,
    { details: { reason: 'bad_response' }, retryable: false },
  )
}
