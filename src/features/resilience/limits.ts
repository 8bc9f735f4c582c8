/** How long one attempt may take. Types only. */
import type { Clock } from '../../contracts/clock.js'

export interface CallLimits {
  /** Longest the attempt may take, in milliseconds. */
  readonly totalMs: number
  readonly clock: Clock
  /** The parent's: when it aborts, so does the attempt; never the other way round. */
  readonly signal: AbortSignal
}

export interface StreamLimits extends CallLimits {
  /** Longest until the first delta of any kind, in milliseconds. */
  readonly firstByteMs: number
  /** Longest without content after that, in milliseconds; `alive` deltas are not content. */
  readonly idleMs: number
}
