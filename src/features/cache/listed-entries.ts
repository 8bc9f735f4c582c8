/** Many entries at once: into memory when a process starts, and those of one semantic scope. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyedEntry } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import { withDeadline } from '../../util/deadline.js'
import type { SafeTier } from './safe-tier.js'
import { isFresh } from './tier-search.js'

/** How long a process that starts waits for the list of a store that is not there. */
const PATIENCE_MS = 60_000
const TRIES = 5
const PAUSE_MS = 100
/** Others get their turn after that long. Milliseconds. */
const SLICE_MS = 4

interface Slicing {
  readonly clock: Clock
  /** True when there is no use in going on. */
  readonly stopped: () => boolean
}

/**
 * Copies the fresh ones of the entries used last from the lowest level that lists them into L1, as soon
 * as that level has connected.
 * @returns how many were copied
 */
export async function preload(
  tiers: readonly SafeTier[],
  limit: number,
  slicing: Slicing,
): Promise<number> {
  const memory = tiers.find(({ level }) => level === 'l1')
  if (!memory) return 0
  const most = Math.min(limit, memory.stats()?.max_entries ?? 0)
  if (!(most > 0)) return 0
  for (const tier of [...tiers].reverse()) {
    const recent = tier.lists ? await recentOf(tier, most, slicing) : []
    // Oldest first, so that the newest are the last ones to be evicted.
    if (recent.length > 0) return copy(tier, memory, [...recent].slice(0, most).reverse(), slicing)
  }
  return 0
}

/** A store that has just connected may need a moment more. */
async function recentOf(
  tier: SafeTier,
  most: number,
  { clock, stopped }: Slicing,
): Promise<readonly unknown[]> {
  await withDeadline(clock, PATIENCE_MS, tier.connected)
  for (let tries = 0; tries < TRIES && !stopped(); tries += 1) {
    const recent = await tier.recent(most)
    if (recent !== undefined || !tier.keepsMarks) return recent ?? []
    await new Promise<void>((resolve) => {
      clock.schedule(PAUSE_MS, resolve)
    })
  }
  return []
}

async function copy(
  from: SafeTier,
  to: SafeTier,
  list: readonly unknown[],
  slicing: Slicing,
): Promise<number> {
  let copied = 0
  await inSlices(list, slicing, (item) => {
    const { key, entry } = from.check(item) ?? {}
    if (key === undefined || !entry || !isFresh(entry, slicing.clock.now())) return
    void to.setUnless(key, entry, ({ created_at }) => created_at >= entry.created_at)
    copied += 1
  })
  return copied
}

export interface ScopeEntries {
  readonly entries: readonly KeyedEntry[]
  /** False when a level that knows scopes failed or is not connected: there may be more. */
  readonly complete: boolean
}

/** Valid entries of L2 and L3 with that scope and created after `since`, newest first. */
export async function entriesInScope(
  tiers: readonly SafeTier[],
  query: { readonly scope: string; readonly since: number; readonly limit: number },
  slicing: Slicing,
): Promise<ScopeEntries> {
  const { scope, since, limit } = query
  let complete = true
  const newest = new Map<string, KeyedEntry>()
  await Promise.all(
    tiers.map(async (tier) => {
      if (tier.level === 'l1') return
      const list = await tier.inScope(scope, since, limit)
      if (list === undefined) complete = false
      await inSlices(list ?? [], slicing, (item) => {
        const found = tier.check(item)
        if (found?.entry.semantic?.scope !== scope || found.entry.created_at <= since) return
        const held = newest.get(found.key)
        if (held && held.entry.created_at >= found.entry.created_at) return
        newest.set(found.key, found)
      })
    }),
  )
  const entries = [...newest.values()]
    .sort((a, b) => b.entry.created_at - a.entry.created_at)
    .slice(0, limit)
  return { entries, complete }
}

async function inSlices<T>(
  items: readonly T[],
  { clock, stopped }: Slicing,
  visit: (item: T) => void,
): Promise<void> {
  let began = clock.monotonic()
  for (const item of items) {
    if (clock.monotonic() - began >= SLICE_MS) {
      await nextTurn()
      began = clock.monotonic()
    }
    if (stopped()) return
    visit(item)
  }
}
