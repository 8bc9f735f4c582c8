/** Sums over rows: of a day, of several days, of everything since the start. */
import type { AttemptRow, RequestRow } from '../../contracts/ledger.js'

/** Money in integer nano-USD. */
export interface Sums {
  readonly answered: number
  readonly failed: number
  /** Requests for which the cache was asked, or which it answered. */
  readonly lookups: number
  /** Hits by the documented levels, a semantic one by the level that held its entry. */
  readonly hits: { readonly l1: number; readonly l2: number; readonly l3: number }
  readonly coalesced: number
  /** Semantic hits that were not coalesced as well. */
  readonly semantic: number
  /** Input and output of answered requests, hits included. */
  readonly tokens: number
  readonly tokensSaved: number
  readonly costSaved: number
  readonly cost: number
  readonly unpricedAttempts: number
  readonly costByProvider: ReadonlyMap<string, number>
}

export class RollUp implements Sums {
  answered = 0
  failed = 0
  lookups = 0
  readonly hits = { l1: 0, l2: 0, l3: 0 }
  coalesced = 0
  semantic = 0
  tokens = 0
  tokensSaved = 0
  costSaved = 0
  cost = 0
  unpricedAttempts = 0
  readonly costByProvider = new Map<string, number>()

  addRequest(row: RequestRow): void {
    if (row.coalesced) this.coalesced += 1
    else if (row.cache === 'semantic') this.semantic += 1
    if (row.cache_lookup || row.cache !== null) this.lookups += 1
    const level = row.cache === 'semantic' ? (row.semantic_level ?? 'l1') : row.cache
    if (level !== null) this.hits[level] += 1
    if (row.outcome === 'failed') {
      this.failed += 1
      return
    }
    const tokens = row.input_tokens + row.output_tokens
    this.answered += 1
    this.tokens += tokens
    if (row.coalesced || row.cache !== null) {
      this.tokensSaved += tokens
      this.costSaved += row.cost_saved ?? 0
    }
  }

  /** @param provider the name it is counted under */
  addAttempt(row: AttemptRow, provider: string): void {
    if (row.cost === null) {
      this.unpricedAttempts += 1
    } else {
      this.cost += row.cost
      this.#addCost(provider, row.cost)
    }
  }

  addAll(other: Sums): void {
    this.answered += other.answered
    this.failed += other.failed
    this.lookups += other.lookups
    this.hits.l1 += other.hits.l1
    this.hits.l2 += other.hits.l2
    this.hits.l3 += other.hits.l3
    this.coalesced += other.coalesced
    this.semantic += other.semantic
    this.tokens += other.tokens
    this.tokensSaved += other.tokensSaved
    this.costSaved += other.costSaved
    this.cost += other.cost
    this.unpricedAttempts += other.unpricedAttempts
    for (const [provider, cost] of other.costByProvider) this.#addCost(provider, cost)
  }

  #addCost(provider: string, cost: number): void {
    this.costByProvider.set(provider, (this.costByProvider.get(provider) ?? 0) + cost)
  }
}
