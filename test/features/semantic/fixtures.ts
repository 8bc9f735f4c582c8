/** Embedders, requests and a matcher for the tests of semantic matching. */
import type { CacheEntry, KeyedEntry, SemanticRecord } from '../../../src/contracts/cache-tier.js'
import type { Embedder } from '../../../src/contracts/embedder.js'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import type { Logger } from '../../../src/contracts/logger.js'
import { createSemanticMatcher } from '../../../src/features/semantic/matcher.js'
import type {
  SemanticMatcher,
  SemanticMatcherDeps,
  SemanticOutcome,
} from '../../../src/features/semantic/matcher.js'
import type { SemanticOptions } from '../../../src/features/semantic/options.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

/** A vector whose cosine with that of 1 is `cosine`. */
export function vectorAt(cosine: number, dimensions = 8): Float32Array {
  const vector = new Float32Array(dimensions)
  vector[0] = cosine
  vector[1] = Math.sqrt(1 - cosine * cosine)
  return vector
}

/** Reads the cosine from the text: `how are you 0.95`; 1 where there is none. */
export function cosineEmbedder(overrides: Partial<Embedder> = {}): Embedder {
  return {
    id: 'cosine-8',
    dimensions: 8,
    recommendedThreshold: 0.8,
    embed: (texts) => texts.map((text) => vectorAt(Number(/\d\.\d+/.exec(text)?.[0] ?? '1'))),
    ...overrides,
  }
}

const NO_GUARDS = {
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

export function requestOf(fields: Partial<ParsedRequest> = {}): ParsedRequest {
  return { prompt: 'unused', ...fields } as ParsedRequest
}

export interface Bench {
  readonly matcher: SemanticMatcher
  readonly clock: FakeClock
  /** Log messages so far, with their fields. */
  readonly logged: string[]
  /** Looks up, as a request that asks for it. */
  readonly ask: (text: string, scope?: string, threshold?: number) => Promise<SemanticOutcome>
  /** Looks up and stores a fresh answer under `key`. */
  readonly store: (key: string, text: string, scope?: string) => Promise<SemanticOutcome>
}

/** A matcher over a fake clock, without checks, guards and stored entries unless asked for. */
export function benchOf(
  options: SemanticOptions = {},
  deps: Partial<SemanticMatcherDeps> = {},
): Bench {
  const clock = new FakeClock()
  const logged: string[] = []
  const log = (fields: object, message: string): void => {
    logged.push(message + JSON.stringify(fields))
  }
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const matcher = createSemanticMatcher(
    { embedder: cosineEmbedder(), checkRate: 0, guards: NO_GUARDS, ...options },
    {
      clock,
      random: () => 0.5,
      logger,
      entriesInScope: () => Promise.resolve({ entries: [], complete: true }),
      answerOf: () => Promise.resolve(undefined),
      ...deps,
    },
  )
  const ask = async (
    text: string,
    scope = 'scope',
    threshold?: number,
  ): Promise<SemanticOutcome> => {
    const semantic = threshold === undefined ? true : { threshold }
    const probe = matcher.probe(requestOf({ cache: { semantic } }), { scope, text })
    if (!probe) throw new Error('Expected the request to be matched')
    return matcher.match(probe, new AbortController().signal)
  }
  const store = async (key: string, text: string, scope = 'scope'): Promise<SemanticOutcome> => {
    const outcome = await ask(text, scope)
    if (!outcome.record) throw new Error('Expected a record')
    matcher.add(key, outcome.record)
    return outcome
  }
  return { matcher, clock, logged, ask, store }
}

/** A stored entry with nothing of interest but its record. */
export function keyed(key: string, semantic: SemanticRecord): KeyedEntry {
  return { key, entry: { v: 1, semantic } as unknown as CacheEntry }
}
