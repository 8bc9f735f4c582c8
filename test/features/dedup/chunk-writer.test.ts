import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { ProviderError } from '../../../src/errors.js'
import type { SharedChunk } from '../../../src/contracts/stream.js'
import { chunkId } from '../../../src/features/dedup/chunk.js'
import { ChunkWriter, MAX_ANSWER_BYTES } from '../../../src/features/dedup/chunk-writer.js'
import { FlightLog } from '../../../src/features/dedup/flight-log.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

function setup(): { log: FlightLog; writer: ChunkWriter; chunks: () => SharedChunk[] } {
  const log = new FlightLog()
  const writer = new ChunkWriter(log, new FakeClock())
  const chunks = (): SharedChunk[] =>
    Array.from({ length: log.length }, (_, position) => {
      const item = log.item(position)
      if (!item || item.done === true) throw new Error('a hole in the log')
      return item.value
    })
  return { log, writer, chunks }
}

const percentages = (chunks: SharedChunk[]): number[] =>
  chunks.flatMap((chunk) => (chunk.type === 'progress' ? [chunk.data.percentage] : []))

describe('chunks', () => {
  it('have ids of three digits or more', () => {
    expect([1, 42, 999, 1000].map(chunkId)).toEqual([
      'chunk_001',
      'chunk_042',
      'chunk_999',
      'chunk_1000',
    ])
  })

  it('carry the documented fields, numbered from 1', () => {
    const { writer, chunks } = setup()
    writer.progress(25, 'Looking for the answer')
    writer.append({ type: 'text', text: 'Par' })
    expect(chunks()).toEqual([
      {
        id: 'chunk_001',
        type: 'progress',
        data: { current: 25, total: 100, percentage: 25, message: 'Looking for the answer' },
        timestamp: '2026-01-01T00:00:00.000Z',
        sequence: 1,
      },
      {
        id: 'chunk_002',
        type: 'data',
        data: 'Par',
        timestamp: '2026-01-01T00:00:00.000Z',
        sequence: 2,
      },
    ])
  })

  it('are frozen through and through, because all readers share them', () => {
    const { writer, chunks } = setup()
    writer.append({ type: 'text', text: 'x' })
    writer.append({ type: 'tool_call', index: 0, id: 'call_1', name: 'weather' })
    for (const chunk of chunks()) {
      expect(Object.isFrozen(chunk)).toBe(true)
      if (chunk.type === 'progress') {
        expect(Object.isFrozen(chunk.data)).toBe(true)
        expect(chunk.data.delta === undefined || Object.isFrozen(chunk.data.delta)).toBe(true)
      }
    }
  })
})

describe('a piece of an answer', () => {
  it('becomes progress with a delta when it is reasoning or part of a tool call', () => {
    const { writer, chunks } = setup()
    writer.progress(30, 'Asking the model')
    writer.append({ type: 'reasoning', text: 'hm' })
    writer.append({ type: 'tool_call', index: 1, id: 'c', name: undefined, arguments: '{"a"' })
    const deltas = chunks().slice(1)
    expect(percentages(deltas)).toEqual([30, 30])
    expect(deltas.map((chunk) => (chunk.type === 'progress' ? chunk.data.delta : chunk))).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'tool_call', index: 1, id: 'c', arguments: '{"a"' },
    ])
    expect(Object.keys((deltas[1]?.data as { delta: object }).delta)).not.toContain('name')
  })

  it('counts as delivered, which progress and empty text do not', () => {
    const { writer } = setup()
    writer.progress(10, 'Asking the model')
    writer.append({ type: 'text', text: '' })
    expect(writer.delivered).toBe(false)
    writer.append({ type: 'reasoning', text: 'hm' })
    expect(writer.delivered).toBe(true)
  })

  it('makes no chunk when its text is empty', () => {
    const { writer, log } = setup()
    writer.append({ type: 'text', text: '' })
    expect(log.length).toBe(0)
  })

  it('may bring the answer to 4 MiB of UTF-8 exactly, and not a byte further', () => {
    const { writer, log } = setup()
    const half = 'é'.repeat(MAX_ANSWER_BYTES / 4)
    writer.append({ type: 'text', text: half })
    writer.append({ type: 'text', text: half })
    expect(writer.bytes).toBe(MAX_ANSWER_BYTES)
    const before = log.length
    let caught: unknown
    try {
      writer.append({ type: 'text', text: 'x' })
    } catch (error) {
      caught = error
    }
    expect(ProviderError.isInstance(caught) && caught.facts.reason).toBe('answer_too_large')
    expect(log.length).toBe(before)
  })

  it('counts for something even when empty, so that a flood of them ends', () => {
    const { writer } = setup()
    const flood = (): void => {
      for (let i = 0; i <= MAX_ANSWER_BYTES / 8; i++) writer.append({ type: 'tool_call', index: 0 })
    }
    expect(flood).toThrow('answer_too_large')
  })
})

describe('the percentage', () => {
  it('never falls, and stays below 100', () => {
    const { writer, chunks } = setup()
    for (const value of [20, 5, Number.NaN, -3, 60, 100, 250]) writer.progress(value, 'stage')
    expect(percentages(chunks())).toEqual([20, 20, 20, 20, 60, 99, 99])
  })

  it('follows 10 + 85 * (1 - e^(-tokens / expected)) as text comes', () => {
    const { writer, chunks } = setup()
    writer.expectTokens(100)
    writer.append({ type: 'text', text: 'x'.repeat(400) })
    expect(percentages(chunks())).toEqual([Math.floor(10 + 85 * (1 - Math.exp(-1)))])
  })

  it('expects 200 tokens unless told', () => {
    const { writer, chunks } = setup()
    writer.expectTokens(0)
    writer.append({ type: 'text', text: 'x'.repeat(800) })
    expect(percentages(chunks())).toEqual([Math.floor(10 + 85 * (1 - Math.exp(-1)))])
  })

  it('is announced in steps of 5 points or more, at most 19 times, however the text is cut', () => {
    const piece = fc.string({ minLength: 1, maxLength: 2_000 })
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 200 }), (pieces) => {
        const { writer, chunks } = setup()
        for (const text of pieces) writer.append({ type: 'text', text })
        const steps = percentages(chunks())
        expect(steps.length).toBeLessThanOrEqual(19)
        for (const [index, value] of steps.entries()) {
          expect(value - (steps[index - 1] ?? 0)).toBeGreaterThanOrEqual(5)
          expect(value).toBeLessThan(100)
        }
        expect(chunks().map(({ sequence }) => sequence)).toEqual(chunks().map((_, i) => i + 1))
        const text = chunks().flatMap((chunk) => (chunk.type === 'data' ? [chunk.data] : []))
        expect(text).toEqual(pieces)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the end of an answer', () => {
  it('gives the whole text as one chunk when none came in pieces', () => {
    const { writer, chunks } = setup()
    writer.append({ type: 'reasoning', text: 'hm' })
    writer.finish('Paris')
    expect(chunks().at(-1)).toMatchObject({ type: 'data', data: 'Paris', sequence: 2 })
  })

  it('adds nothing to streamed text, and no empty chunk', () => {
    const { writer, log } = setup()
    writer.finish('')
    expect(log.length).toBe(0)
    writer.append({ type: 'text', text: 'Paris' })
    const before = log.length
    writer.finish('Paris')
    expect(log.length).toBe(before)
  })
})
