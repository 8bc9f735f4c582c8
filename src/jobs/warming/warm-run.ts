/** One call of `warm`: its items, in order, a few at a time. */
import type { WarmItem } from '../../contracts/warming.js'
import { errorKind } from '../../util/error-kind.js'
import { candidates, type Choice } from './candidates.js'
import type { WarmerDependencies } from './dependencies.js'
import { hopeless, tryParse, warmCandidate, warmPrompt, type WarmTerms } from './warm-items.js'

/** @throws RaptorflowError ABORTED when the signal aborts */
export async function warmPrompts(
  deps: WarmerDependencies,
  terms: WarmTerms,
  prompts: readonly unknown[],
  atOnce: number,
): Promise<readonly WarmItem[]> {
  const items: WarmItem[] = []
  /** By key: equal prompts are asked once. */
  const begun = new Map<string, Promise<WarmItem>>()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < prompts.length && terms.signal?.aborted !== true) {
      const index = next++
      items[index] = await oneOf(deps, terms, begun, prompts[index], index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, prompts.length) }, work))
  return items
}

async function oneOf(
  deps: WarmerDependencies,
  terms: WarmTerms,
  begun: Map<string, Promise<WarmItem>>,
  raw: unknown,
  index: number,
): Promise<WarmItem> {
  const request = tryParse(raw)
  if (request === undefined) return hopeless(index, 'failed')
  let key: string | undefined
  try {
    key = deps.keyOf(request)
  } catch {
    return hopeless(index, 'failed')
  }
  // `use_cache: false`: the answer would be paid for and kept nowhere.
  if (key === undefined) return hopeless(index, 'refused')
  const first = begun.get(key)
  if (first !== undefined) {
    const item = await first
    const served = item.outcome === 'warmed' || item.outcome === 'planned'
    return { ...item, index, outcome: served ? 'fresh' : item.outcome, actual_cost: 0 }
  }
  const own = warmPrompt(deps, terms, { index, request, key }).catch((error: unknown) => {
    if (terms.signal?.aborted === true) throw error
    deps.logger.error({ error: errorKind(error) }, 'warming a prompt failed')
    return hopeless(index, 'failed')
  })
  begun.set(key, own)
  return own
}

/** Keys the forecast expects to be asked for, the best first, one after the other. */
export async function warmExpected(
  deps: WarmerDependencies,
  terms: WarmTerms,
  choice: Choice,
): Promise<readonly WarmItem[]> {
  const items: WarmItem[] = []
  for (const candidate of await candidates(deps, choice, terms.signal)) {
    if (terms.signal?.aborted === true) break
    items.push(await warmCandidate(deps, terms, choice.trial, candidate))
  }
  return items
}
