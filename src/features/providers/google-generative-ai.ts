/** Public entry `raptorflow/providers/google-generative-ai`: Gemini models through Google's deprecated SDK. */
import type { GenerateContentRequest, GenerativeModel } from '@google/generative-ai'
import type { ModelOptions } from '../../contracts/model.js'
import type { Provider } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { invalidOption } from '../../util/invalid-option.js'
import { lazyPackage } from '../../util/load-package.js'
import { googleError } from './google-errors.js'
import { GEMINI_CAPABILITIES, geminiCalls } from './google-exchange.js'
import type { GeminiExchange } from './google-exchange.js'
import type { GeminiBody } from './google-request.js'
import { isRecord } from './shape.js'
import { isErrorStatus, transportError } from './transport-error.js'
import {
  checkHeaders,
  checkKnown,
  checkModels,
  checkName,
  checkText,
  checkURL,
} from './vendor-options.js'
import type { Known } from './vendor-options.js'

export interface GoogleGenerativeAIProviderOptions {
  /** What requests and answers call it; unique in a client. @default 'google' */
  readonly name?: string | undefined
  /** @default the environment variable GOOGLE_API_KEY, else GEMINI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default Google's own address */
  readonly baseURL?: string | undefined
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The models to serve, by name or with facts that override the catalogue's. @default all the catalogue lists */
  readonly models?: readonly (string | ModelOptions)[] | undefined
}

const KNOWN: Known<GoogleGenerativeAIProviderOptions> = {
  name: true,
  apiKey: true,
  baseURL: true,
  headers: true,
  models: true,
}

const loadPackage = lazyPackage('@google/generative-ai', () => import('@google/generative-ai'))

/**
 * As `google()`, on the package `@google/generative-ai`, which Google no longer maintains and which
 * tells less: no headers, hence waits from error bodies only, no status names, no transport codes.
 * It cannot read streams with keep-alive comments, and follows redirects with prompt and key, which
 * the package lets nobody forbid. Prefer `google()`.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option or without a key
 */
export function googleGenerativeAI(options: GoogleGenerativeAIProviderOptions = {}): Provider {
  checkKnown('googleGenerativeAI()', options, KNOWN)
  return {
    specVersion: 'v1',
    name: checkName(options.name ?? 'google'),
    vendor: 'google',
    models:
      options.models === undefined ? null : checkModels('googleGenerativeAI()', options.models),
    capabilities: GEMINI_CAPABILITIES,
    ...geminiCalls(exchangeSource(options)),
  }
}

function exchangeSource(options: GoogleGenerativeAIProviderOptions): () => Promise<GeminiExchange> {
  const { baseURL, headers } = options
  checkText('apiKey', options.apiKey)
  checkURL('baseURL', baseURL)
  checkHeaders('headers', headers)
  const apiKey = (options.apiKey ?? process.env['GOOGLE_API_KEY']) || process.env['GEMINI_API_KEY']
  if (!apiKey) throw invalidOption('apiKey', 'given, or GOOGLE_API_KEY to be set', undefined)
  // No timeout: the SDK would leave its timer running and keep the process alive.
  const connection = {
    ...(baseURL !== undefined && { baseUrl: baseURL.replace(/\/+$/, '') }),
    ...(headers !== undefined && { customHeaders: { ...headers } }),
  }
  return async () => {
    const sdk = await loadPackage()
    const client = new sdk.GoogleGenerativeAI(apiKey)
    return exchangeOn((model) => client.getGenerativeModel({ model }, connection))
  }
}

function exchangeOn(modelOf: (model: string) => GenerativeModel): GeminiExchange {
  return {
    generate: async (model, body, signal) => {
      const { response } = await modelOf(model).generateContent(requestOf(body), { signal })
      return response
    },
    stream: async (model, body, signal) => {
      const { stream, response } = await modelOf(model).generateContentStream(requestOf(body), {
        signal,
      })
      // Nobody reads this one: left alone, its failure would end the process.
      response.catch(() => undefined)
      return stream
    },
    contentType: () => undefined,
    errorOf,
  }
}

/** The SDK sends the request's fields as they are, more of them than its types know. */
function requestOf({ contents, rest }: GeminiBody): GenerateContentRequest {
  return { ...rest, contents } as GenerateContentRequest
}

/** Transport errors reach us without cause or code: their constant beginnings are all there is. */
function errorOf(error: unknown, signal: AbortSignal, begun: boolean): ProviderError {
  if (signal.aborted || !(error instanceof Error)) return transportError(error, signal)
  const { message } = error
  const status = isRecord(error) ? error['status'] : undefined
  if (isErrorStatus(status)) {
    const details = isRecord(error) ? error['errorDetails'] : undefined
    return googleError({ status, error: { message, details } })
  }
  if (message.startsWith('[GoogleGenerativeAI Error]: Error fetching from ')) {
    return new ProviderError({ reason: 'network' })
  }
  if (message.endsWith('Error reading from the stream')) {
    return new ProviderError({ reason: 'connection_reset' })
  }
  if (begun && message.endsWith('Failed to parse stream')) {
    return new ProviderError({ reason: 'stream_truncated' })
  }
  return transportError(error, signal)
}
