/** Token counts as somebody else's code reports them. */
import type { Usage } from '../../contracts/provider.js'

/**
 * A frozen copy; undefined unless every count is a whole number from 0. Nonsense counts as not
 * reported: one NaN would stay in every sum it entered.
 */
export function soundUsage(usage: Usage | undefined): Usage | undefined {
  if (typeof usage !== 'object' || (usage as unknown) === null) return undefined
  const { input, cache_read, cache_write, output, reasoning } = usage
  const counts = [input, cache_read, cache_write, output, reasoning]
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return undefined
  return Object.freeze({ input, cache_read, cache_write, output, reasoning })
}
