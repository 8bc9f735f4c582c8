/** A Redis tier that is ready, what it reports, and a real clock. */
import type { CacheTier, TierContext, TierState } from '../../../src/contracts/cache-tier.js'
import { redis } from '../../../src/features/cache/redis-tier.js'
import type { RedisOptions } from '../../../src/features/cache/redis-tier.js'
import type { CacheTierTime } from '../../../src/testing/cache-tier-cases.js'
import { systemClock } from '../../../src/util/clock.js'
import { silentLogger } from '../../../src/util/logger.js'
import { until } from '../../support/redis.js'

/** Redis expires by its own clock. */
export const realTime: CacheTierTime = {
  now: () => Date.now(),
  advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

export interface OpenTier {
  readonly tier: CacheTier
  readonly states: (readonly [TierState, string])[]
}

export function openTier(options: RedisOptions, over: Partial<TierContext> = {}): OpenTier {
  const states: [TierState, string][] = []
  const tier = redis(options)
  tier.open?.({
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    ttlSeconds: 3_600,
    onState: (state, reason) => states.push([state, reason]),
    ...over,
  })
  return { tier, states }
}

/** Whether it answers reads, without waiting for it to. */
export async function answers(tier: CacheTier): Promise<boolean> {
  try {
    await tier.get('nothing')
    return true
  } catch {
    return false
  }
}

export async function readyTier(options: RedisOptions): Promise<OpenTier> {
  const opened = openTier(options)
  await until(() => answers(opened.tier))
  return opened
}

/** What a promise comes to and how long it took, in milliseconds. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ value?: T; error?: unknown; ms: number }> {
  const start = performance.now()
  try {
    const value = await work()
    return { value, ms: performance.now() - start }
  } catch (error) {
    return { error, ms: performance.now() - start }
  }
}
