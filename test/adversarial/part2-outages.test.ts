/** Things that stay broken: nobody asks them again for each request. */
import { describe, expect, it } from 'vitest'
import type { Embedder } from '../../src/contracts/embedder.js'
import { ProviderError } from '../../src/index.js'
import { ANSWER, never, rawProvider, worldOf } from './support.js'

describe('renewal while the providers fail', () => {
  it.each([429, 401, 400])(
    'does not ask them once for each stale hit (status %i)',
    async (status) => {
      let calls = 0
      const { client, clock } = worldOf(
        [
          rawProvider('raw', {
            call: () => {
              calls += 1
              return calls === 1
                ? Promise.resolve(ANSWER)
                : Promise.reject(new ProviderError({ status }))
            },
          }),
        ],
        { cache: { ttlSeconds: 10, staleWhileRevalidateSeconds: 3_600 } },
      )
      await client.infer('q')
      await clock.advance(20_000)
      // A popular answer: 200 hits in two seconds.
      for (let turn = 0; turn < 200; turn += 1) {
        expect((await client.infer('q')).cache.stale).toBe(true)
        await clock.advance(10)
      }
      await clock.advance(20_000)
      expect(calls).toBeLessThan(20)
    },
  )
})

describe('renewal whose answer may not be stored', () => {
  it('is not paid for once for each stale hit', async () => {
    let calls = 0
    const { client, clock } = worldOf(
      [
        rawProvider('raw', {
          call: () => {
            calls += 1
            return Promise.resolve(calls === 1 ? ANSWER : { ...ANSWER, finish_reason: 'length' })
          },
        }),
      ],
      { cache: { ttlSeconds: 10, staleWhileRevalidateSeconds: 3_600 } },
    )
    await client.infer('q')
    const { cost_stats } = await client.stats()
    await clock.advance(20_000)
    for (let turn = 0; turn < 200; turn += 1) {
      await client.infer('q')
      await clock.advance(10)
    }
    const after = (await client.stats()).cost_stats
    expect(after.total_cost / cost_stats.total_cost).toBeLessThan(20)
  })
})

describe('an embedder that hangs', () => {
  it('is left alone after a while, instead of costing each request a second', async () => {
    const embedder: Embedder = {
      id: 'x',
      dimensions: 2,
      recommendedThreshold: 0.5,
      embed: ([text]) =>
        text === 'Where is it, what is it?' ? [new Float32Array([1, 0])] : never(),
    }
    const { client, clock } = worldOf(
      [rawProvider('raw', { call: () => Promise.resolve(ANSWER) })],
      {
        cache: { semantic: { embedder } },
      },
    )
    await client.infer('Where is it, what is it?')
    let waited = 0
    for (let turn = 0; turn < 20; turn += 1) {
      const began = clock.monotonic()
      const state = { done: false }
      const answer = client.infer(`Where do I find bank card number ${turn}?`).then(() => {
        waited += clock.monotonic() - began
        state.done = true
      })
      for (let step = 0; step < 200 && !state.done; step += 1) await clock.advance(10)
      await answer
    }
    expect(waited).toBeLessThan(8_000)
  })
})
