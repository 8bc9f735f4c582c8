/** What warming may spend: reserved at the worst case before a call, settled after it. Nano-USD. */
import type { Clock } from '../../contracts/clock.js'

export interface Reservation {
  /** Once. `null`: unknown, so the whole reservation counts as spent. */
  settle(actual: number | null): void
}

export interface Purse {
  /** False when there is no limit: then a call of unknown price is allowed. */
  readonly limited: boolean
  /** What may still be reserved; Infinity without a limit. */
  left(): number
  /** Undefined when that much is not left. */
  reserve(worst: number | null): Reservation | undefined
}

const NOTHING: Reservation = { settle: () => undefined }

export const UNLIMITED: Purse = {
  limited: false,
  left: () => Infinity,
  reserve: () => NOTHING,
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
  const left = (): number => Math.max(0, limit - spent() - reserved)
  return {
    limited: true,
    left,
    reserve: (worst) => {
      if (worst === null || worst > left()) return undefined
      reserved += worst
      let open = true
      return {
        settle: (actual) => {
          if (!open) return
          open = false
          reserved -= worst
          spend(actual ?? worst)
        },
      }
    },
  }
}
