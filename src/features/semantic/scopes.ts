/** The vectors that may be compared with one another: one index for each scope, and bounds over all. */
import type { SemanticRecord } from '../../contracts/cache-tier.js'
import type { Neighbour, VectorIndex, VectorIndexFactory } from '../../contracts/embedder.js'
import { hasLengthOne } from '../../util/unit-vector.js'
import { Calibration, Labels, type CalibrationTerms } from './calibration.js'
import { extractFeatures, type TextFeatures } from './guards/guards.js'

const MOST_SCOPES = 1_000
const MOST_VECTOR_BYTES = 128 * 2 ** 20
const FLOAT_BYTES = 4
/** Texts of vectors the index has pushed out are dropped in one go. */
const LEFTOVERS = 64

interface Question {
  readonly text: string
  features?: TextFeatures
}

/** All of one tenant's questions that differ in nothing but their last user text. */
export class Scope {
  readonly id: string
  readonly calibration: Calibration
  /** Of the newest load of stored entries: `clock.monotonic()`, and epoch milliseconds. */
  loadedAt: number | undefined
  loadedUpTo = 0
  loading: Promise<void> | undefined
  readonly #createIndex: () => VectorIndex
  /** Made with the first vector: scopes that come and go with a conversation hold nothing. */
  #index: VectorIndex | undefined
  readonly #questions = new Map<string, Question>()

  constructor(id: string, calibration: Calibration, createIndex: () => VectorIndex) {
    this.id = id
    this.calibration = calibration
    this.#createIndex = createIndex
  }

  get size(): number {
    return this.#index?.size ?? 0
  }

  has(key: string): boolean {
    return this.#index?.has(key) ?? false
  }

  add(key: string, { text, vector }: SemanticRecord): void {
    const index = (this.#index ??= this.#createIndex())
    index.add(key, vector)
    this.#questions.set(key, { text })
    if (this.#questions.size <= index.size + LEFTOVERS) return
    for (const held of this.#questions.keys()) if (!index.has(held)) this.#questions.delete(held)
  }

  delete(key: string): void {
    this.#index?.delete(key)
    this.#questions.delete(key)
  }

  search(vector: Float32Array, limit: number, atLeast: number): readonly Neighbour[] {
    return this.#index?.search(vector, limit, atLeast) ?? []
  }

  textOf(key: string): string | undefined {
    return this.#questions.get(key)?.text
  }

  /** Worked out when first compared: most entries never are. */
  featuresOf(key: string): TextFeatures | undefined {
    const question = this.#questions.get(key)
    return question && (question.features ??= extractFeatures(question.text))
  }
}

export interface ScopesTerms {
  readonly embedder: string
  readonly dimensions: number
  readonly maxEntries: number
  readonly calibration: CalibrationTerms
  readonly createIndex: VectorIndexFactory
}

/** At most 1,000 scopes and 128 MiB of vectors; the scope used longest ago goes first. */
export class Scopes {
  readonly #terms: ScopesTerms
  readonly #scopes = new Map<string, Scope>()
  readonly #pool: Labels
  #entries = 0

  constructor(terms: ScopesTerms) {
    this.#terms = terms
    this.#pool = new Labels(terms.calibration)
  }

  get size(): number {
    return this.#scopes.size
  }

  get entries(): number {
    return this.#entries
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
    const before = scope.size
    scope.add(key, record)
    this.#entries += scope.size - before
    while (this.#isTooLarge() && this.#scopes.size > 1) this.#dropOldest()
  }

  forget(keys: readonly string[]): void {
    for (const scope of this.#scopes.values()) {
      const before = scope.size
      for (const key of keys) scope.delete(key)
      this.#entries += scope.size - before
    }
  }

  clear(): void {
    this.#scopes.clear()
    this.#entries = 0
  }

  #create(id: string): Scope {
    const { calibration, createIndex, dimensions, maxEntries } = this.#terms
    return new Scope(id, new Calibration(calibration, this.#pool), () =>
      createIndex(dimensions, maxEntries),
    )
  }

  #isTooLarge(): boolean {
    return this.#entries * this.#terms.dimensions * FLOAT_BYTES > MOST_VECTOR_BYTES
  }

  #dropOldest(): void {
    const [oldest] = this.#scopes.values()
    if (!oldest) return
    this.#scopes.delete(oldest.id)
    this.#entries -= oldest.size
  }
}
