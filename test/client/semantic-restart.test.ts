/** Stored questions after a restart: the first question of a new process comes before Redis is connected. */
import { afterEach, expect, it } from 'vitest'
import { redis } from '../../src/features/cache/redis-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'

const ASKED = 'Where do I find my new bank card?'
const SEMANTIC = { checkRate: 0, threshold: 0.5, guards: { content: false } }
const opened: InferenceClient[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

function start(namespace: string): InferenceClient {
  const client = new InferenceClient({
    providers: [mockProvider({ reply: (_, { index }) => `answer ${index}` })],
    defaultModel: 'mock-model',
    cache: {
      l2: redis({ url: redisUrl(), namespace }),
      preload: false,
      semantic: SEMANTIC,
    },
  })
  opened.push(client)
  return client
}

describeRedis('a process that starts', () => {
  it('finds the stored questions of a scope, though it was asked one before it was connected', async () => {
    const namespace = freshNamespace()
    const before = start(namespace)
    await until(async () => (await before.invalidateTags(['no one'])).levels['l2']?.success === true)
    await before.infer(ASKED)
    await before.close()
    const after = start(namespace)
    // Of the same scope, and like no other question.
    await after.infer('How heavy is the biggest elephant in Africa?')
    await until(async () => {
      const alike = `Where can I find my new bank card?${' '.repeat(attempts++)}`
      return (await after.infer(alike, { use_cache: true })).cache.level === 'semantic'
    })
    expect((await after.stats()).cache_stats.semantic?.entries).toBeGreaterThan(1)
  })
})

let attempts = 0
