/** What a cache tier must do that lists its entries or keeps invalidations; others pass as they are. */
import assert from 'node:assert/strict'
import type { CacheEntry, CacheTier, KeyedEntry, SemanticRecord } from '../contracts/cache-tier.js'
import type { Mark } from '../contracts/coordination.js'
import { sample, tierCase, type CacheTierCase, type CacheTierTime } from './cache-tier-case.js'

const record = (scope: string, text = 'hello', vector = [0.6, -0.8]): SemanticRecord => ({
  scope,
  embedder: 'case-2',
  text,
  vector: Float32Array.from(vector),
})

/** Sets one after the other, each at a later time; gives when the first one was set. */
async function fill(
  tier: CacheTier,
  time: CacheTierTime,
  keyed: readonly (readonly [key: string, scope?: string])[],
): Promise<number> {
  const start = time.now()
  for (const [key, scope] of keyed) {
    const semantic = scope === undefined ? undefined : record(scope, key)
    const over: Partial<CacheEntry> = semantic ? { semantic } : {}
    await tier.set(key, sample(time.now(), `answer of ${key}`, over))
    await time.advance(10)
  }
  await tier.flush?.()
  return start
}

const keysOf = (list: readonly KeyedEntry[]): string[] => list.map(({ key }) => key)

const listing: readonly CacheTierCase[] = [
  tierCase('lists the entries written last, newest first, as many as asked', async (tier, time) => {
    if (!tier.recent) return
    assert.deepEqual(await tier.recent(5), [])
    await fill(tier, time, [['a'], ['b'], ['c'], ['d']])
    await tier.delete(['c'])
    await tier.flush?.()
    const recent = await tier.recent(2)
    assert.deepEqual(keysOf(recent), ['d', 'b'])
    assert.equal(recent[0]?.entry.answer.text, 'answer of d')
    assert.deepEqual(keysOf(await tier.recent(5)), ['d', 'b', 'a'])
  }),
  tierCase('lists nothing after clear', async (tier, time) => {
    if (!tier.recent && !tier.inScope) return
    const start = await fill(tier, time, [['a', 'one']])
    await tier.clear()
    await tier.flush?.()
    assert.deepEqual((await tier.recent?.(5)) ?? [], [])
    assert.deepEqual((await tier.inScope?.('one', start - 1, 5)) ?? [], [])
  }),
  tierCase('gives back what a match by meaning needs, to the last bit', async (tier, time) => {
    if (!tier.inScope) return
    const vector = Array.from({ length: 384 }, (_, index) => Math.sin(index) / 14)
    const semantic = record('tenant "a": 日本', 'né 🦖', vector)
    await tier.set('key', sample(time.now(), 'Paris', { semantic }))
    await tier.flush?.()
    const [found] = await tier.inScope(semantic.scope, time.now() - 1_000, 1)
    for (const entry of [await tier.get('key'), found?.entry]) {
      assert.ok(entry?.semantic?.vector instanceof Float32Array)
      assert.deepEqual({ ...entry.semantic }, { ...semantic })
    }
  }),
  tierCase('lists the entries of one scope only, newest first', async (tier, time) => {
    if (!tier.inScope) return
    const scoped = [['a', 'one'], ['b', 'two'], ['c', 'one'], ['d'], ['e', 'one']] as const
    const start = await fill(tier, time, scoped)
    assert.deepEqual(keysOf(await tier.inScope('one', start - 1, 10)), ['e', 'c', 'a'])
    assert.deepEqual(keysOf(await tier.inScope('one', start - 1, 2)), ['e', 'c'])
    assert.deepEqual(keysOf(await tier.inScope('one', start + 5, 10)), ['e', 'c'])
    assert.deepEqual(await tier.inScope('on', start - 1, 10), [])
    await tier.delete(['c'])
    await tier.set('e', sample(time.now(), 'without'))
    await tier.flush?.()
    assert.deepEqual(keysOf(await tier.inScope('one', start - 1, 10)), ['a'])
  }),
]

/** The marks a new subscriber hears of, once that label is among them. */
async function heard(
  { marks }: CacheTier,
  time: CacheTierTime,
  label: string,
): Promise<ReadonlyMap<string, number>> {
  const known = new Map<string, number>()
  const unsubscribe = marks?.subscribe((list: readonly Mark[]) => {
    for (const mark of list) known.set(mark.label, Math.max(mark.at, known.get(mark.label) ?? 0))
  })
  try {
    for (let turn = 0; turn < 300 && !known.has(label); turn += 1) await time.advance(10)
  } finally {
    unsubscribe?.()
  }
  return known
}

const invalidation: readonly CacheTierCase[] = [
  tierCase('tells who subscribes of the marks it keeps', async (tier, time) => {
    if (!tier.marks) return
    const at = time.now()
    await tier.marks.put([
      { label: 't:geo 日本', at },
      { label: 'l2', at: at - 5 },
    ])
    await tier.marks.put([{ label: 'k:key', at: at + 1 }])
    const known = await heard(tier, time, 'k:key')
    assert.deepEqual(
      [known.get('t:geo 日本'), known.get('l2'), known.get('k:key')],
      [at, at - 5, at + 1],
    )
  }),
  tierCase('keeps the newest mark of a label', async (tier, time) => {
    if (!tier.marks) return
    const at = time.now()
    for (const later of [0, 5, 3]) await tier.marks.put([{ label: 't:geo', at: at + later }])
    assert.equal((await heard(tier, time, 't:geo')).get('t:geo'), at + 5)
  }),
  tierCase('keeps its marks through a clear', async (tier, time) => {
    if (!tier.marks) return
    await tier.marks.put([{ label: 't:geo', at: time.now() }])
    await tier.clear()
    await tier.flush?.()
    assert.ok((await heard(tier, time, 't:geo')).has('t:geo'))
  }),
]

/** Cases for members a tier need not have. */
export const optionalTierCases: readonly CacheTierCase[] = [...listing, ...invalidation]
