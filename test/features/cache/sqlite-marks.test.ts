import { describe, expect, it } from 'vitest'
import type { Mark } from '../../../src/contracts/coordination.js'
import { RaptorflowError } from '../../../src/errors.js'
import { DAY, entry } from './fixtures.js'
import { testTier, type TestTier } from './sqlite-fixtures.js'
import { BUSY, faultyDriver } from './sqlite-faulty-driver.js'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
/** @param at milliseconds after the start */
const mark = (label: string, at: number): Mark => ({ label, at: START + at })

/** All marks it was told, one list for each call. */
function listen({ tier }: TestTier): Mark[][] {
  const calls: Mark[][] = []
  tier.marks.subscribe((marks) => calls.push([...marks]))
  return calls
}

async function openTier(...given: Parameters<typeof testTier>): Promise<TestTier> {
  const made = testTier(...given)
  await made.tier.get('opened')
  return made
}

describe('marks in a SQLite file', () => {
  it('are told at once on subscribing, or before the first read is answered', async () => {
    const one = await openTier()
    await one.tier.marks.put([mark('t:a', 5), mark('l1', 7)])
    await one.tier.close()
    const two = one.beside()
    const early = listen(two)
    expect(early).toEqual([])
    await two.tier.get('key')
    expect(early).toEqual([[mark('t:a', 5), mark('l1', 7)]])
    expect(listen(two)).toEqual([[mark('t:a', 5), mark('l1', 7)]])
  })

  it('reach other processes within a second, each once', async () => {
    const one = await openTier()
    const other = one.beside()
    await other.tier.get('opened')
    const told = listen(other)
    // The first call says that entries are read from now on, whether there are marks or none.
    expect(told).toEqual([[]])
    await one.tier.marks.put([mark('t:a', 1)])
    await other.clock.advance(1_000)
    expect(told.slice(1)).toEqual([[mark('t:a', 1)]])
    await one.tier.marks.put([mark('t:b', 2), mark('t:a', 3)])
    await other.clock.advance(1_000)
    expect(told.slice(2)).toEqual([[mark('t:b', 2), mark('t:a', 3)]])
    await other.clock.advance(10_000)
    expect(told).toHaveLength(3)
  })

  it('are told to nobody who left', async () => {
    const one = await openTier()
    const calls: unknown[] = []
    one.tier.marks.subscribe((marks) => calls.push(marks))()
    await one.beside().tier.marks.put([mark('t:a', 1)])
    await one.clock.advance(5_000)
    expect(calls).toEqual([[]])
    expect(one.clock.pending).toBe(0)
  })

  it('keep the latest time of a label', async () => {
    const one = await openTier()
    await one.tier.marks.put([mark('t:a', 9)])
    await one.tier.marks.put([mark('t:a', 4), mark('t:b', 1)])
    await one.tier.marks.put([mark('t:b', 2)])
    expect(listen(one)).toEqual([[mark('t:a', 9), mark('t:b', 2)]])
  })

  it('that could not be written reject, block all reads, and are written as soon as possible', async () => {
    const faults = faultyDriver()
    const one = await openTier({}, faults.load)
    one.tier.set('key', entry(one.clock.now()))
    await one.tier.flush()
    faults.failure = (sql) => (sql.startsWith('BEGIN') ? BUSY : undefined)
    const failed = one.tier.marks.put([mark('t:a', 5)])
    await expect(failed).rejects.toBeInstanceOf(RaptorflowError)
    await expect(failed).rejects.toMatchObject({ details: { reason: 'locked' } })
    expect(await one.tier.get('key')).toBeUndefined()
    expect(await one.tier.recent(10)).toEqual([])
    faults.failure = () => undefined
    await one.clock.advance(2_000)
    expect(await one.tier.get('key')).toBeDefined()
    const other = one.beside()
    await other.tier.get('key')
    expect(listen(other)).toEqual([[mark('t:a', 5)]])
  })

  it('put while the file is down are written when it is back, before anything is read', async () => {
    const faults = faultyDriver()
    const one = await openTier({}, faults.load)
    one.tier.set('key', entry(one.clock.now()))
    await one.tier.flush()
    const told = listen(one)
    faults.failure = () => 10
    await expect(one.tier.marks.put([mark('*', 5)])).rejects.toBeInstanceOf(RaptorflowError)
    faults.failure = () => undefined
    await one.beside().tier.marks.put([mark('t:missed', 6)])
    expect(await one.tier.get('key')).toBeUndefined()
    await one.clock.advance(MINUTE + 1_000)
    expect(await one.tier.get('key')).toBeDefined()
    expect(told.flat()).toEqual(expect.arrayContaining([mark('t:missed', 6), mark('*', 5)]))
  })

  it('older than 31 days are replaced by one for everything, of the same age', async () => {
    const one = await openTier()
    await one.tier.marks.put([mark('t:a', 0), mark('t:b', 5), mark('t:c', DAY)])
    await one.tier.close()
    await one.clock.advance(31.5 * DAY)
    const two = one.beside()
    await two.tier.marks.put([mark('t:d', 31.5 * DAY)])
    expect(listen(two)).toEqual([[mark('t:c', DAY), mark('t:d', 31.5 * DAY), mark('*', 5)]])
  })

  it('of a clock that was a day ahead count from when they are seen, in the file as well', async () => {
    const one = await openTier()
    await one.tier.marks.put([mark('*', DAY), mark('t:a', 5)])
    const now = one.clock.now()
    const two = one.beside()
    await two.tier.get('key')
    expect(listen(two).flat()).toEqual(
      expect.arrayContaining([{ label: '*', at: now }, mark('t:a', 5)]),
    )
    await one.clock.advance(60_000)
    const three = one.beside()
    await three.tier.get('key')
    expect(listen(three).flat()).toContainEqual({ label: '*', at: now })
  })

  it('are at most about 100,000; the oldest ones are replaced by one for everything', async () => {
    const one = await openTier()
    for (let from = 0; from < 101_000; from += 1_000) {
      const some = Array.from({ length: 1_000 }, (_, index) =>
        mark(`t:${from + index}`, from + index - 101_000),
      )
      await one.tier.marks.put(some)
    }
    const [marks = []] = listen(one)
    expect(marks.length).toBeLessThanOrEqual(100_001)
    expect(marks.length).toBeGreaterThan(89_000)
    const everything = marks.find(({ label }) => label === '*')
    const oldest = Math.min(...marks.filter(({ label }) => label !== '*').map(({ at }) => at))
    expect(everything?.at).toBe(oldest - 1)
  })
})
