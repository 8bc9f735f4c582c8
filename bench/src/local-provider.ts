/** A provider inside this process, for what would only be blurred by a network. */
import { openai, type Delta, type Provider, type ProviderAnswer } from './subject.js'

export const LOCAL_MODEL = 'local-model'

/**
 * @param answer called for each unary call
 * @param deltas called for each stream
 */
export function localProvider(
  answer: () => ProviderAnswer,
  deltas: () => AsyncIterable<Delta>,
): Provider {
  return {
    // Its abilities are what any chat model has: they decide nothing here.
    ...openai({ apiKey: 'none' }),
    name: 'local',
    vendor: null,
    models: [{ id: LOCAL_MODEL, price: { input: 1, output: 2 } }],
    call: () => Promise.resolve(answer()),
    stream: deltas,
  }
}

export function answerOf(text: string): ProviderAnswer {
  return {
    text,
    reasoning: undefined,
    tool_calls: [],
    finish_reason: 'stop',
    usage: { input: 20, cache_read: 0, cache_write: 0, output: 250, reasoning: 0 },
  }
}
