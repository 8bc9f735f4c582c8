/** Two clients over one Redis behave as two processes do: separate memories, one shared level. */
import { afterEach, expect, test } from 'vitest'
import { redis } from '../../src/features/cache/redis-tier.js'
import { InferenceClient, type InferenceClientOptions } from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'

const opened: InferenceClient[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

type Cache = InferenceClientOptions['cache']

function process(provider: MockProvider, namespace: string, cache: Cache = {}): InferenceClient {
  const l2 = redis({ url: redisUrl(), namespace })
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    cache: { l2, ...cache },
  })
  opened.push(client)
  return client
}

/** Two processes whose connections are there. */
async function pair(reply: NonNullable<Parameters<typeof mockProvider>[0]>['reply']): Promise<{
  readonly provider: MockProvider
  readonly one: InferenceClient
  readonly two: InferenceClient
}> {
  const provider = mockProvider({ reply })
  const namespace = freshNamespace()
  const one = process(provider, namespace)
  const two = process(provider, namespace)
  for (const client of [one, two]) await connected(client)
  provider.reset()
  return { provider, one, two }
}

/** Once an answer comes back from Redis, reads, writes and messages work. */
async function connected(client: InferenceClient): Promise<void> {
  await until(async () => (await client.clearCache('l2')).success)
}

describeRedis('clients that share a Redis', () => {
  test('serve each other’s answers, from Redis first and then from their own memory', async () => {
    const { provider, one, two } = await pair('Paris.')
    const first = await one.infer('Capital of France?')
    await one.flush()
    const second = await two.infer('Capital of France?')
    const third = await two.infer('Capital of France?')
    expect([first, second, third].map(({ cache }) => cache.level)).toEqual([null, 'l2', 'l1'])
    expect(second).toMatchObject({ response: 'Paris.', actual_cost: 0, cache_hit: true })
    expect(provider.calls).toHaveLength(1)
  })

  test('fill the memory of a new process from Redis, where there is no level below', async () => {
    const provider = mockProvider({ reply: 'Paris.' })
    const namespace = freshNamespace()
    const before = process(provider, namespace)
    await connected(before)
    await before.infer('Capital of France?')
    await before.flush()
    const after = process(provider, namespace)
    await until(async () => (await after.stats()).cache_stats.l1_memory.total_entries === 1)
    expect((await after.infer('Capital of France?')).cache.level).toBe('l1')
    expect(provider.calls).toHaveLength(1)
  })

  test('never serve another workspace’s answer', async () => {
    const { provider, one, two } = await pair((_, { index }) => `answer ${index}`)
    const asked = await one.infer('The same?', { workspace_id: 'acme' })
    await one.flush()
    const other = await two.infer('The same?', { workspace_id: 'globex' })
    expect(other.response).not.toBe(asked.response)
    expect(provider.calls).toHaveLength(2)
  })

  test('make one call for equal requests that run at once', async () => {
    const { provider, one, two } = await pair({ text: 'Slow and steady.', latencyMs: 150 })
    const callers = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : two))
    const answers = await Promise.all(callers.map((client) => client.infer('Who wins the race?')))
    expect(provider.calls).toHaveLength(1)
    expect(new Set(answers.map(({ response }) => response))).toEqual(new Set(['Slow and steady.']))
    expect(answers.filter(({ coalesced }) => !coalesced)).toHaveLength(1)
  })

  test('do not wait for a call whose answer may not be stored', async () => {
    const reply = { text: 'cut', finish_reason: 'length', latencyMs: 100 } as const
    const { provider, one, two } = await pair(reply)
    const answers = await Promise.all([one, two].map((client) => client.infer('A long story?')))
    expect(provider.calls).toHaveLength(2)
    expect(answers.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'length'])
  })

  test('stream without waiting for another process', async () => {
    const { one, two } = await pair({ text: 'A stream of words.', latencyMs: 300 })
    const running = one.infer('Tell me?')
    const started = performance.now()
    const streamed = await two.stream('Tell me?').response()
    expect(streamed.response).toBe('A stream of words.')
    expect(performance.now() - started).toBeLessThan(2_000)
    await running
  })

  test('forget what one of them invalidates by tag, in their own memories as well', async () => {
    const { one, two } = await pair((_, { index }) => `answer ${index}`)
    const tagged = { prompt: 'Price of the red one?', cache: { tags: ['product:7'] } }
    const before = await one.infer(tagged)
    await one.flush()
    await two.infer(tagged)
    const told = await one.invalidateTags(['product:7'])
    expect(told).toMatchObject({ success: true, levels: { l2: { success: true } } })
    expect((await one.infer(tagged)).response).not.toBe(before.response)
    await until(async () => (await two.infer(tagged)).response !== before.response)
  })

  test('forget everything when one of them clears all levels', async () => {
    const { one, two } = await pair((_, { index }) => `answer ${index}`)
    const before = await one.infer('Anything?')
    await one.flush()
    await two.infer('Anything?')
    expect(await one.clearCache('all')).toMatchObject({ success: true })
    await until(async () => (await two.infer('Anything?')).response !== before.response)
  })

  test('forget an answer that was refreshed or judged bad elsewhere', async () => {
    const { one, two } = await pair((_, { index }) => `answer ${index}`)
    const first = await one.infer('Opening hours?')
    await one.flush()
    await two.infer('Opening hours?')
    const fresh = await one.infer('Opening hours?', { cache: { refresh: true } })
    expect(fresh.response).not.toBe(first.response)
    await one.flush()
    await until(async () => (await two.infer('Opening hours?')).response === fresh.response)
    const verdict = await one.feedback(fresh.request_id, 'bad')
    expect(verdict).toMatchObject({ evicted: true, feedback: 'bad' })
    await until(async () => (await two.infer('Opening hours?')).response !== fresh.response)
  })

  test('match each other’s questions by meaning', async () => {
    const provider = mockProvider({ reply: 'In the drawer.' })
    const namespace = freshNamespace()
    const cache = { semantic: { checkRate: 0, threshold: 0.5, guards: { content: false } } }
    const one = process(provider, namespace, cache)
    const two = process(provider, namespace, cache)
    for (const client of [one, two]) await connected(client)
    await one.infer('Where do I find my new bank card?')
    await one.flush()
    const near = await two.infer('Where can I find my new bank card?')
    expect(near.cache).toMatchObject({ level: 'semantic', stale: false })
    expect(near.cache.similarity).toBeGreaterThan(0.5)
    expect(near).toMatchObject({ response: 'In the drawer.', actual_cost: 0, cache_hit: true })
    expect(provider.calls).toHaveLength(1)
  })
})
