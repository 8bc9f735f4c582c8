/** A validated request as one provider call: defaults applied, nothing left that the model refuses. */
import type { Message, ParsedRequest } from '../contracts/request.js'
import type { Offer, ProviderCall } from '../contracts/provider.js'

/** The documented default; only sent to models that take a temperature. */
const DEFAULT_TEMPERATURE = 0.7

type Conversation = ProviderCall['messages']

/** Instructions and conversation, apart: vendors want them in different places. */
export interface Input {
  readonly system: string | undefined
  readonly messages: Conversation
}

export function inputOf(request: ParsedRequest): Input {
  if (request.prompt !== undefined) {
    return { system: request.system, messages: [{ role: 'user', content: request.prompt }] }
  }
  const messages = request.messages ?? []
  const isSystem = (message: Message): boolean => message.role === 'system'
  const instructions = [
    ...(request.system === undefined ? [] : [request.system]),
    ...messages.flatMap((message) => (message.role === 'system' ? [message.content] : [])),
  ]
  return {
    system: instructions.length > 0 ? instructions.join('\n\n') : undefined,
    messages: messages.filter((message): message is Conversation[number] => !isSystem(message)),
  }
}

export interface CallTerms {
  readonly request_id: string
  readonly input: Input
  readonly maxTokens: number | undefined
  readonly timeoutMs: number
}

export function providerCall(request: ParsedRequest, offer: Offer, terms: CallTerms): ProviderCall {
  return {
    request_id: terms.request_id,
    model: offer.model,
    system: terms.input.system,
    messages: terms.input.messages.map(ownCopy),
    temperature: temperatureFor(request, offer),
    top_p: request.top_p,
    max_tokens: terms.maxTokens,
    stop: request.stop,
    seed: request.seed,
    tools: request.tools && structuredClone(request.tools),
    tool_choice: request.tool_choice,
    response_format: request.response_format && structuredClone(request.response_format),
    provider_options: optionsFor(request, offer.provider.name),
    timeoutMs: terms.timeoutMs,
  }
}

/** What one provider does to its copy reaches neither the next one nor the cache. */
function ownCopy<Held extends Conversation[number]>(message: Held): Held {
  const copy = { ...message }
  if (copy.role === 'user' && typeof copy.content !== 'string') {
    return { ...copy, content: copy.content.map((part) => ({ ...part })) }
  }
  if (copy.role === 'assistant' && copy.tool_calls) {
    return { ...copy, tool_calls: copy.tool_calls.map((call) => ({ ...call })) }
  }
  return copy
}

function optionsFor(
  { provider_options }: ParsedRequest,
  provider: string,
): ProviderCall['provider_options'] {
  if (!provider_options || !Object.hasOwn(provider_options, provider)) return undefined
  return structuredClone(provider_options[provider])
}

function temperatureFor(request: ParsedRequest, offer: Offer): number | undefined {
  const { maxTemperature, temperatureWithTopP } = offer.model.capabilities
  if (request.temperature !== undefined) return request.temperature
  // A default must not stand in the way of what was named, nor reach a model that refuses it.
  if (maxTemperature === null || (request.top_p !== undefined && !temperatureWithTopP))
    return undefined
  return Math.min(DEFAULT_TEMPERATURE, maxTemperature)
}
