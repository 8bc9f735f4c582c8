/** What a run of warming cost. */
import type { WarmItem, WarmResponse } from '../../contracts/warming.js'
import { toNano, toUsd } from '../../util/money.js'

/** Where a bill is unknown, its estimate counts; where that is unknown, too, it is said. */
export function totalCost(
  items: readonly WarmItem[],
): Pick<WarmResponse, 'total_cost' | 'unpriced'> {
  let nano = 0
  let unpriced = 0
  for (const { actual_cost, estimated_cost } of items) {
    const cost = actual_cost ?? estimated_cost
    if (cost === null) unpriced += 1
    else nano += toNano(cost)
  }
  return { total_cost: toUsd(nano), unpriced }
}
