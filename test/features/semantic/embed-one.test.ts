import { describe, expect, it } from 'vitest'
import type { Embedder } from '../../../src/contracts/embedder.js'
import { OneTextEmbedder } from '../../../src/features/semantic/embed-one.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { cosineEmbedder, vectorAt } from './fixtures.js'

type Embed = (signal: AbortSignal) => unknown

/** An embedder that does what `embed` says, how often it was asked, and what was told. */
function world(embed: Embed) {
  const clock = new FakeClock()
  const told: string[] = []
  const log = (_: object, message: string): void => void told.push(message)
  const calls = { count: 0 }
  const embedder: Embedder = cosineEmbedder({
    embed: ((_: unknown, signal: AbortSignal) => {
      calls.count += 1
      return embed(signal)
    }) as never,
  })
  const logger = { debug: log, info: log, warn: log, error: log }
  const one = new OneTextEmbedder(embedder, { clock, logger })
  /** How long it took, and the vectors so far. */
  const ask = async (signal = new AbortController().signal) => {
    const vectors: Float32Array[] = []
    const began = clock.monotonic()
    const state = { done: false }
    const asking = Promise.resolve(one.embed('text', signal, (vector) => vectors.push(vector)))
    void asking.then(() => (state.done = true))
    for (let step = 0; step < 200 && !state.done; step += 1) await clock.advance(10)
    return { waited: clock.monotonic() - began, vectors }
  }
  return { one, ask, clock, told, calls }
}

const hangs = (): Promise<never> => new Promise(() => undefined)

describe('an embedder', () => {
  it('that hung three times is left alone, and asked again later', async () => {
    let well = false
    const { ask, clock, told, calls } = world(() =>
      well ? Promise.resolve([vectorAt(1)]) : hangs(),
    )
    for (let turn = 0; turn < 3; turn += 1) expect((await ask()).waited).toBeGreaterThan(900)
    expect(told).toEqual(['an embedder is ill'])
    expect((await ask()).waited).toBeLessThan(50)
    expect(calls.count).toBe(3)
    well = true
    await clock.advance(1_000)
    expect((await ask()).vectors).toHaveLength(1)
    expect(told).toEqual(['an embedder is ill', 'an embedder is well'])
    expect((await ask()).vectors).toHaveLength(1)
  })

  it('that rejects is left alone as well', async () => {
    const { ask, calls } = world(() => Promise.reject(new Error('PRIVATE')))
    for (let turn = 0; turn < 9; turn += 1) await ask()
    expect(calls.count).toBe(3)
  })

  it('that answers without a promise is asked each time, whatever it answers', async () => {
    const { ask, calls } = world(() => {
      throw new Error('PRIVATE')
    })
    for (let turn = 0; turn < 9; turn += 1) await ask()
    expect(calls.count).toBe(9)
  })

  it('is not blamed for callers who leave at once, and is for those who leave after a while', async () => {
    const heeds = (signal: AbortSignal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'))
        })
      })
    const leaving = async (ms: number): Promise<number> => {
      const { ask, clock, calls, told } = world(heeds)
      for (let turn = 0; turn < 9; turn += 1) {
        const caller = new AbortController()
        clock.schedule(ms, () => {
          caller.abort()
        })
        await ask(caller.signal)
      }
      expect(told.every((message) => message === 'an embedder is ill')).toBe(true)
      return calls.count
    }
    expect(await leaving(100)).toBe(9)
    expect(await leaving(500)).toBe(3)
  })

  it('that fills one buffer again and again changes no vector it gave before', async () => {
    const shared = vectorAt(1)
    const { ask } = world(() => {
      shared.set(vectorAt(shared[0] === 1 ? 0 : 1))
      return [shared]
    })
    const [first] = (await ask()).vectors
    await ask()
    expect(first).toEqual(vectorAt(0))
  })
})

it('releases who waits when it is closed, and leaves no timer', async () => {
  const { one } = world(hangs)
  const asking = one.embed('text', new AbortController().signal, () => undefined)
  await one.close()
  await expect(asking).resolves.toBeUndefined()
})
