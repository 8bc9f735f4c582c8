/** What the semantic benchmarks share: their data, their embedders, a stored random order. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Embedder } from '../../src/contracts/embedder.js'
import { embedderFrom } from '../../src/features/semantic/embedder-from.js'
import { hashEmbedder } from '../../src/features/semantic/hash-embedder.js'
import { localEmbedder } from '../../src/features/semantic/local-embedder.js'

export interface Pair {
  readonly origin: string
  readonly similar: string
}

export interface Query {
  readonly text: string
  readonly cat: string
}

const DATA = join(import.meta.dirname, '../data')

/** GPTCache's pairs, from the path given, else from bench/data; undefined when they are not there. */
export function gptcachePairs(path = join(DATA, 'gptcache_mock_data.json')): Pair[] | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Pair[]) : undefined
}

export function bankingQueries(): Query[] {
  return JSON.parse(readFileSync(join(DATA, 'banking77_test.json'), 'utf8')) as Query[]
}

export const EMBEDDERS: Readonly<Record<string, () => Embedder>> = {
  'built-in': () => hashEmbedder(),
  local: () => localEmbedder(),
}

/** The same embedder with the vectors of all these texts ready: a neural one takes its time once. */
export async function withVectors(embedder: Embedder, texts: readonly string[]): Promise<Embedder> {
  const vectors = new Map<string, Float32Array>()
  const batch = 64
  for (let from = 0; from < texts.length; from += batch) {
    const part = texts.slice(from, from + batch)
    const embedded = await embedder.embed(part)
    for (const [index, text] of part.entries()) vectors.set(text, embedded[index]!)
  }
  await embedder.close?.()
  const { id, dimensions, recommendedThreshold } = embedder
  return embedderFrom((wanted) => wanted.map((text) => vectors.get(text)!), {
    id,
    dimensions,
    recommendedThreshold,
  })
}

/** 0 <= x < 1, the same for the same seed (Mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

export const NO_GUARDS = {
  number: false,
  negation: false,
  antonym: false,
  quoted: false,
  entity: false,
  order: false,
  tense: false,
  connective: false,
  content: false,
} as const
