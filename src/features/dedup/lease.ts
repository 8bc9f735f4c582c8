/** One call for all processes: who takes the lease makes it, the others wait for its answer. */
import { newId } from '../../util/id.js'
import { LeaseEntry } from './lease-entry.js'
import type { EnterOptions, LeaseOutcome, LeaseRoom } from './lease-terms.js'

export interface LeaseDependencies extends Pick<LeaseRoom, 'store' | 'clock' | 'random'> {
  /** @default 128 random bits */
  readonly newToken?: (() => string) | undefined
  /** Milliseconds a dead owner is waited for; a living one extends it at every third. @default 10_000 */
  readonly ttlMs?: number | undefined
}

export interface Leases {
  /** Never rejects but with the signal's reason. */
  enter(name: string, options: EnterOptions): Promise<LeaseOutcome>
}

export function createLeases(dependencies: LeaseDependencies): Leases {
  const { store, clock, random, newToken = newLeaseToken, ttlMs = 10_000 } = dependencies
  const room = { store, clock, random, newToken, ttlMs }
  return { enter: (name, options) => new LeaseEntry(room, name, options).outcome() }
}

function newLeaseToken(): string {
  return newId('lease')
}
