/** What matching by meaning has done. Types only. */

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
  readonly refused: { readonly [reason: string]: number }
  /** Neighbours similar enough that a guard objected to. */
  readonly objections: { readonly [guard: string]: number }
  /** Neighbours that a fresh answer, or a user, showed to be right or wrong. */
  readonly labels: { readonly right: number; readonly wrong: number }
}
