/** What stays in Redis of answers that have ended. */
import { expect, it } from 'vitest'
import type { Clock } from '../../src/contracts/clock.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { systemClock } from '../../src/util/clock.js'
import { describeRedis, startRedis, until } from '../support/redis.js'

describeRedis('a busy namespace', () => {
  it('does not keep the names of answers that have long ended', async () => {
    const server = await startRedis()
    let skipped = 0
    const clock: Clock = {
      now: () => systemClock.now() + skipped,
      monotonic: () => systemClock.monotonic() + skipped,
      schedule: (ms, run, how) => systemClock.schedule(ms, run, how),
    }
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'ok' })],
      defaultModel: 'mock-model',
      clock,
      cache: {
        ttlSeconds: 10,
        graceSeconds: 0,
        l1: { maxEntries: 100 },
        l2: redis({ url: server.url, namespace: 'busy' }),
      },
    })
    try {
      await until(
        async () => (await client.invalidateTags(['nobody'])).levels['l2']?.success === true,
      )
      // Ten minutes of 50 new answers a second, each fresh for ten seconds.
      for (let minute = 0; minute < 10; minute += 1) {
        for (let second = 0; second < 60; second += 5) {
          const prompts = Array.from({ length: 250 }, (_, n) => `${minute} ${second} ${n}`)
          await Promise.all(prompts.map((prompt) => client.infer(prompt)))
          // No flush, which counts and prunes: a server has no reason for one.
          await new Promise((resolve) => setTimeout(resolve, 30))
          skipped += 5_000
        }
      }
      const held = Number(await server.command('ZCARD', '{busy}:index'))
      expect(held).toBeLessThan(6_000)
    } finally {
      await client.close()
      await server.close()
    }
  }, 60_000)
})
