/** Token counts of a chat completion, each token in one field only. */
import type { Usage } from '../../contracts/provider.js'
import { isCount, isRecord } from './shape.js'

/**
 * Undefined when the counts are missing, malformed or all zero (no call costs nothing).
 * `prompt_tokens` includes the cached ones and `completion_tokens` the reasoning, except where
 * `total_tokens` proves that reasoning was counted beside it, as xAI does.
 */
export function usageOf(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = value
  if (!isCount(prompt) || !isCount(completion) || prompt + completion === 0) return undefined

  const details = isRecord(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {}
  // DeepSeek reports the cached part at the top level.
  const cached = count(details['cached_tokens']) || count(value['prompt_cache_hit_tokens'])
  const cache_read = Math.min(cached, prompt)
  const cache_write = Math.min(count(details['cache_write_tokens']), prompt - cache_read)

  const more = value['completion_tokens_details']
  const reasoned = isRecord(more) ? count(more['reasoning_tokens']) : 0
  const isBeside = reasoned > 0 && total === prompt + completion + reasoned
  const reasoning = isBeside ? reasoned : Math.min(reasoned, completion)

  return {
    input: prompt - cache_read - cache_write,
    cache_read,
    cache_write,
    output: isBeside ? completion : completion - reasoning,
    reasoning,
  }
}

function count(value: unknown): number {
  return isCount(value) ? value : 0
}
