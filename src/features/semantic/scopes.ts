/** The vectors that may be compared with one another: one index for each scope, and bounds over all. */
import type { SemanticRecord } from '../../contracts/cache-tier.js'
import type { VectorIndexFactory } from '../../contracts/embedder.js'
import { hasLengthOne } from '../../util/unit-vector.js'
import { Calibration, Labels, type CalibrationTerms } from './calibration.js'
import { Scope, type Tally } from './scope.js'

const MOST_SCOPES = 1_000
const MOST_BYTES = 128 * 2 ** 20

export interface ScopesTerms {
  readonly embedder: string
  readonly dimensions: number
  readonly maxEntries: number
  readonly calibration: CalibrationTerms
  readonly createIndex: VectorIndexFactory
}

/** At most 1,000 scopes and 128 MiB of vectors and texts; the scope used longest ago goes first. */
export class Scopes {
  readonly #terms: ScopesTerms
  readonly #scopes = new Map<string, Scope>()
  readonly #pool: Labels
  readonly #held: Tally = { entries: 0, bytes: 0 }

  constructor(terms: ScopesTerms) {
    this.#terms = terms
    this.#pool = new Labels(terms.calibration)
  }

  get size(): number {
    return this.#scopes.size
  }

  get entries(): number {
    return this.#held.entries
  }

  /** The scope of that id, a new one if need be, now the most recently used. */
  open(id: string): Scope {
    const scope = this.#scopes.get(id) ?? this.#create(id)
    this.#scopes.delete(id)
    this.#scopes.set(id, scope)
    if (this.#scopes.size > MOST_SCOPES) this.#dropOldest()
    return scope
  }

  /** The scope of that id, if it is in memory. */
  peek(id: string): Scope | undefined {
    return this.#scopes.get(id)
  }

  /** Ignores what is not of this embedder and this scope, or is no vector of length 1. */
  add(scope: Scope, key: string, record: SemanticRecord): void {
    const { embedder, dimensions } = this.#terms
    const { vector } = record
    if (record.embedder !== embedder || record.scope !== scope.id) return
    if (vector.length !== dimensions || !hasLengthOne(vector)) return
    // One that was dropped meanwhile is nobody's any more: it must not count.
    if (this.#scopes.get(scope.id) !== scope) return
    scope.add(key, record)
    while (this.#held.bytes > MOST_BYTES && this.#scopes.size > 1) this.#dropOldest()
  }

  forget(keys: readonly string[]): void {
    for (const scope of this.#scopes.values()) {
      for (const key of keys) scope.delete(key)
    }
  }

  clear(): void {
    while (this.#scopes.size > 0) this.#dropOldest()
  }

  #create(id: string): Scope {
    const { calibration, createIndex, dimensions, maxEntries } = this.#terms
    const create = () => createIndex(dimensions, maxEntries)
    return new Scope(id, new Calibration(calibration, this.#pool), create, this.#held)
  }

  #dropOldest(): void {
    const [oldest] = this.#scopes.values()
    if (!oldest) return
    this.#scopes.delete(oldest.id)
    oldest.drop()
  }
}
