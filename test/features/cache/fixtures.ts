/** Answers, clocks and tiers that the cache tests share. */
import type { CacheEntry, CacheTier, StoredAnswer } from '../../../src/contracts/cache-tier.js'
import type { Clock } from '../../../src/contracts/clock.js'
import type { Mark, MarkStore } from '../../../src/contracts/coordination.js'
import { createEntry } from '../../../src/features/cache/entry.js'

export const answer = (over: Partial<StoredAnswer> = {}): StoredAnswer => ({
  text: 'The capital of France is Paris.',
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
  ...over,
})

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** Fresh for an hour, stale for a day. */
export const entry = (now: number, over: Partial<StoredAnswer> = {}): CacheEntry =>
  createEntry(answer(over), {
    ttl_seconds: 3_600,
    graceSeconds: 86_400,
    now,
    random: () => 0.5,
  })

export interface MapTier extends CacheTier {
  readonly map: Map<string, string>
  readonly writes: string[]
}

/** The smallest asynchronous tier: JSON in a Map. */
export function mapTier(clock: Clock, level: 'l1' | 'l2' | 'l3' = 'l2'): MapTier {
  const map = new Map<string, string>()
  const writes: string[] = []
  return {
    level,
    map,
    writes,
    get: async (key) => {
      const text = map.get(key)
      if (text === undefined) return undefined
      const found = JSON.parse(text) as CacheEntry
      return clock.now() < found.stale_until ? found : undefined
    },
    set: async (key, value) => {
      writes.push(key)
      map.set(key, JSON.stringify(value))
    },
    delete: async (keys) => {
      for (const key of keys) map.delete(key)
    },
    clear: async () => {
      map.clear()
    },
    stats: () => ({
      enabled: true,
      entries: map.size,
      bytes: [...map.values()].reduce((sum, text) => sum + text.length, 0),
      max_entries: 1_000,
      max_bytes: 2 ** 30,
    }),
  }
}

/** A store that several processes share: one tier for each, over one Map and one list of marks. */
export function sharedStore(clock: Clock, level: 'l2' | 'l3' = 'l2') {
  const inner = mapTier(clock, level)
  const kept = new Map<string, Mark>()
  const connections = new Set<(marks: readonly Mark[]) => void>()
  const missed: { from: unknown; marks: readonly Mark[] }[] = []
  const state = { up: true }
  const deliver = (from: unknown, marks: readonly Mark[]): void => {
    for (const mark of marks) {
      if (mark.at > (kept.get(mark.label)?.at ?? -Infinity)) kept.set(mark.label, mark)
    }
    for (const listener of connections) if (listener !== from) listener(marks)
  }
  const alive = <T>(work: () => T): T => {
    if (state.up) return work()
    throw new Error('down')
  }
  return {
    ...inner,
    kept,
    connections,
    down: () => {
      state.up = false
    },
    back: () => {
      state.up = true
      for (const { from, marks } of missed.splice(0)) deliver(from, marks)
    },
    /** What one process connects with. */
    connect(): CacheTier {
      let own: ((marks: readonly Mark[]) => void) | undefined
      const marks: MarkStore = {
        put: async (list) => {
          if (state.up) {
            deliver(own, list)
            return
          }
          missed.push({ from: own, marks: list })
          throw new Error('down')
        },
        subscribe: (listener) => {
          own = listener
          connections.add(listener)
          listener([...kept.values()])
          return () => connections.delete(listener)
        },
      }
      return {
        level,
        guarded: true,
        marks,
        get: async (key) => alive(() => inner.get(key)),
        set: async (key, value) => alive(() => inner.set(key, value)),
        delete: async (keys) => alive(() => inner.delete(keys)),
        clear: async () => alive(() => inner.clear()),
        stats: () => inner.stats(),
      }
    },
  }
}

/** Lets every promise that is ready run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
