/** Counters of semantic matching. */
import type { GuardName } from './guards/guards.js'
import type { Refusal } from './refusals.js'

/** Since the start. */
export interface SemanticStats {
  readonly embedder: string
  /** Scopes and vectors held in memory. */
  readonly scopes: number
  readonly entries: number
  /** Questions that were looked up. */
  readonly lookups: number
  /** Lookups whose embedding failed or took too long. */
  readonly failures: number
  /** Answers served by meaning. */
  readonly hits: number
  /** Matches that were answered freshly all the same, to learn from them. */
  readonly checks: number
  /** Matches that `verify` allowed, and those it did not. */
  readonly verified: { readonly yes: number; readonly no: number }
  /** Requests that asked for it and were not looked up, by reason. */
  readonly refused: { readonly [Reason in Refusal]?: number }
  /** Neighbours similar enough that a guard objected to. */
  readonly objections: { readonly [Name in GuardName]?: number }
  /** Neighbours that a fresh answer, or a user, showed to be right or wrong. */
  readonly labels: { readonly right: number; readonly wrong: number }
}

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
