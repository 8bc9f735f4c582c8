/** What warming may spend: reserved at its most before a call, settled after it. Nano-USD. */
import type { Clock } from '../../contracts/clock.js'

export interface Reservation {
  /** What the call must not exceed; undefined without a limit. */
  readonly amount: number | undefined
  /** Once. `null`: unknown, so the whole reservation counts as spent. */
  settle(actual: number | null): void
}

export interface Purse {
  /** False when there is no limit: then a call of unknown price is allowed. */
  readonly limited: boolean
  /** What may still be reserved; Infinity without a limit. */
  left(): number
  /**
   * Waits for reserved money that calls under way may not need. Undefined when that much is not left
   * even so, or when `most` is unknown under a limit.
   */
  reserve(most: number | null): Promise<Reservation | undefined>
}

const NOTHING: Reservation = { amount: undefined, settle: () => undefined }

export const UNLIMITED: Purse = {
  limited: false,
  left: () => Infinity,
  reserve: () => Promise.resolve(NOTHING),
}

/** For one run. */
export function createPurse(limit: number): Purse {
  let spent = 0
  return limitedPurse(
    limit,
    () => spent,
    (amount) => {
      spent += amount
    },
  )
}

const MINUTE_MS = 60_000
const MINUTES = 60

/** For any 60 minutes in a row, in steps of one minute. */
export function createHourlyPurse(clock: Clock, limit: number): Purse {
  let buckets: { readonly minute: number; spent: number }[] = []
  const minuteNow = (): number => Math.floor(clock.monotonic() / MINUTE_MS)
  const spent = (): number => {
    const minute = minuteNow()
    buckets = buckets.filter((bucket) => bucket.minute >= minute - MINUTES)
    return buckets.reduce((sum, bucket) => sum + bucket.spent, 0)
  }
  return limitedPurse(limit, spent, (amount) => {
    const minute = minuteNow()
    const last = buckets.at(-1)
    if (last?.minute === minute) last.spent += amount
    else buckets.push({ minute, spent: amount })
  })
}

function limitedPurse(limit: number, spent: () => number, spend: (amount: number) => void): Purse {
  let reserved = 0
  let waiting: (() => void)[] = []
  const left = (): number => Math.max(0, limit - spent() - reserved)
  const open = (amount: number): Reservation => {
    let settled = false
    reserved += amount
    return {
      amount,
      settle: (actual) => {
        if (settled) return
        settled = true
        reserved -= amount
        spend(actual ?? amount)
        const woken = waiting
        waiting = []
        for (const wake of woken) wake()
      },
    }
  }
  return {
    limited: true,
    left,
    reserve: async (most) => {
      if (most === null) return undefined
      while (most > left()) {
        // With nothing reserved nobody would end the wait, and this is false.
        if (most > limit - spent()) return undefined
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
      return open(most)
    },
  }
}
