/** The vocabulary of leases. Types only. */
import type { Clock, Random } from '../../contracts/clock.js'
import type { LeaseEnd, LeaseStore } from '../../contracts/coordination.js'

export interface EnterOptions {
  /** Of the one who wants the answer: ends the wait, not a lease that is owned. */
  readonly signal: AbortSignal
  /** False: never waits for another process. A stream would have nothing to show meanwhile. */
  readonly wait: boolean
  /** Whether the shared cache has the answer by now. A rejection counts as no. */
  readonly isStored: () => boolean | Promise<boolean>
  /** When the answer must be there, on `clock.monotonic()`; may move. */
  readonly deadline: () => number
}

/** The right to make the call, kept alive until its end. */
export interface Lease {
  /**
   * Stops extending and wakes who waits. Resolves when the store knows, or cannot be told; never
   * rejects. Only the first call counts.
   */
  end(end: LeaseEnd): Promise<void>
}

/**
 * `owner`: make the call, then end the lease. `stored`: another process did, read the cache. `alone`:
 * make the call without a lease, because the store is ill, the lease is not to be had in time, or its
 * owner has nothing to share. A duplicate call is only money.
 */
export type LeaseOutcome =
  | { readonly kind: 'owner'; readonly lease: Lease }
  | { readonly kind: 'stored' }
  | { readonly kind: 'alone' }

/** What everything about leases stands on. */
export interface LeaseRoom {
  readonly store: LeaseStore
  readonly clock: Clock
  readonly random: Random
  readonly newToken: () => string
  readonly ttlMs: number
}
