/** L1: the cache in this process's memory, bounded by entries and by bytes. */
import { LRUCache } from 'lru-cache'
import type { CacheEntry, CacheTier, TierStats } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import { invalidOption } from '../../util/invalid-option.js'

export interface MemoryTierOptions {
  /** Most entries kept, an integer from 1 to 10,000,000. @default 5_000 */
  readonly maxEntries?: number | undefined
  /** Most bytes kept, an integer from 1,024; an entry over an eighth of it is not kept. @default 64 MiB */
  readonly maxBytes?: number | undefined
  readonly clock: Clock
}

/** What the tier answers at once, without promises. */
export interface MemoryTier extends CacheTier {
  readonly level: 'l1'
  get(key: string): CacheEntry | undefined
  set(key: string, entry: CacheEntry): void
  delete(keys: readonly string[]): void
  clear(): void
}

// lru-cache allocates its lists for `max` entries at once.
const MOST_ENTRIES = 10_000_000
const LEAST_BYTES = 1_024

/**
 * A least-recently-used cache that keeps frozen entries by reference.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function memoryTier(options: MemoryTierOptions): MemoryTier {
  const { maxEntries = 5_000, maxBytes = 64 * 2 ** 20, clock } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
    throw invalidOption(
      'cache.l1.maxEntries',
      `an integer from 1 to ${MOST_ENTRIES.toLocaleString('en')}`,
      maxEntries,
    )
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LEAST_BYTES) {
    throw invalidOption('cache.l1.maxBytes', 'an integer of at least 1,024', maxBytes)
  }
  const entries = new LRUCache<string, CacheEntry>({
    max: maxEntries,
    maxSize: maxBytes,
    maxEntrySize: Math.floor(maxBytes / 8),
  })

  return {
    level: 'l1',
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined || clock.now() < entry.stale_until) return entry
      entries.delete(key)
      return undefined
    },
    set(key, entry) {
      entries.set(key, entry, { size: entry.size })
    },
    delete(keys) {
      for (const key of keys) entries.delete(key)
    },
    clear() {
      entries.clear()
    },
    stats: (): TierStats => ({
      enabled: true,
      entries: entries.size,
      bytes: entries.calculatedSize,
      max_entries: maxEntries,
      max_bytes: maxBytes,
    }),
  }
}
