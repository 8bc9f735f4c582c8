/** Public entry `raptorflow/providers/anthropic`: Claude models through the official SDK. */
import type { Anthropic } from '@anthropic-ai/sdk'
import type { ModelCapabilities, ModelOptions } from '../../contracts/model.js'
import type { Provider } from '../../contracts/provider.js'
import { invalidOption } from '../../util/invalid-option.js'
import { lazyPackage } from '../../util/load-package.js'
import { anthropicMessages } from './anthropic-messages.js'
import type { SendMessages } from './anthropic-messages.js'
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
import { EVERY_CAPABILITY } from '../../util/capabilities.js'

export interface AnthropicProviderOptions {
  /** @default the environment's ANTHROPIC_API_KEY */
  readonly apiKey?: string | undefined
  /** @default the environment's ANTHROPIC_BASE_URL, else Anthropic's own address */
  readonly baseURL?: string | undefined
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** What it serves. @default every Claude model of the catalogue */
  readonly models?: readonly (string | ModelOptions)[] | undefined
  /** Unique in a client: `^[a-z0-9][a-z0-9_-]{0,63}$`. @default 'anthropic' */
  readonly name?: string | undefined
  /**
   * `max_tokens` of calls that name none, which the API requires; an integer >= 1, at most the
   * model's own limit. Thinking counts towards it.
   * @default 4096
   */
  readonly defaultMaxTokens?: number | undefined
  /** A client you already have, for instance with other credentials, instead of the connection options above. */
  readonly client?: Anthropic | undefined
}

/** What the Messages API can carry; newer models refuse some of it, which their catalogue entry says. */
const CAPABILITIES: ModelCapabilities = {
  ...EVERY_CAPABILITY,
  jsonObject: false,
  seed: false,
  maxTemperature: 1,
  // Refused since Claude 4.5: "temperature and top_p cannot both be specified for this model".
  temperatureWithTopP: false,
}

const KNOWN: Known<AnthropicProviderOptions> = {
  apiKey: true,
  baseURL: true,
  headers: true,
  fetch: true,
  models: true,
  name: true,
  defaultMaxTokens: true,
  client: true,
}

const DEFAULT_MAX_TOKENS = 4096
/** Beyond this Node's timers fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647
const CONNECTION_OPTIONS = ['apiKey', 'baseURL', 'headers', 'fetch'] as const

const loadPackage = lazyPackage('@anthropic-ai/sdk', () => import('@anthropic-ai/sdk'))

/**
 * A provider of Claude models. The package `@anthropic-ai/sdk` is loaded on the first call.
 * `provider_options` are fields of the Messages API's body.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option or without a key
 */
export function anthropic(options: AnthropicProviderOptions = {}): Provider {
  checkKnown('anthropic()', options, KNOWN)
  const maxTokens = options.defaultMaxTokens ?? DEFAULT_MAX_TOKENS
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
    throw invalidOption('defaultMaxTokens', 'an integer >= 1', maxTokens)
  }
  return {
    specVersion: 'v1',
    name: checkName(options.name ?? 'anthropic'),
    vendor: 'anthropic',
    models: options.models === undefined ? null : checkModels('anthropic()', options.models),
    capabilities: CAPABILITIES,
    ...anthropicMessages(sender(clientSource(options)), maxTokens),
  }
}

function clientSource(options: AnthropicProviderOptions): () => Promise<Anthropic> {
  const { client, baseURL, headers, fetch } = options
  if (client !== undefined) {
    const clash = CONNECTION_OPTIONS.find((option) => options[option] !== undefined)
    if (clash) throw invalidOption(clash, 'left out beside `client`', options[clash])
    return () => Promise.resolve(client)
  }
  checkText('apiKey', options.apiKey)
  checkURL('baseURL', baseURL)
  checkHeaders('headers', headers)
  checkFunction('fetch', fetch)
  const apiKey = options.apiKey ?? process.env['ANTHROPIC_API_KEY']
  if (!apiKey) throw invalidOption('apiKey', 'given, or ANTHROPIC_API_KEY to be set', undefined)
  let built: Anthropic | undefined
  return async () => {
    const sdk = await loadPackage()
    built ??= new sdk.Anthropic({
      apiKey,
      baseURL,
      defaultHeaders: headers,
      fetch,
      maxRetries: 0,
      // Its log would show prompts, its spans would come beside our own.
      logLevel: 'off',
      openTelemetry: false,
    })
    return built
  }
}

/**
 * Never retries, also when a caller's own client does by default. Without a timeout the SDK refuses
 * a large `max_tokens` before it calls. Redirects are answers with an error status: a prompt goes to
 * the configured address only.
 */
function sender(client: () => Promise<Anthropic>): SendMessages {
  return async (body, { stream, signal, timeoutMs }) => {
    const { messages } = await client()
    const params = body as Anthropic.MessageCreateParamsNonStreaming
    const options: Anthropic.RequestOptions = {
      signal,
      timeout: Math.min(Math.max(1, Math.ceil(timeoutMs)), LONGEST_TIMER_MS),
      maxRetries: 0,
      fetchOptions: { redirect: 'manual' },
    }
    return stream
      ? messages.create({ ...params, stream: true }, options).asResponse()
      : messages.create({ ...params, stream: false }, options).asResponse()
  }
}
