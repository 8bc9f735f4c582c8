/** One request's money: what its attempts may still spend together. */

/** The right to spend up to an amount, once. It ends by `settle` or `release`, whichever is first. */
export interface Reservation {
  /**
   * The attempt cost `actualNano` nano-USD, even if that is more than was reserved.
   * Null: nobody knows, so the reserved amount counts as spent.
   */
  settle(actualNano: number | null): void
  /** The attempt cost nothing. Does nothing after `settle`: made for `finally`. */
  release(): void
}

export interface RequestBudget {
  /**
   * Null refuses: the amount is more than remains, or nobody knows it. An unknown price is never
   * taken for 0: under a limit it is a refusal.
   * @param worstCaseNano nano-USD this attempt cannot exceed; null when its price is unknown
   */
  reserve(worstCaseNano: number | null): Reservation | null
  /** Nano-USD neither spent nor reserved, never below 0; null without a limit. */
  remaining(): number | null
}

/**
 * One budget spans all attempts of one request: failed ones, retries, failovers, running in turn or
 * at once. Each attempt reserves its worst case before it is sent and settles what it cost, so spent
 * plus reserved never exceeds the limit, unless a provider bills more than the worst case: then the
 * true amount counts and nothing further is granted.
 * @param limitNano nano-USD, >= 0; null: no limit, everything is granted
 */
export function createRequestBudget(limitNano: number | null): RequestBudget {
  let spent = 0
  let reserved = 0
  const left = (limit: number): number => Math.max(0, limit - spent - reserved)

  const open = (amount: number): Reservation => {
    let ended = false
    reserved += amount
    const end = (cost: number): void => {
      if (ended) return
      ended = true
      reserved -= amount
      spent += cost
    }
    return {
      settle: (actualNano) => {
        end(isAmount(actualNano) ? actualNano : amount)
      },
      release: () => {
        end(0)
      },
    }
  }

  return {
    reserve: (worstCaseNano) => {
      // Without a limit nothing is compared, and an infinite amount would make the sums NaN.
      if (limitNano === null) return open(0)
      if (!isAmount(worstCaseNano) || spent + reserved + worstCaseNano > limitNano) return null
      return open(worstCaseNano)
    },
    remaining: () => (limitNano === null ? null : left(limitNano)),
  }
}

function isAmount(nano: number | null): nano is number {
  return nano !== null && Number.isFinite(nano) && nano >= 0
}
