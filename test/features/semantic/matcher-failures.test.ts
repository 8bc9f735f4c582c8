import { describe, expect, it } from 'vitest'
import type { KeyedEntry, SemanticRecord } from '../../../src/contracts/cache-tier.js'
import type { Embedder } from '../../../src/contracts/embedder.js'
import { benchOf, cosineEmbedder, keyed, requestOf, vectorAt } from './fixtures.js'

const failing = (embed: () => unknown): Embedder => cosineEmbedder({ embed: embed as never })

describe('an embedder that fails', () => {
  it.each([
    [
      'throws',
      () =>
        failing(() => {
          throw new Error('PRIVATE')
        }),
    ],
    ['rejects', () => failing(() => Promise.reject(new Error('PRIVATE')))],
    ['answers nothing', () => failing(() => undefined)],
    ['answers with another number of dimensions', () => failing(() => [vectorAt(1, 4)])],
    ['answers with NaN', () => failing(() => [new Float32Array(8).fill(NaN)])],
    ['answers with a vector of another length', () => failing(() => [new Float32Array(8).fill(1)])],
    ['answers with plain numbers', () => failing(() => [[1, 0, 0, 0, 0, 0, 0, 0]])],
  ])('is no match when it %s', async (_, embedder) => {
    const { matcher, ask, logged } = benchOf({ embedder: embedder() })
    expect(await ask('what is this')).toMatchObject({ accepted: [], record: undefined })
    expect(matcher.stats()).toMatchObject({ lookups: 1, failures: 1 })
    expect(logged).toHaveLength(1)
    expect(logged.join()).not.toContain('PRIVATE')
  })

  it('is waited for one second; a vector that comes later is still stored', async () => {
    let answer: (vectors: Float32Array[]) => void = () => undefined
    const slow = failing(() => new Promise<Float32Array[]>((resolve) => (answer = resolve)))
    const { ask, clock } = benchOf({ embedder: slow })
    const asked = ask('what is this')
    await clock.advance(1_000)
    const outcome = await asked
    expect(outcome.record).toBeUndefined()
    answer([vectorAt(1)])
    await clock.advance(0)
    expect(outcome.record).toMatchObject({ text: 'what is this' })
  })
})

describe('a call that ended', () => {
  it('is not matched', async () => {
    const { matcher } = benchOf()
    const probe = matcher.probe(requestOf(), { scope: 'scope', text: 'what is this' })
    const signal = AbortSignal.abort()
    expect(probe && (await matcher.match(probe, signal)).record).toBeUndefined()
    expect(matcher.stats().lookups).toBe(0)
  })

  it('is not matched after the matcher is closed, which closes the embedder', async () => {
    let closed = 0
    const close = () => Promise.resolve(void (closed += 1))
    const { matcher, ask, store } = benchOf({ embedder: cosineEmbedder({ close }) })
    const { record } = await store('near', 'what is that')
    await matcher.close()
    if (record) matcher.add('near', record)
    expect((await ask('what is this')).accepted).toEqual([])
    expect(matcher.stats().entries).toBe(0)
    expect(closed).toBe(1)
  })
})

describe('stored entries', () => {
  const record = (scope: string, cosine = 1, embedder = 'cosine-8'): SemanticRecord => ({
    scope,
    embedder,
    text: 'what was this',
    vector: vectorAt(cosine),
  })

  /** What a store would answer, and what it was asked. */
  function storeOf(
    entries: (scope: string) => readonly KeyedEntry[] | Promise<never>,
    complete: () => boolean = () => true,
  ) {
    const asked: { since: number; limit: number }[] = []
    const entriesInScope = async (scope: string, since: number, limit: number) => {
      asked.push({ since, limit })
      return { entries: await entries(scope), complete: complete() }
    }
    return { asked, entriesInScope }
  }

  it('are found at the first question of a scope, also those of before a restart', async () => {
    const { asked, entriesInScope } = storeOf((scope) => [keyed('old', record(scope, 0.9))])
    const { ask } = benchOf({ maxEntries: 7 }, { entriesInScope })
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['old'])
    expect(asked).toEqual([{ since: 0, limit: 7 }])
  })

  it('of other scopes, other embedders and broken ones are ignored', async () => {
    const { entriesInScope } = storeOf((scope) => [
      keyed('scope', record('another')),
      keyed('embedder', record(scope, 1, 'other-8')),
      keyed('broken', { ...record(scope), vector: new Float32Array(8) }),
      keyed('short', { ...record(scope), vector: vectorAt(1, 4) }),
      { key: 'none', entry: {} as never },
    ])
    const { matcher, ask } = benchOf({}, { entriesInScope })
    expect((await ask('what is this')).accepted).toEqual([])
    expect(matcher.stats().entries).toBe(0)
  })

  it('of other processes become known within a second or two, and are read once', async () => {
    const entries: string[] = []
    const { asked, entriesInScope } = storeOf((scope) =>
      entries.map((key) => keyed(key, record(scope, 0.9))),
    )
    const { ask, clock } = benchOf({}, { entriesInScope })
    const start = clock.now()
    await ask('what is this')
    entries.push('theirs')
    await clock.advance(999)
    expect((await ask('what is this')).accepted).toEqual([])
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    await ask('what is this')
    await clock.advance(0)
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['theirs'])
    expect(asked[1]?.since).toBe(start - 5_000)
    expect(asked).toHaveLength(2)
  })

  it('are waited for 100 ms only, and arrive in the background', async () => {
    let arrive: () => void = () => undefined
    const entriesInScope = (scope: string) =>
      new Promise<{ entries: KeyedEntry[]; complete: boolean }>((resolve) => {
        arrive = () => {
          resolve({ entries: [keyed('late', record(scope))], complete: true })
        }
      })
    const { ask, clock } = benchOf({}, { entriesInScope })
    const asked = ask('what is this')
    await clock.advance(100)
    expect((await asked).accepted).toEqual([])
    arrive()
    await clock.advance(0)
    expect((await ask('what is this')).accepted).toHaveLength(1)
  })

  it('of a level that could not be asked are asked for again, once a second, from the start', async () => {
    let connected = false
    const old = (scope: string) => (connected ? [keyed('old', record(scope, 0.9))] : [])
    const { asked, entriesInScope } = storeOf(old, () => connected)
    const { ask, clock } = benchOf({}, { entriesInScope })
    const start = clock.now()
    await ask('what is this')
    await clock.advance(999)
    await ask('what is this')
    expect(asked).toHaveLength(1)
    connected = true
    await clock.advance(1)
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['old'])
    expect(asked.map(({ since }) => since)).toEqual([0, 0])
    connected = false
    await clock.advance(1_000)
    await ask('what is this')
    await clock.advance(1_000)
    await ask('what is this')
    const known = start + 1_000 - 5_000
    expect(asked.slice(2).map(({ since }) => since)).toEqual([known, known])
  })

  it('that cannot be read are none', async () => {
    const { entriesInScope } = storeOf(() => Promise.reject(new Error('PRIVATE')))
    const { ask, logged } = benchOf({}, { entriesInScope })
    expect((await ask('what is this')).accepted).toEqual([])
    expect(logged).toHaveLength(1)
    expect(logged.join()).not.toContain('PRIVATE')
  })
})
