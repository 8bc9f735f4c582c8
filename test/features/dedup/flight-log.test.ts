import { describe, expect, it } from 'vitest'
import type { SharedChunk } from '../../../src/contracts/stream.js'
import { dataChunk } from '../../../src/features/dedup/chunk.js'
import { FlightLog, type LogReader } from '../../../src/features/dedup/flight-log.js'

const chunk = (sequence: number): SharedChunk =>
  dataChunk(sequence, '2026-01-01T00:00:00.000Z', `piece ${String(sequence)}`)

function filled(count: number): FlightLog {
  const log = new FlightLog()
  for (let sequence = 1; sequence <= count; sequence++) log.append(chunk(sequence))
  return log
}

async function drain(reader: LogReader): Promise<SharedChunk[]> {
  const seen: SharedChunk[] = []
  for await (const item of reader) seen.push(item)
  return seen
}

const sequences = (chunks: SharedChunk[]): number[] => chunks.map(({ sequence }) => sequence)

describe('a log', () => {
  it('gives every reader the same chunk objects from the first one on', async () => {
    const log = filled(2)
    const early = drain(log.read())
    log.append(chunk(3))
    const late = drain(log.read())
    log.close()
    const [first, second] = await Promise.all([early, late])
    expect(sequences(first)).toEqual([1, 2, 3])
    expect(second.every((item, index) => item === first[index])).toBe(true)
  })

  it('ignores what is appended after its end', async () => {
    const log = filled(1)
    log.close()
    log.append(chunk(2))
    log.close(new Error('late'))
    expect(sequences(await drain(log.read()))).toEqual([1])
  })

  it('lets readers take what there is before it rejects with its error', async () => {
    const log = filled(1)
    const reader = log.read()
    log.close(new Error('upstream broke'))
    expect((await reader.next()).value).toMatchObject({ sequence: 1 })
    await expect(reader.next()).rejects.toThrow('upstream broke')
    await expect(log.read().next()).resolves.toMatchObject({ done: false })
  })

  it('ends or fails the readers that wait when it is closed', async () => {
    const [good, bad] = [new FlightLog(), new FlightLog()]
    const waiting = [good.read().next(), bad.read().next()]
    good.close()
    bad.close(new Error('upstream broke'))
    expect(await waiting[0]).toEqual({ value: undefined, done: true })
    await expect(waiting[1]).rejects.toThrow('upstream broke')
  })

  it('does not wait for a slow reader', async () => {
    const log = new FlightLog()
    const [slow, quick] = [log.read(), drain(log.read())]
    await Promise.resolve()
    for (let sequence = 1; sequence <= 100; sequence++) log.append(chunk(sequence))
    log.close()
    expect(await quick).toHaveLength(100)
    expect(sequences(await drain(slow))).toEqual(sequences(await quick))
  })
})

describe('a reader', () => {
  it('answers several reads at once in their order, whenever the chunks come', async () => {
    const log = new FlightLog()
    const reader = log.read()
    const order: number[] = []
    const read = (): Promise<unknown> =>
      reader.next().then((item) => order.push(item.done === true ? 0 : item.value.sequence))
    const reads = [read(), read(), read()]
    log.append(chunk(1))
    log.append(chunk(2))
    reads.push(read())
    log.append(chunk(3))
    log.close()
    await Promise.all(reads)
    expect(order).toEqual([1, 2, 3, 0])
  })

  it('ends a pending read at once when it returns, although nothing comes', async () => {
    const reader = new FlightLog().read()
    const pending = [reader.next(), reader.next()]
    expect(await reader.return()).toEqual({ value: undefined, done: true })
    expect(await Promise.all(pending)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ])
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })

  it('rejects pending and later reads when it is stopped with an error, chunks left or not', async () => {
    const waiting = new FlightLog().read()
    const pending = waiting.next()
    waiting.stop(new Error('left'))
    await expect(pending).rejects.toThrow('left')
    const behind = filled(2).read()
    behind.stop(new Error('left'))
    await expect(behind.next()).rejects.toThrow('left')
    await expect(behind.next()).rejects.toThrow('left')
  })

  it('keeps its first ending', async () => {
    const reader = new FlightLog().read()
    await reader.return()
    reader.stop(new Error('late'))
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })

  it('is held by its owner only until it is stopped', async () => {
    const owned = new Set<LogReader>()
    const log = new FlightLog()
    const [first, second] = [log.read(owned), log.read(owned)]
    expect(owned).toEqual(new Set([first, second]))
    await first.return()
    expect(owned).toEqual(new Set([second]))
  })
})
