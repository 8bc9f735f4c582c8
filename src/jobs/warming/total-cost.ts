/** What a run of warming cost. */
import type { WarmItem } from '../../contracts/warming.js'
import { toNano, toUsd } from '../../util/money.js'

/** USD; where the cost of a call is unknown, its estimate. */
export function totalCost(items: readonly WarmItem[]): number {
  const costs = items.map((item) => toNano(item.actual_cost ?? item.estimated_cost ?? 0))
  return toUsd(costs.reduce((sum, cost) => sum + cost, 0))
}
