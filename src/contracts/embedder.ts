/** Texts as vectors, and where vectors are looked up. Types only. */
import type { MaybePromise } from './cache-tier.js'

export interface Embedder {
  /** Names model, version and dimensions: vectors of different ids are never compared. */
  readonly id: string
  readonly dimensions: number
  /** Cosine similarity from which two texts may pass for equal, 0-1. */
  readonly recommendedThreshold: number
  /** One vector of length 1 for each text; synchronous ones answer without a promise. */
  embed(texts: readonly string[], signal?: AbortSignal): MaybePromise<readonly Float32Array[]>
  close?(): Promise<void>
}

export interface Neighbour {
  readonly key: string
  /** Cosine, -1 to 1. */
  readonly similarity: number
}

/** The vectors of one scope. All methods are synchronous: an approximate index fits as well. */
export interface VectorIndex {
  readonly size: number
  /** Replaces the vector of that key; the least recently used one goes when it is full. */
  add(key: string, vector: Float32Array): void
  delete(key: string): void
  has(key: string): boolean
  /** Up to `limit` keys with at least that similarity, most similar first. */
  search(vector: Float32Array, limit: number, atLeast: number): readonly Neighbour[]
}

export type VectorIndexFactory = (dimensions: number, maxEntries: number) => VectorIndex
