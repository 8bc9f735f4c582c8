/** Counters of semantic matching. */
import type { SemanticStats } from '../../contracts/semantic-stats.js'
import type { GuardName } from './guards/guards.js'
import type { Refusal } from './refusals.js'

export class SemanticCounters {
  lookups = 0
  failures = 0
  hits = 0
  checks = 0
  readonly verified = { yes: 0, no: 0 }
  readonly refused: { [Reason in Refusal]?: number } = {}
  readonly objections: { [Name in GuardName]?: number } = {}
  readonly labels = { right: 0, wrong: 0 }

  refuse(reason: Refusal): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1
  }

  object(guard: GuardName): void {
    this.objections[guard] = (this.objections[guard] ?? 0) + 1
  }

  label(right: boolean): void {
    this.labels[right ? 'right' : 'wrong'] += 1
  }

  /** A copy that does not move on. */
  report(embedder: string, scopes: number, entries: number): SemanticStats {
    const { lookups, failures, hits, checks } = this
    return {
      embedder,
      scopes,
      entries,
      lookups,
      failures,
      hits,
      checks,
      verified: { ...this.verified },
      refused: { ...this.refused },
      objections: { ...this.objections },
      labels: { ...this.labels },
    }
  }
}
