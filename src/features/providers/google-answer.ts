/** Reads Gemini's answers, whole or in chunks: parts, usage, finish reasons. */
import type { Delta, Usage } from '../../contracts/provider.js'
import type { FinishReason } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { newId } from '../../util/id.js'
import { googleError } from './google-errors.js'
import { isRecord, nonEmpty } from './shape.js'

type Fields = { readonly [field: string]: unknown }

/** The answer was held back, or its prompt. Source: https://ai.google.dev/api/generate-content#FinishReason */
const FILTERED: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
])
/** A part of an answer whose rest would take another call. */
const CUT_SHORT: ReadonlySet<string> = new Set(['MAX_TOKENS', 'CONTINUATION'])

/** Reads one answer, chunk by chunk; a whole answer is one chunk. Only the first candidate counts. */
export class GeminiReader {
  #chunks = 0
  #usage: Usage | undefined
  #finish: string | undefined
  #blocked = false
  #hasText = false
  #toolCalls = 0

  get chunks(): number {
    return this.#chunks
  }

  /** True once the terminal marker was seen: a cut after it loses nothing. */
  get complete(): boolean {
    return this.#finish !== undefined || this.#blocked
  }

  /** The latest counts. */
  get usage(): Usage | undefined {
    return this.#usage
  }

  /** @throws ProviderError `bad_response` for a wrong shape, the facts of an error in its place */
  read(chunk: unknown): readonly Delta[] {
    this.#chunks += 1
    if (!isRecord(chunk)) throw new ProviderError({ reason: 'bad_response' })
    if (chunk['error']) throw googleError({ error: chunk['error'] })
    this.#usage = usageOf(chunk['usageMetadata']) ?? this.#usage
    const feedback = chunk['promptFeedback']
    const blockReason = isRecord(feedback) ? nonEmpty(feedback['blockReason']) : undefined
    if (blockReason && !blockReason.endsWith('_UNSPECIFIED')) this.#blocked = true
    const deltas = this.#candidate(firstOf(chunk['candidates']))
    return deltas.length > 0 ? deltas : [{ type: 'alive', usage: this.#usage }]
  }

  /**
   * What the finish reason means, given what came with it.
   * @throws ProviderError `stream_truncated` (or `bad_response`, for a whole answer) without one,
   * `content_filter`, `empty`, and `bad_response` for reasons that mean failure
   */
  finish(whole: boolean): FinishReason {
    const usage = this.#usage
    const finish = this.#finish
    if (this.#blocked || (finish !== undefined && FILTERED.has(finish))) {
      throw new ProviderError({ reason: 'content_filter', usage })
    }
    if (finish === undefined) {
      throw new ProviderError({ reason: whole ? 'bad_response' : 'stream_truncated', usage })
    }
    if (CUT_SHORT.has(finish)) return 'length'
    // MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, OTHER, …
    if (finish !== 'STOP') throw new ProviderError({ reason: 'bad_response', usage })
    if (this.#toolCalls > 0) return 'tool_calls'
    if (!this.#hasText) throw new ProviderError({ reason: 'empty', usage })
    return 'stop'
  }

  #candidate(candidate: Fields | undefined): Delta[] {
    if (!candidate) return []
    const finish = nonEmpty(candidate['finishReason'])
    if (finish && !finish.endsWith('_UNSPECIFIED')) this.#finish = finish
    const content = candidate['content']
    const parts = isRecord(content) ? (content['parts'] ?? []) : []
    if (!Array.isArray(parts)) throw new ProviderError({ reason: 'bad_response' })
    return (parts as readonly unknown[]).flatMap((part) => this.#part(part))
  }

  #part(part: unknown): Delta[] {
    if (!isRecord(part)) throw new ProviderError({ reason: 'bad_response' })
    if (part['functionCall'] !== undefined) return [this.#toolCall(part['functionCall'])]
    const text = part['text'] ?? ''
    if (typeof text !== 'string') throw new ProviderError({ reason: 'bad_response' })
    if (text === '') return []
    if (part['thought'] === true) return [{ type: 'reasoning', text }]
    this.#hasText ||= text.trim() !== ''
    return [{ type: 'text', text }]
  }

  /** Calls come whole; older models give them no id. */
  #toolCall(call: unknown): Delta {
    const name = isRecord(call) ? nonEmpty(call['name']) : undefined
    if (!isRecord(call) || name === undefined) throw new ProviderError({ reason: 'bad_response' })
    return {
      type: 'tool_call',
      index: this.#toolCalls++,
      id: nonEmpty(call['id']) ?? newId('call'),
      name,
      arguments: JSON.stringify(call['args'] ?? {}),
    }
  }
}

function firstOf(candidates: unknown): Fields | undefined {
  if (candidates === undefined || candidates === null) return undefined
  if (!Array.isArray(candidates)) throw new ProviderError({ reason: 'bad_response' })
  const all = candidates as readonly unknown[]
  return all.filter(isRecord).find(({ index }) => index === undefined || index === 0)
}

/**
 * Gemini's counts, each in one field: cached tokens are part of the prompt's, thoughts are not part
 * of the candidates', and what server tools put into the prompt comes beside it.
 * Source: https://ai.google.dev/api/generate-content#UsageMetadata
 */
function usageOf(metadata: unknown): Usage | undefined {
  if (!isRecord(metadata) || typeof metadata['promptTokenCount'] !== 'number') return undefined
  const prompt = count(metadata['promptTokenCount'])
  const cache_read = Math.min(prompt, count(metadata['cachedContentTokenCount']))
  return {
    input: prompt - cache_read + count(metadata['toolUsePromptTokenCount']),
    cache_read,
    cache_write: 0,
    output: count(metadata['candidatesTokenCount']),
    reasoning: count(metadata['thoughtsTokenCount']),
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.round(value) : 0
}
