/** Stale answers that are served while a new one is asked for behind them. */
import type { Found } from './lookup.js'

/**
 * Asks anew, as an ordinary reader of the lowest priority that nobody waits for; once for each key,
 * however many are served meanwhile.
 */
export function createRenewal(
  infer: (request: unknown) => Promise<unknown>,
): (found: Pick<Found, 'key' | 'request'>) => void {
  const running = new Set<string>()
  return ({ key, request }) => {
    if (running.has(key)) return
    running.add(key)
    const cache = { ...request.cache, refresh: true }
    infer({ ...request, cache, priority: 1 })
      .catch(() => undefined)
      .finally(() => running.delete(key))
  }
}
