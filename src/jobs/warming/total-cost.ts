/** What a run of warming cost. */
import type { WarmItem } from '../../contracts/warming.js'

/** USD; where the cost of a call is unknown, its estimate. */
export function totalCost(items: readonly WarmItem[]): number {
  return items.reduce((sum, item) => sum + (item.actual_cost ?? item.estimated_cost ?? 0), 0)
}
