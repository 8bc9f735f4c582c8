/** The one place that loads the `openai` package. */
import type { ClientOptions, OpenAI } from 'openai'
import { RaptorflowError } from '../../errors.js'
import { invalidOption } from '../../util/invalid-option.js'
import { lazyPackage } from '../../util/load-package.js'
import type { ChatBody } from './openai-request.js'

/** Sends one chat completion; the answer's body is not read yet. Rejects with the SDK's errors. */
export type SendChat = (
  body: ChatBody,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
) => Promise<Response>

const LONGEST_TIMER_MS = 2_147_483_647
const loadOpenAI = lazyPackage('openai', async () => (await import('openai')).OpenAI)

/** A client built on the first call and kept. Its log is off unless asked for: it would show prompts. */
export function lazyClient(options: () => ClientOptions): () => Promise<OpenAI> {
  let client: OpenAI | undefined
  return async () => {
    const OpenAIClient = await loadOpenAI()
    client ??= construct(() => new OpenAIClient({ logLevel: 'off', ...options() }))
    return client
  }
}

/**
 * Never retries, also when the client does by default: failover must not wait for it. Redirects
 * are answers with an error status: a prompt goes to the configured address only.
 */
export function chatSender(client: () => Promise<OpenAI>): SendChat {
  return async (body, { signal, timeoutMs }) => {
    const openai = await client()
    return openai.chat.completions
      .create(body, {
        signal,
        maxRetries: 0,
        timeout: Math.min(Math.max(1, Math.ceil(timeoutMs)), LONGEST_TIMER_MS),
        fetchOptions: { redirect: 'manual' },
      })
      .asResponse()
  }
}

function construct(build: () => OpenAI): OpenAI {
  try {
    return build()
  } catch (error) {
    if (RaptorflowError.isInstance(error)) throw error
    throw invalidOption('clientOptions', 'accepted by the openai package', undefined)
  }
}
