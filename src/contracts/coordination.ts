/** What processes that share a store tell one another. Types only. */

/**
 * "Whatever carries this label and was created at or before `at` is not to be served."
 * Labels: `l1`, `l2`, `l3` (all entries of that level), `t:<tag>`, `k:<cache key>`, `*` (everything).
 */
export interface Mark {
  readonly label: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** A shared, bounded list of marks. What it forgets it replaces by one mark `*` of the same age. */
export interface MarkStore {
  /**
   * Records the marks and tells the other processes. Rejects when that was not possible at once; it
   * is then done when the store returns, before any entry is read from it again.
   */
  put(marks: readonly Mark[]): Promise<void>
  /**
   * Calls with every mark the store holds, and from then on with those of other processes. After a
   * lost connection: with all that were missed. Until the first call, and between a reconnect and
   * the call that follows it, the tier answers no reads. The listener must not throw.
   */
  subscribe(listener: (marks: readonly Mark[]) => void): () => void
}

/**
 * How a lease ended, as its owner tells it: `stored`, the answer is in the shared cache; `none`, there
 * is no answer to share, so nobody need wait for one.
 */
export type LeaseEnd = 'stored' | 'none'

/** Named locks with a lifetime, each owned by a random token. All methods may reject. */
export interface LeaseStore {
  /** False while the store is known to be ill: asking would only cost time. */
  readonly available: boolean
  /** True when taken, false when somebody holds it. */
  take(name: string, token: string, ttlMs: number): Promise<boolean>
  /** True while still owned by that token; restarts the lifetime. */
  extend(name: string, token: string, ttlMs: number): Promise<boolean>
  /** Frees it if owned by that token, and wakes who waits. */
  release(name: string, token: string, end: LeaseEnd): Promise<void>
  /** Calls when the lease is released; a lost message is possible, so poll as well. */
  onRelease(name: string, listener: (end: LeaseEnd) => void): () => void
}
