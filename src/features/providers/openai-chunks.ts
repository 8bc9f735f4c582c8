/** The chunks of a streamed chat completion as deltas. */
import type { Delta, Usage } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { embeddedError, finishReason } from './openai-finish.js'
import { createToolCallReader } from './openai-tool-calls.js'
import { usageOf } from './openai-usage.js'
import { isRecord, nonEmpty } from './shape.js'

export interface ChunkReader {
  /**
   * The deltas of one chunk; `alive` when it has no content.
   * @throws ProviderError for an error object or a malformed chunk
   */
  read(chunk: unknown): Delta[]
  /** True once a `finish_reason` came: only usage may follow. */
  readonly finished: boolean
  /** The usage last reported. */
  readonly usage: Usage | undefined
  /**
   * The last delta. `done`: the stream said `[DONE]`, which is a terminal marker, too.
   * @throws ProviderError `stream_truncated` without a marker, else as `finishReason`
   */
  finish(done: boolean): Delta
}

/** State of one stream. */
export function createChunkReader(): ChunkReader {
  const toolCalls = createToolCallReader()
  let finish: unknown
  let hasText = false
  let refused = false
  let usage: Usage | undefined

  const readChoice = (choice: { readonly [field: string]: unknown }): Delta[] => {
    finish = choice['finish_reason'] ?? finish
    const delta = choice['delta'] ?? {}
    if (!isRecord(delta)) throw new ProviderError({ reason: 'bad_response' })
    const deltas: Delta[] = []
    const reasoning = nonEmpty(delta['reasoning_content']) ?? nonEmpty(delta['reasoning'])
    if (reasoning) deltas.push({ type: 'reasoning', text: reasoning })
    const text = delta['content'] ?? ''
    if (typeof text !== 'string') throw new ProviderError({ reason: 'bad_response' })
    if (text !== '') {
      hasText ||= text.trim() !== ''
      deltas.push({ type: 'text', text })
    }
    refused ||= nonEmpty(delta['refusal']) !== undefined
    deltas.push(...toolCalls.read(delta['tool_calls']))
    return deltas
  }

  return {
    read: (chunk) => {
      if (!isRecord(chunk)) throw new ProviderError({ reason: 'bad_response' })
      const reported = usageOf(chunk['usage'])
      usage = reported ?? usage
      if (chunk['error']) throw embeddedError(chunk['error'], usage)
      const choices: unknown = chunk['choices']
      const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
      const deltas = isRecord(choice) ? readChoice(choice) : []
      return deltas.length > 0 ? deltas : [{ type: 'alive', usage: reported }]
    },
    get finished() {
      return finish !== undefined
    },
    get usage() {
      return usage
    },
    finish: (done) => {
      if (finish === undefined && !done) {
        throw new ProviderError({ reason: 'stream_truncated', usage })
      }
      const reason = finishReason({
        finish: finish ?? 'stop',
        hasText,
        hasToolCalls: toolCalls.count > 0,
        refused,
        usage,
      })
      return { type: 'finish', finish_reason: reason, usage }
    },
  }
}
