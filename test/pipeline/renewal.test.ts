import { describe, expect, it } from 'vitest'
import type { InferenceResponse } from '../../src/contracts/response.js'
import { parseRequest } from '../../src/features/request/parse.js'
import { createRenewal } from '../../src/pipeline/renewal.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

const request = parseRequest({ prompt: 'News?', priority: 9, cache: { tags: ['t'] } })

const answer = (fields: object = {}): InferenceResponse =>
  ({
    response: 'new',
    finish_reason: 'stop',
    tool_calls: [],
    cache: { stale: false },
    ...fields,
  }) as unknown as InferenceResponse

function world(outcome: () => Promise<InferenceResponse>) {
  const clock = new FakeClock()
  const asked: unknown[] = []
  const renew = createRenewal(clock, (given) => {
    asked.push(given)
    return outcome()
  })
  return { clock, asked, renew }
}

describe('a renewal', () => {
  it('asks anew, at the lowest priority, with everything else as it was', () => {
    const { asked, renew } = world(() => Promise.resolve(answer()))
    renew({ key: 'a', request })
    expect(asked).toEqual([{ ...request, priority: 1, cache: { tags: ['t'], refresh: true } }])
  })

  it('asks for the whole of an answer that was asked for as a stream', () => {
    const { asked, renew } = world(() => Promise.resolve(answer()))
    renew({ key: 'a', request: { ...request, stream: true } })
    expect(asked[0]).toMatchObject({ stream: undefined })
  })

  it('runs once for each key at a time, and again once it went well', async () => {
    const { clock, asked, renew } = world(() => Promise.resolve(answer()))
    for (const key of ['a', 'a', 'b', 'a']) renew({ key, request })
    expect(asked).toHaveLength(2)
    await clock.advance(0)
    renew({ key: 'a', request })
    expect(asked).toHaveLength(3)
  })

  it.each([
    ['fails', () => Promise.reject(new Error('no'))],
    ['is cut off', () => Promise.resolve(answer({ finish_reason: 'length' }))],
    ['is refused', () => Promise.resolve(answer({ finish_reason: 'content_filter' }))],
    ['is empty', () => Promise.resolve(answer({ response: '' }))],
    ['comes to the old answer', () => Promise.resolve(answer({ cache: { stale: true } }))],
  ])('that %s rests, for twice as long each time, up to a minute', async (_, outcome) => {
    const { clock, asked, renew } = world(outcome)
    const waits: number[] = []
    let last = -1
    for (let second = 0; second < 400; second += 1) {
      const before = asked.length
      renew({ key: 'a', request })
      if (asked.length > before) {
        if (last >= 0) waits.push(second - last)
        last = second
      }
      await clock.advance(1_000)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60])
  })
})
