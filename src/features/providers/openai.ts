/** Public entry `raptorflow/providers/openai`: OpenAI's models through the official `openai` package. */
import type { ClientOptions, OpenAI } from 'openai'
import type { ModelCapabilities, ModelOptions } from '../../contracts/model.js'
import type { Provider } from '../../contracts/provider.js'
import { invalidOption } from '../../util/invalid-option.js'
import { chatCompletions } from './openai-chat.js'
import { chatSender, lazyClient } from './openai-client.js'
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

export interface OpenAIProviderOptions {
  /** What requests and answers call it; unique in a client. @default 'openai' */
  readonly name?: string | undefined
  /** @default the environment variable OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** @default the environment variable OPENAI_BASE_URL, else OpenAI's own address */
  readonly baseURL?: string | undefined
  /** @default the environment variable OPENAI_ORG_ID */
  readonly organization?: string | undefined
  /** @default the environment variable OPENAI_PROJECT_ID */
  readonly project?: string | undefined
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Used instead of the global `fetch`. It must honour the signal. */
  readonly fetch?: ClientOptions['fetch'] | undefined
  /** The models to serve, by name or with facts that override the catalogue's. @default all the catalogue lists */
  readonly models?: readonly (string | ModelOptions)[] | undefined
  /** Anything else the `openai` client takes. Its `maxRetries` and `timeout` have no effect: the client decides both. */
  readonly clientOptions?: Omit<ClientOptions, 'maxRetries' | 'timeout'> | undefined
  /** A client you already have, for instance an `AzureOpenAI`, instead of the connection options above. */
  readonly client?: OpenAI | undefined
}

/** All that chat completions can carry; what a model cannot, the catalogue or `models` says. */
const CAPABILITIES: ModelCapabilities = { ...EVERY_CAPABILITY, fileUrls: false }

const KNOWN: Known<OpenAIProviderOptions> = {
  name: true,
  apiKey: true,
  baseURL: true,
  organization: true,
  project: true,
  headers: true,
  fetch: true,
  models: true,
  clientOptions: true,
  client: true,
}

const CONNECTION_OPTIONS = [
  'apiKey',
  'baseURL',
  'organization',
  'project',
  'headers',
  'fetch',
  'clientOptions',
] as const

/**
 * OpenAI through chat completions. The package is loaded on the first call.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option or without a key
 */
export function openai(options: OpenAIProviderOptions = {}): Provider {
  checkKnown('openai()', options, KNOWN)
  const name = checkName(options.name ?? 'openai')
  const models = options.models === undefined ? null : checkModels('openai()', options.models)
  const send = chatSender(clientSource(options))
  return {
    specVersion: 'v1',
    name,
    vendor: 'openai',
    models,
    capabilities: CAPABILITIES,
    ...chatCompletions(send, {
      maxTokensField: 'max_completion_tokens',
      streamUsage: true,
      toolsNeedNoReasoning: (model) => TOOLS_NEED_NO_REASONING.test(model),
    }),
  }
}

/**
 * Chat completions answer 400 to tools on gpt-5.6 unless reasoning is off, also when none was asked
 * for (vendor's error text, quoted in BerriAI/litellm#34569). gpt-6 is taken to be the same.
 */
const TOOLS_NEED_NO_REASONING = /^gpt-(?:5\.6|6)(?:-|$)/

function clientSource(options: OpenAIProviderOptions): () => Promise<OpenAI> {
  const { client } = options
  if (client !== undefined) {
    checkFunction('client.chat.completions.create', createOf(client) ?? null)
    const clash = CONNECTION_OPTIONS.find((option) => options[option] !== undefined)
    if (clash) throw invalidOption(clash, 'left out beside `client`', options[clash])
    return () => Promise.resolve(client)
  }
  checkConnection(options)
  return lazyClient(() => ({
    ...options.clientOptions,
    ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
    ...(options.baseURL !== undefined && { baseURL: options.baseURL }),
    ...(options.organization !== undefined && { organization: options.organization }),
    ...(options.project !== undefined && { project: options.project }),
    ...(options.headers !== undefined && { defaultHeaders: options.headers }),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
  }))
}

function checkConnection(options: OpenAIProviderOptions): void {
  checkText('apiKey', options.apiKey)
  checkText('organization', options.organization)
  checkText('project', options.project)
  checkURL('baseURL', options.baseURL)
  checkHeaders('headers', options.headers)
  checkFunction('fetch', options.fetch)
  const { apiKey, workloadIdentity, provider } = options.clientOptions ?? {}
  const given = options.apiKey ?? apiKey ?? workloadIdentity ?? provider
  if (given ?? process.env['OPENAI_API_KEY']) return
  throw invalidOption('apiKey', 'given, or OPENAI_API_KEY to be set', undefined)
}

/** Written for values of any shape: JavaScript callers have no types to stop them. */
function createOf(client: { readonly chat?: OpenAI['chat'] | undefined }): unknown {
  const completions: { readonly create?: unknown } | undefined = client.chat?.completions
  return completions?.create
}
