/** What every cache tier must do, as cases that any test runner can run. */
import assert from 'node:assert/strict'
import {
  assertHolds,
  assertMissing,
  sample,
  SECOND,
  tierCase,
  type CacheTierCase,
} from './cache-tier-case.js'
import { optionalTierCases } from './optional-tier-cases.js'

export type { CacheTierCase, CacheTierTime } from './cache-tier-case.js'

const contents: readonly CacheTierCase[] = [
  tierCase('answers undefined for a key it never saw', async (tier) => {
    await assertMissing(tier, 'unknown')
  }),
  tierCase('gives back every field of what was set', async (tier, time) => {
    const plain = sample(time.now())
    const full = sample(time.now(), '', {
      answer: {
        ...plain.answer,
        text: '',
        reasoning: 'thought',
        tool_calls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Köln"}' }],
        finish_reason: 'tool_calls',
        substitution: 'equivalent',
        substitution_reason: 'failover',
        cost: null,
      },
      tags: ['geo', 'tenant:a b'],
    })
    await tier.set('plain', plain)
    await tier.set('full', full)
    await assertHolds(tier, 'plain', plain)
    await assertHolds(tier, 'full', full)
  }),
  tierCase('keeps any text as it is', async (tier, time) => {
    const texts = ['\u0000 nul', 'né 日本 🦖', '"quotes" \\ and\r\nlines', 'x'.repeat(100_000)]
    for (const text of texts) {
      const entry = sample(time.now(), text)
      await tier.set('key', entry)
      await assertHolds(tier, 'key', entry)
    }
  }),
  tierCase('replaces the entry of a key', async (tier, time) => {
    await tier.set('key', sample(time.now(), 'first'))
    const second = sample(time.now(), 'second, longer')
    await tier.set('key', second)
    await assertHolds(tier, 'key', second)
  }),
  tierCase('tells keys apart by every character', async (tier, time) => {
    const keys = ['key', 'KEY', 'key ', 'key:', 'key:*', 'ke\u0301y', 'k\u00e9y']
    const now = time.now()
    for (const key of keys) await tier.set(key, sample(now, `answer of ${key}`))
    for (const key of keys) await assertHolds(tier, key, sample(now, `answer of ${key}`))
  }),
  tierCase('serves concurrent reads and writes', async (tier, time) => {
    const numbers = Array.from({ length: 100 }, (_, index) => String(index))
    const now = time.now()
    const entryOf = (number: string) => sample(now, `answer ${number}`)
    await Promise.all(numbers.map(async (number) => tier.set(number, entryOf(number))))
    await Promise.all(numbers.map((number) => assertHolds(tier, number, entryOf(number))))
  }),
]

const times: readonly CacheTierCase[] = [
  tierCase('gives back an entry that is past its time and within its grace', async (tier, time) => {
    const entry = sample(time.now())
    await tier.set('key', entry)
    await time.advance(1.5 * SECOND)
    await assertHolds(tier, 'key', entry)
  }),
  tierCase('forgets an entry that is past its grace', async (tier, time) => {
    await tier.set('key', sample(time.now()))
    await time.advance(2 * SECOND)
    await assertMissing(tier, 'key')
  }),
  tierCase('never gives back an entry that was past its grace when set', async (tier, time) => {
    await tier.set('key', sample(time.now() - 3 * SECOND))
    await assertMissing(tier, 'key')
  }),
]

const removal: readonly CacheTierCase[] = [
  tierCase('deletes the keys it is told to and no others', async (tier, time) => {
    const now = time.now()
    for (const key of ['a', 'b', 'c']) await tier.set(key, sample(now, key))
    await tier.delete([])
    await tier.delete(['a', 'c', 'unknown'])
    await assertMissing(tier, 'a')
    await assertHolds(tier, 'b', sample(now, 'b'))
    await assertMissing(tier, 'c')
  }),
  tierCase('is empty after clear and usable again', async (tier, time) => {
    await tier.set('old', sample(time.now()))
    await tier.clear()
    await assertMissing(tier, 'old')
    const entry = sample(time.now(), 'new')
    await tier.set('old', entry)
    await assertHolds(tier, 'old', entry)
  }),
]

const upkeep: readonly CacheTierCase[] = [
  tierCase('counts its entries and bytes', async (tier, time) => {
    assert.ok(['l1', 'l2', 'l3'].includes(tier.level))
    for (const key of ['a', 'b', 'b']) await tier.set(key, sample(time.now(), key))
    await tier.flush?.()
    const full = tier.stats()
    assert.equal(full.enabled, true)
    assert.equal(full.entries, 2)
    assert.ok(full.bytes > 0 && full.bytes <= full.max_bytes)
    assert.ok(full.entries <= full.max_entries)
    await tier.clear()
    await tier.flush?.()
    assert.deepEqual({ ...tier.stats() }, { ...full, entries: 0, bytes: 0 })
  }),
  tierCase('flushes and closes more than once', async (tier, time) => {
    await tier.set('key', sample(time.now()))
    await tier.flush?.()
    await tier.flush?.()
    await tier.close?.()
    await tier.close?.()
  }),
]

/** Cases for one cache tier. Run each against a new tier. */
export const cacheTierCases: readonly CacheTierCase[] = [
  ...contents,
  ...times,
  ...removal,
  ...upkeep,
  ...optionalTierCases,
]
