/** The questions of one scope: their vectors, which may be compared with one another, and their texts. */
import type { SemanticRecord } from '../../contracts/cache-tier.js'
import type { Neighbour, VectorIndex } from '../../contracts/embedder.js'
import type { Calibration } from './calibration.js'
import { extractFeatures, type TextFeatures } from './guards/guards.js'

/** Twice the most its vectors take: one tenant's long texts must not push out everybody else's. */
const MOST_BYTES = 32 * 2 ** 20
const FLOAT_BYTES = 4
const CHARACTER_BYTES = 2
/** What the guards keep of a text: 80 bytes a character of banking77's questions, less of longer ones. */
const FEATURE_BYTES = 80
/** Texts of vectors the index has pushed out are dropped in one go. */
const LEFTOVERS = 64

interface Question {
  readonly text: string
  features?: TextFeatures
}

/** What is held in memory; of all scopes together, one object that each counts in. */
export interface Tally {
  entries: number
  bytes: number
}

/** All of one tenant's questions that differ in nothing but their last user text; at most 32 MiB. */
export class Scope {
  readonly id: string
  readonly calibration: Calibration
  /** Of the newest load of stored entries: `clock.monotonic()`. */
  loadedAt: number | undefined
  /** Epoch milliseconds: what was stored before is known here. 0 until all levels could be asked. */
  loadedUpTo = 0
  loading: Promise<void> | undefined
  readonly #createIndex: () => VectorIndex
  readonly #held: Tally = { entries: 0, bytes: 0 }
  #all: Tally
  #vectorBytes = 0
  /** Made with the first vector: scopes that come and go with a conversation hold nothing. */
  #index: VectorIndex | undefined
  readonly #questions = new Map<string, Question>()

  constructor(id: string, calibration: Calibration, createIndex: () => VectorIndex, all: Tally) {
    this.id = id
    this.calibration = calibration
    this.#createIndex = createIndex
    this.#all = all
  }

  get size(): number {
    return this.#index?.size ?? 0
  }

  has(key: string): boolean {
    return this.#index?.has(key) ?? false
  }

  add(key: string, { text, vector }: SemanticRecord): void {
    this.delete(key)
    const index = (this.#index ??= this.#createIndex())
    this.#vectorBytes = vector.length * FLOAT_BYTES
    this.#counted(() => {
      index.add(key, vector)
    })
    this.#questions.set(key, { text })
    this.#count(text.length * CHARACTER_BYTES)
    if (this.#questions.size > index.size + LEFTOVERS) {
      for (const held of this.#questions.keys()) if (!index.has(held)) this.delete(held)
    }
    for (const oldest of this.#questions.keys()) {
      if (this.#held.bytes <= MOST_BYTES) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#counted(() => this.#index?.delete(key))
    const question = this.#questions.get(key)
    if (question === undefined) return
    this.#questions.delete(key)
    const each = CHARACTER_BYTES + (question.features ? FEATURE_BYTES : 0)
    this.#count(-question.text.length * each)
  }

  /** It no longer counts, whoever still holds it. */
  drop(): void {
    this.#all.entries -= this.#held.entries
    this.#all.bytes -= this.#held.bytes
    this.#all = { entries: 0, bytes: 0 }
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
    if (question === undefined || question.features) return question?.features
    this.#count(question.text.length * FEATURE_BYTES)
    return (question.features = extractFeatures(question.text))
  }

  /** A change of the index, which may push out others. */
  #counted(change: () => void): void {
    const before = this.size
    change()
    const entries = this.size - before
    this.#count(entries * this.#vectorBytes, entries)
  }

  #count(bytes: number, entries = 0): void {
    for (const tally of [this.#held, this.#all]) {
      tally.bytes += bytes
      tally.entries += entries
    }
  }
}
