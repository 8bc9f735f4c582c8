/** How a cache level has been doing since the start. */
import type { CacheTier, TierHealth, TierState } from '../../contracts/cache-tier.js'

/**
 * What went wrong in a tier. `timeout`: it did not answer in time; `malformed`: it gave back no valid
 * entry; `overflow`: too slow to take writes; `marks`: it could not keep an invalidation.
 */
export type TierErrorKind =
  | 'open'
  | 'get'
  | 'set'
  | 'delete'
  | 'clear'
  | 'marks'
  | 'stats'
  | 'recent'
  | 'scope'
  | 'flush'
  | 'close'
  | 'timeout'
  | 'malformed'
  | 'overflow'

export type TierErrorListener = (level: CacheTier['level'], kind: TierErrorKind) => void

/** @param reason one word, without any text of the store's */
export type TierStateListener = (
  level: CacheTier['level'],
  state: TierState,
  reason: string,
) => void

/** The same, to be counted up. */
export type TierCounts = { -readonly [K in keyof TierHealth]: TierHealth[K] }

export const newCounts = (): TierCounts => ({
  state: 'ok',
  hits: 0,
  misses: 0,
  errors: 0,
  timeouts: 0,
  skipped: 0,
  dropped: 0,
})
