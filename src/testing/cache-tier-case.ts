/** What a case for cache tiers is, and what the cases are made with. */
import assert from 'node:assert/strict'
import type { CacheEntry, CacheTier } from '../contracts/cache-tier.js'

/** The time the tier under test goes by. */
export interface CacheTierTime {
  /** Epoch milliseconds. */
  now(): number
  /** Lets `ms` pass: moves a fake clock, or waits. */
  advance(ms: number): Promise<void>
}

export interface CacheTierCase {
  /** A sentence about behaviour. */
  readonly title: string
  /**
   * Rejects with an `AssertionError` when the tier misbehaves; closes the tier in any case.
   * @param make builds an empty tier; it must hold at least 200 entries of 1 KB and one of 300 KB
   */
  readonly run: (make: () => CacheTier | Promise<CacheTier>, time: CacheTierTime) => Promise<void>
}

type Check = (tier: CacheTier, time: CacheTierTime) => Promise<void>

export const SECOND = 1_000

/** A valid entry: fresh for a second, stale for another one. */
export function sample(now: number, text = 'Paris', over: Partial<CacheEntry> = {}): CacheEntry {
  return {
    v: 1,
    answer: {
      text,
      reasoning: undefined,
      tool_calls: [],
      finish_reason: 'stop',
      usage: { input: 15, cache_read: 0, cache_write: 0, output: 8, reasoning: 0 },
      model_used: 'gpt-3.5-turbo',
      provider_used: 'openai',
      requested_model: 'gpt-3.5-turbo',
      substitution: 'none',
      substitution_reason: undefined,
      cost: 115_000,
    },
    created_at: now,
    fresh_until: now + SECOND,
    stale_until: now + 2 * SECOND,
    size: 512 + 2 * text.length,
    tags: [],
    ...over,
  }
}

/** A tier may drop fields that are undefined, as JSON does, and nothing else. */
export async function assertHolds(tier: CacheTier, key: string, entry: CacheEntry): Promise<void> {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
  assert.deepEqual(plain(await tier.get(key)), plain(entry))
}

export async function assertMissing(tier: CacheTier, key: string): Promise<void> {
  assert.equal(await tier.get(key), undefined)
}

export function tierCase(title: string, check: Check): CacheTierCase {
  return {
    title,
    async run(make, time) {
      const tier = await make()
      try {
        await check(tier, time)
      } finally {
        await tier.close?.()
      }
    },
  }
}
