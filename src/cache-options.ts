/** The cache's options of an InferenceClient, their defaults, their checks. */
import type { CacheTier } from './contracts/cache-tier.js'
import type { MemoryTierOptions } from './features/cache/memory-tier.js'
import { checkSemanticOptions, type SemanticOptions } from './features/semantic/options.js'
import { invalidOption } from './util/invalid-option.js'
import { atLeastZero, knownKeys, positive, withMethods } from './util/option-checks.js'

export interface CacheClientOptions {
  /** The memory level; `false` switches it off. @default { maxEntries: 5_000, maxBytes: 64 MiB } */
  readonly l1?: Omit<MemoryTierOptions, 'clock'> | false | undefined
  /** A shared level, asked after `l1`. */
  readonly l2?: CacheTier | undefined
  /** A persistent level, asked after `l2`. */
  readonly l3?: CacheTier | undefined
  /** How long an answer is served, in seconds, +-10 % so that entries do not all end at once. @default 3_600 */
  readonly ttlSeconds?: number | undefined
  /** How much longer it may be served, marked `stale`, when every provider fails. @default 86_400 */
  readonly graceSeconds?: number | undefined
  /**
   * Within so many seconds after its time, an answer is served at once, marked `stale`, and renewed
   * in the background; at most `graceSeconds`. @default 0
   */
  readonly staleWhileRevalidateSeconds?: number | undefined
  /**
   * Answers copied from `l3`, else `l2`, into the memory at the start: how many, `true` for 1,000,
   * `false` for none. @default true
   */
  readonly preload?: boolean | number | undefined
  /**
   * Matching by meaning: `true` or its options for all requests, `false` for none, whatever they ask.
   * @default for requests with `cache.semantic`
   */
  readonly semantic?: boolean | SemanticOptions | undefined
}

export interface ResolvedCacheOptions {
  readonly l1: Omit<MemoryTierOptions, 'clock'> | false
  readonly lower: readonly CacheTier[]
  readonly ttlSeconds: number
  readonly graceSeconds: number
  readonly staleWhileRevalidateSeconds: number
  readonly preload: number
  /** Undefined: nobody may. */
  readonly semantic: { readonly always: boolean; readonly options: SemanticOptions } | undefined
}

const CACHE_NAMES = [
  'l1',
  'l2',
  'l3',
  'ttlSeconds',
  'graceSeconds',
  'staleWhileRevalidateSeconds',
  'preload',
  'semantic',
] as const satisfies readonly (keyof CacheClientOptions)[]

const TIER_METHODS = ['get', 'set', 'delete', 'clear', 'stats'] as const

/** Decoding takes some 50 us an entry: a twentieth of a second of a start, in slices. */
const PRELOADED = 1_000

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, naming the option */
export function resolveCache(cache: CacheClientOptions): ResolvedCacheOptions {
  knownKeys('cache', cache, CACHE_NAMES)
  const l1 = cache.l1 ?? {}
  return {
    l1: l1 === false ? false : knownKeys('cache.l1', l1, ['maxEntries', 'maxBytes']),
    lower: [tier('l2', cache.l2), tier('l3', cache.l3)].flat(),
    ttlSeconds: positive('cache.ttlSeconds', cache.ttlSeconds ?? 3_600),
    graceSeconds: atLeastZero('cache.graceSeconds', cache.graceSeconds ?? 86_400),
    staleWhileRevalidateSeconds: atLeastZero(
      'cache.staleWhileRevalidateSeconds',
      cache.staleWhileRevalidateSeconds ?? 0,
    ),
    preload: resolvePreload(cache.preload ?? true),
    semantic: resolveSemantic(cache.semantic),
  }
}

function resolvePreload(preload: unknown): number {
  if (typeof preload === 'boolean') return preload ? PRELOADED : 0
  const count = atLeastZero('cache.preload', preload)
  if (Number.isSafeInteger(count)) return count
  throw invalidOption('cache.preload', 'true, false, or a whole number', preload)
}

function resolveSemantic(given: CacheClientOptions['semantic']): ResolvedCacheOptions['semantic'] {
  if (given === false) return undefined
  const options = given === undefined || given === true ? {} : given
  if (typeof options !== 'object') {
    throw invalidOption('cache.semantic', 'true, false or an object', given)
  }
  checkSemanticOptions(options)
  return { always: given !== undefined, options }
}

function tier(level: 'l2' | 'l3', given: CacheTier | undefined): readonly CacheTier[] {
  if (given === undefined) return []
  const tier = withMethods(`cache.${level}`, given, TIER_METHODS)
  if (tier.level !== level) {
    throw invalidOption(`cache.${level}`, `a cache tier of level ${level}`, given)
  }
  return [tier]
}
