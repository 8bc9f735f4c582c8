import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SemanticRecord } from '../../../src/contracts/cache-tier.js'
import { adoptEntry, createEntry } from '../../../src/features/cache/entry.js'
import { answer, entry } from './fixtures.js'

const NOW = Date.UTC(2026, 0, 1)
const make = (ttl_seconds: number, random: number, graceSeconds = 60) =>
  createEntry(answer(), { ttl_seconds, graceSeconds, now: NOW, random: () => random })

/** Typed arrays cannot be frozen. */
const isDeepFrozen = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  value instanceof Float32Array ||
  (Object.isFrozen(value) && Object.values(value).every(isDeepFrozen))

describe('createEntry', () => {
  it('is fresh for the time to live within ten per cent, then stale for the grace', () => {
    expect(make(100, 0).fresh_until).toBe(NOW + 90_000)
    expect(make(100, 0.5).fresh_until).toBe(NOW + 100_000)
    expect(make(100, 1 - 2 ** -53).fresh_until).toBe(NOW + 110_000)
    expect(make(100, 0).stale_until).toBe(NOW + 150_000)
  })

  it('keeps its times in order and within bounds for any time to live', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e8, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.double({ min: 0, max: 1e8, noNaN: true }),
        (ttl, random, grace) => {
          const made = make(ttl, random, grace)
          expect(made.fresh_until - NOW).toBeGreaterThanOrEqual(Math.floor(ttl * 900))
          expect(made.fresh_until - NOW).toBeLessThanOrEqual(Math.ceil(ttl * 1_100))
          expect(made.stale_until - made.fresh_until).toBe(Math.round(grace * 1_000))
          expect(Number.isInteger(made.fresh_until)).toBe(true)
        },
      ),
    )
  })

  it('is a deeply frozen copy with tags, and leaves the given answer alone', () => {
    const call = { id: 'call_1', name: 'f', arguments: '{}' }
    const given = answer({ tool_calls: [call] })
    const tags = ['a']
    const made = createEntry(given, {
      ttl_seconds: 1,
      graceSeconds: 1,
      now: NOW,
      random: () => 0,
      tags,
    })
    tags.push('b')
    expect(isDeepFrozen(made)).toBe(true)
    expect(made.answer).toEqual(given)
    expect(made.tags).toEqual(['a'])
    expect(Object.isFrozen(given) || Object.isFrozen(call)).toBe(false)
  })

  it('counts one byte for an ASCII character and two for others', () => {
    const size = (text: string): number => entry(NOW, { text }).size
    expect(size('x'.repeat(1_000)) - size('')).toBe(1_000)
    expect(size('é'.repeat(1_000)) - size('')).toBe(2_000)
    expect(size('日'.repeat(1_000)) - size('')).toBe(2_000)
    expect(entry(NOW, { text: '', reasoning: 'x'.repeat(500) }).size - size('')).toBe(500)
  })
})

describe('adoptEntry', () => {
  const foreign = (over: object = {}): unknown => ({
    ...(JSON.parse(JSON.stringify(entry(NOW))) as object),
    ...over,
  })

  it('gives back an entry made here as the same object', () => {
    const own = entry(NOW)
    expect(adoptEntry(own)).toBe(own)
  })

  it('freezes a copy of a foreign entry without unknown fields, and counts its size itself', () => {
    const adopted = adoptEntry(foreign({ size: 1, extra: 'x' }))
    expect(adopted).toEqual(entry(NOW))
    expect(isDeepFrozen(adopted)).toBe(true)
    expect(adopted && adoptEntry(adopted)).toBe(adopted)
  })

  it.each([
    ['an unknown version', { v: 2 }],
    ['no answer', { answer: undefined }],
    ['a truncated answer', { answer: answer({ finish_reason: 'length' }) }],
    ['a time that is none', { created_at: 'yesterday' }],
    ['an infinite time', { stale_until: Infinity }],
    ['times out of order', { fresh_until: NOW - 1 }],
    ['a grace that ends before the freshness', { stale_until: NOW }],
    ['tags that are none', { tags: [1] }],
  ])('refuses %s', (_, over) => {
    expect(adoptEntry(foreign(over))).toBeUndefined()
  })

  it('refuses anything that is no object', () => {
    for (const value of [null, 1, 'entry', [], true]) expect(adoptEntry(value)).toBeUndefined()
  })
})

describe('what a match by meaning needs', () => {
  const record = (over: object = {}) => ({
    scope: 'scope',
    embedder: 'built-in-1',
    text: 'What is the capital of France?',
    vector: Float32Array.of(0.6, 0.8),
    ...over,
  })
  const entryWith = (semantic: unknown) =>
    createEntry(answer(), {
      ttl_seconds: 1,
      graceSeconds: 1,
      now: NOW,
      random: () => 0.5,
      semantic: semantic as SemanticRecord,
    })

  it('is kept as a frozen copy without unknown fields, by an entry made here and by an adopted one', () => {
    const given = record()
    const made = entryWith({ ...given, extra: 'x' })
    const { size, ...plain } = made
    const adopted = adoptEntry({ ...plain, semantic: { ...given, extra: 'x' } })
    given.vector[0] = 9
    for (const entry of [made, adopted]) {
      expect(entry?.semantic).toEqual(record())
      expect(entry?.size).toBe(size)
      expect(isDeepFrozen(entry)).toBe(true)
    }
  })

  it('is copied out of the buffer it is a view of', () => {
    const large = new Float32Array(1_000).fill(0.5)
    const { semantic } = entryWith(record({ vector: large.subarray(10, 12) }))
    expect(semantic?.vector).toEqual(Float32Array.of(0.5, 0.5))
    expect(semantic?.vector.buffer.byteLength).toBe(8)
  })

  it('counts with its bytes', () => {
    const none = entryWith(undefined).size
    const few = entryWith(record()).size
    expect(few).toBeGreaterThan(none + record().text.length + 8)
    expect(entryWith(record({ vector: new Float32Array(102) })).size - few).toBe(400)
    expect(entryWith(record({ text: '' })).size).toBe(few - record().text.length)
  })

  it('may be as long as a text of 20,000 characters and a vector of 16,384 numbers', () => {
    const longest = record({
      text: '€'.repeat(20_000),
      vector: new Float32Array(16_384).fill(0.1),
    })
    expect(entryWith(longest).semantic).toEqual(longest)
  })

  it.each([
    ['nothing', null],
    ['a text', 'scope'],
    ['no scope', record({ scope: '' })],
    ['an embedder that is no text', record({ embedder: 1 })],
    ['no text', record({ text: undefined })],
    ['a text over 20,000 characters', record({ text: 'x'.repeat(20_001) })],
    ['a plain array', record({ vector: [0.6, 0.8] })],
    ['doubles', record({ vector: Float64Array.of(0.6, 0.8) })],
    ['an empty vector', record({ vector: new Float32Array(0) })],
    ['too long a vector', record({ vector: new Float32Array(16_385) })],
    ['a number that is none', record({ vector: Float32Array.of(0.6, NaN) })],
    ['an infinite number', record({ vector: Float32Array.of(-Infinity) })],
  ])('is left out when it is %s, and the entry is kept', (_, semantic) => {
    const made = entryWith(semantic)
    expect(made.answer).toEqual(answer())
    expect(made).not.toHaveProperty('semantic')
    const adopted = adoptEntry({ ...made, semantic })
    expect(adopted).toEqual(made)
    expect(adopted).not.toHaveProperty('semantic')
  })
})
