/** Public entry `raptorflow/providers/openai-compatible`: Ollama, vLLM, Groq, DeepSeek and others that speak OpenAI's format. */
import type { ClientOptions } from 'openai'
import type { ModelCapabilities, ModelOptions } from '../../contracts/model.js'
import type { Provider } from '../../contracts/provider.js'
import { chatCompletions } from './openai-chat.js'
import { chatSender, lazyClient } from './openai-client.js'
import {
  TEXT_CAPABILITIES,
  checkCapabilities,
  checkFunction,
  checkGiven,
  checkHeaders,
  checkKnown,
  checkModels,
  checkName,
  checkText,
  checkURL,
  widest,
  withCapabilities,
} from './vendor-options.js'
import type { Known } from './vendor-options.js'

export interface OpenAICompatibleOptions {
  /** What requests and answers call it; unique in a client. */
  readonly name: string
  /** Where `/chat/completions` is appended, for instance `http://localhost:11434/v1`. */
  readonly baseURL: string
  /** Sent as a bearer token. @default none is sent; never OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** At least one, by name or with facts; prices and limits are the catalogue's where it knows them. */
  readonly models: readonly (string | ModelOptions)[]
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Used instead of the global `fetch`. It must honour the signal. */
  readonly fetch?: ClientOptions['fetch'] | undefined
  /** Whose prices and facts the catalogue should look up, for instance `groq`. @default null */
  readonly vendor?: string | null | undefined
  /**
   * What the models can do beyond text and sampling; a model's own `capabilities` go before.
   * @default text only: no tools, images, files or structured output, which many servers drop silently
   */
  readonly capabilities?: Partial<ModelCapabilities> | undefined
  /** `false` for a server that refuses `stream_options`. @default true */
  readonly streamUsage?: boolean | undefined
}

const KNOWN: Known<OpenAICompatibleOptions> = {
  name: true,
  baseURL: true,
  apiKey: true,
  models: true,
  headers: true,
  fetch: true,
  vendor: true,
  capabilities: true,
  streamUsage: true,
}

/**
 * A server that speaks chat completions. The `openai` package is loaded on the first call.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option
 */
export function openaiCompatible(options: OpenAICompatibleOptions): Provider {
  checkKnown('openaiCompatible()', options, KNOWN)
  checkCapabilities('openaiCompatible()', options.capabilities, 'capabilities')
  checkOptions(options)
  const models = checkModels('openaiCompatible()', options.models)
  const capabilities = { ...TEXT_CAPABILITIES, ...options.capabilities }
  const send = chatSender(lazyClient(() => connection(options)))
  return {
    specVersion: 'v1',
    name: checkName(options.name),
    vendor: options.vendor ?? null,
    models: withCapabilities(models, capabilities),
    capabilities: widest(capabilities, models),
    ...chatCompletions(send, {
      maxTokensField: 'max_tokens',
      streamUsage: options.streamUsage ?? true,
    }),
  }
}

function checkOptions(options: OpenAICompatibleOptions): void {
  // An undefined address would send everything to OpenAI.
  checkGiven('baseURL', options.baseURL)
  checkURL('baseURL', options.baseURL)
  checkText('apiKey', options.apiKey)
  checkText('vendor', options.vendor ?? undefined)
  checkHeaders('headers', options.headers)
  checkFunction('fetch', options.fetch)
}

/** Everything the package would take from OPENAI_… variables is set here: those are for OpenAI's ears. */
function connection(options: OpenAICompatibleOptions): ClientOptions {
  return {
    baseURL: options.baseURL,
    apiKey: options.apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    defaultHeaders: {
      ...withoutEnvironment(),
      Authorization: options.apiKey === undefined ? null : `Bearer ${options.apiKey}`,
      ...options.headers,
    },
  }
}

/** Takes back the headers of OPENAI_CUSTOM_HEADERS, lines of `name: value`. */
function withoutEnvironment(): Record<string, null> {
  const lines = (process.env['OPENAI_CUSTOM_HEADERS'] ?? '').split('\n')
  const names = lines.flatMap((line) =>
    line.includes(':') ? [line.slice(0, line.indexOf(':')).trim()] : [],
  )
  return Object.fromEntries(names.filter((name) => name !== '').map((name) => [name, null]))
}
