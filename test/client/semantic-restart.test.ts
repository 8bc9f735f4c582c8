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

function start(namespace: string, reply: string): InferenceClient {
  const client = new InferenceClient({
    providers: [mockProvider({ reply })],
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

const connected = (client: InferenceClient): Promise<void> =>
  until(async () => (await client.invalidateTags(['no one'])).levels['l2']?.success === true)

describeRedis('a process that starts', () => {
  it('finds the stored questions of a scope, though its first one came before it was connected', async () => {
    const namespace = freshNamespace()
    const before = start(namespace, 'before')
    await connected(before)
    await before.infer(ASKED)
    await before.close()
    const after = start(namespace, 'after')
    await after.infer('How heavy is the biggest elephant of Africa?')
    await connected(after)
    // Stored questions are asked for once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    expect(await after.infer('Where can I find my new bank card?')).toMatchObject({
      response: 'before',
      cache: { level: 'semantic' },
    })
  })
})
