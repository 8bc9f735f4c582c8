/** What the status document says of each cache level; one that does not exist keeps its fields. */
import type { TierHealth, TierStats } from '../../contracts/cache-tier.js'
import type {
  MemoryTierStats,
  PersistentTierStats,
  RedisTierStats,
  StatusDocument,
} from '../../contracts/stats.js'
import { ratio } from './sections.js'

type Tier = TierStats & TierHealth

/** Undefined: that level does not exist. */
export interface Tiers {
  readonly l1: Tier | undefined
  readonly l2: Tier | undefined
  readonly l3: Tier | undefined
}

const BYTES_PER_MB = 1_000_000

/** @param ttlSeconds how long an answer is fresh when its request says nothing */
export function tierSections(
  { l1, l2, l3 }: Tiers,
  ttlSeconds: number,
): Pick<StatusDocument['cache_stats'], 'l1_memory' | 'l2_redis' | 'l3_persistent'> {
  return {
    l1_memory: memorySection(l1),
    l2_redis: redisSection(l2, ttlSeconds),
    l3_persistent: persistentSection(l3),
  }
}

function memorySection(tier: Tier | undefined): MemoryTierStats {
  return {
    enabled: tier?.enabled ?? false,
    total_entries: tier?.entries ?? 0,
    utilization: utilization(tier),
    strategy: 'lru',
    ...healthOf(tier),
  }
}

function redisSection(tier: Tier | undefined, ttlSeconds: number): RedisTierStats {
  return {
    enabled: tier?.enabled ?? false,
    total_entries: tier?.entries ?? 0,
    compression: tier?.compression ?? false,
    ttl_seconds: tier ? ttlSeconds : 0,
    ...healthOf(tier),
  }
}

function persistentSection(tier: Tier | undefined): PersistentTierStats {
  return {
    enabled: tier?.enabled ?? false,
    total_entries: tier?.entries ?? 0,
    total_size_mb: (tier?.bytes ?? 0) / BYTES_PER_MB,
    ...(tier?.storage_path === undefined ? {} : { storage_path: tier.storage_path }),
    ...healthOf(tier),
  }
}

function healthOf(tier: Tier | undefined): { readonly health?: TierHealth } {
  if (tier === undefined) return {}
  const { state, hits, misses, errors, timeouts, skipped, dropped } = tier
  return { health: { state, hits, misses, errors, timeouts, skipped, dropped } }
}

/** 0-1: the larger of entries and bytes. */
function utilization(tier: TierStats | undefined): number {
  if (tier === undefined) return 0
  const share = Math.max(ratio(tier.entries, tier.max_entries), ratio(tier.bytes, tier.max_bytes))
  return Math.min(1, share)
}
