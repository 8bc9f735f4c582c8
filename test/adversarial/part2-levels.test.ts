/** Levels that are lied to by their options, their files or the clock. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/contracts/clock.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient, type InferenceClientOptions } from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { systemClock } from '../../src/util/clock.js'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'raptorflow-part2-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})
const opened: InferenceClient[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

const numbered = (): MockProvider => mockProvider({ reply: (_, { index }) => `answer ${index}` })

function ahead(ms: number): Clock {
  return {
    now: () => systemClock.now() + ms,
    monotonic: () => systemClock.monotonic(),
    schedule: (delay, run, how) => systemClock.schedule(delay, run, how),
  }
}

function start(
  provider: MockProvider,
  cache: InferenceClientOptions['cache'],
  clock?: Clock,
): InferenceClient {
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    cache,
    clock,
  })
  opened.push(client)
  return client
}

describe('SQLite', () => {
  it('serves answers after a process whose clock was a day ahead cleared the cache', async () => {
    const path = join(directory, 'ahead.db')
    const provider = numbered()
    const wrong = start(provider, { l3: sqlite({ path }) }, ahead(86_400_000))
    await wrong.infer('q')
    await wrong.clearCache('all')
    await wrong.close()
    const right = start(provider, { l3: sqlite({ path }) })
    const first = await right.infer('q')
    expect(await right.infer('q')).toMatchObject({ cache_hit: true, response: first.response })
    await right.close()
    const later = start(provider, { l3: sqlite({ path }), preload: false })
    expect(await later.infer('q')).toMatchObject({ cache_hit: true, response: first.response })
  })

  it.each([0.5, 2.5, 1e12, 1e300])(
    'works on after a preload of %f answers was asked for',
    async (preload) => {
      const path = join(directory, `preload-${preload}.db`)
      const provider = numbered()
      const first = start(provider, { l3: sqlite({ path }) })
      await first.infer('q')
      await first.close()
      let second: InferenceClient
      try {
        second = start(provider, { l1: { maxEntries: 1_000 }, l3: sqlite({ path }), preload })
      } catch (error) {
        expect(error).toMatchObject({ details: { reason: 'configuration' } })
        return
      }
      const states: unknown[] = []
      second.on('tier:state', (event) => states.push(event))
      await new Promise((resolve) => setTimeout(resolve, 50))
      await second.infer('other')
      expect(states).toEqual([])
      expect((await second.infer('q')).cache_hit).toBe(true)
    },
  )

  it('keeps what a request wants for very long, or not at all', async () => {
    const path = join(directory, 'ttl.db')
    const provider = numbered()
    const client = start(provider, { l3: sqlite({ path }), ttlSeconds: 1e300, graceSeconds: 1e300 })
    const first = await client.infer('q')
    await client.close()
    const second = start(provider, { l3: sqlite({ path }), ttlSeconds: 1e300 })
    expect((await second.infer('q')).response).toBe(first.response)
  })
})
