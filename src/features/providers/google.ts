/** Public entry `raptorflow/providers/google`: Gemini models through the official `@google/genai`. */
import type { GenerateContentParameters, GoogleGenAI } from '@google/genai'
import type { ModelOptions } from '../../contracts/model.js'
import type { Provider } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { invalidOption } from '../../util/invalid-option.js'
import { lazyPackage } from '../../util/load-package.js'
import { errorObjectIn, googleError } from './google-errors.js'
import { GEMINI_CAPABILITIES, geminiCalls } from './google-exchange.js'
import type { GeminiExchange } from './google-exchange.js'
import type { GeminiBody } from './google-request.js'
import { isRecord } from './shape.js'
import { isErrorStatus, transportError } from './transport-error.js'
import {
  checkFunction,
  checkHeaders,
  checkKnown,
  checkModels,
  checkName,
  checkText,
  checkURL,
} from './vendor-options.js'
import type { Known } from './vendor-options.js'

type Fetch = typeof globalThis.fetch

export interface GoogleProviderOptions {
  /** What requests and answers call it; unique in a client. @default 'google' */
  readonly name?: string | undefined
  /** @default the environment variable GOOGLE_API_KEY, else GEMINI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default the environment variable GOOGLE_GEMINI_BASE_URL, else Google's own address */
  readonly baseURL?: string | undefined
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Used instead of the global `fetch`, also for a `client`. It must honour the signal. */
  readonly fetch?: Fetch | undefined
  /** The models to serve, by name or with facts that override the catalogue's. @default all the catalogue lists */
  readonly models?: readonly (string | ModelOptions)[] | undefined
  /**
   * A client you already have, for instance for Vertex AI, instead of the connection options above.
   * Its own `httpOptions.fetch` applies, and waits are then known from error bodies only, not from
   * headers, which its errors lack.
   */
  readonly client?: GoogleGenAI | undefined
}

const KNOWN: Known<GoogleProviderOptions> = {
  name: true,
  apiKey: true,
  baseURL: true,
  headers: true,
  fetch: true,
  models: true,
  client: true,
}

const CONNECTION_OPTIONS = ['apiKey', 'baseURL', 'headers'] as const
/** The SDK's words for a stream that ended in the middle of an event. */
const HALF_AN_EVENT = 'Incomplete JSON segment at the end'

const loadPackage = lazyPackage('@google/genai', () => import('@google/genai'))

/**
 * A provider of Gemini models. The package `@google/genai` is loaded on the first call.
 * `provider_options` are fields of the REST body, for instance `generationConfig.thinkingConfig`.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option or without a key
 */
export function google(options: GoogleProviderOptions = {}): Provider {
  checkKnown('google()', options, KNOWN)
  const client = clientSource(options)
  const observed = options.client === undefined || options.fetch !== undefined
  return {
    specVersion: 'v1',
    name: checkName(options.name ?? 'google'),
    vendor: 'google',
    models: options.models === undefined ? null : checkModels('google()', options.models),
    capabilities: GEMINI_CAPABILITIES,
    ...geminiCalls(async () => exchangeOn(await client(), observed, options.fetch)),
  }
}

function clientSource(options: GoogleProviderOptions): () => Promise<GoogleGenAI> {
  const { client, baseURL, headers } = options
  checkFunction('fetch', options.fetch)
  if (client !== undefined) {
    const clash = CONNECTION_OPTIONS.find((option) => options[option] !== undefined)
    if (clash) throw invalidOption(clash, 'left out beside `client`', options[clash])
    return () => Promise.resolve(client)
  }
  checkText('apiKey', options.apiKey)
  checkURL('baseURL', baseURL)
  checkHeaders('headers', headers)
  const apiKey = (options.apiKey ?? process.env['GOOGLE_API_KEY']) || process.env['GEMINI_API_KEY']
  if (!apiKey) throw invalidOption('apiKey', 'given, or GOOGLE_API_KEY to be set', undefined)
  let built: GoogleGenAI | undefined
  return async () => {
    const sdk = await loadPackage()
    built ??= new sdk.GoogleGenAI({
      apiKey,
      // Or an environment variable would send the call elsewhere.
      vertexai: false,
      httpOptions: {
        ...(baseURL !== undefined && { baseUrl: baseURL }),
        ...(headers !== undefined && { headers: { ...headers } }),
      },
    })
    return built
  }
}

/** The SDK's errors have no headers, hence the look at the response on its way. */
function exchangeOn(
  client: GoogleGenAI,
  observed: boolean,
  ownFetch: Fetch | undefined,
): GeminiExchange {
  let response: Response | undefined
  const fetch: Fetch = async (input, init) => {
    // Redirects are answers with an error status: a prompt goes to the configured address only.
    response = await (ownFetch ?? globalThis.fetch)(input, { ...init, redirect: 'manual' })
    return response
  }
  const parameters = (model: string, body: GeminiBody, signal: AbortSignal) =>
    ({
      model,
      contents: body.contents,
      config: {
        abortSignal: signal,
        // Either would make further calls on its own.
        automaticFunctionCalling: { disable: true },
        automaticContinuation: false,
        httpOptions: { extraBody: body.rest, ...(observed && { fetch }) },
      },
    }) satisfies GenerateContentParameters
  return {
    generate: (model, body, signal) =>
      client.models.generateContent(parameters(model, body, signal)),
    stream: (model, body, signal) =>
      client.models.generateContentStream(parameters(model, body, signal)),
    contentType: () => response?.headers.get('content-type') ?? undefined,
    errorOf: (error, signal, begun) => {
      if (signal.aborted) return transportError(error, signal)
      const failed = response?.ok === false ? response : undefined
      const status = (isRecord(error) ? error['status'] : undefined) ?? failed?.status
      const message = error instanceof Error ? error.message : ''
      if (isErrorStatus(status)) {
        return googleError({ status, error: errorObjectIn(message), headers: failed?.headers })
      }
      if (begun && message === HALF_AN_EVENT) {
        return new ProviderError({ reason: 'stream_truncated' })
      }
      return transportError(error, signal)
    },
  }
}
