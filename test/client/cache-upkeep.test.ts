/** Tags, feedback, renewal, preload: what callers and time do to stored answers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient, RaptorflowError, type InferenceClientOptions } from '../../src/index.js'
import { FakeClock, mockProvider, type MockProvider } from '../../src/testing/index.js'

type Cache = InferenceClientOptions['cache']

const numbered = (): MockProvider => mockProvider({ reply: (_, { index }) => `answer ${index}` })

const clientOf = (
  provider: MockProvider,
  cache: Cache = {},
  options: Partial<InferenceClientOptions> = {},
): InferenceClient =>
  new InferenceClient({ providers: [provider], defaultModel: 'mock-model', cache, ...options })

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (rejection: unknown) => rejection,
  )
  return RaptorflowError.isInstance(error) ? error.code : 'none'
}

describe('tags', () => {
  it('take away what was stored with them, and nothing else', async () => {
    const client = clientOf(numbered())
    const tagged = { prompt: 'Price?', cache: { tags: ['prices', 'shop'] } }
    const plain = { prompt: 'Address?' }
    const [price, address] = [await client.infer(tagged), await client.infer(plain)]
    expect(await client.invalidateTags(['prices'])).toMatchObject({
      success: true,
      tags: ['prices'],
      levels: { l1: { success: true } },
    })
    expect((await client.infer(tagged)).response).not.toBe(price.response)
    expect((await client.infer(plain)).response).toBe(address.response)
  })

  it('keep the answer of a call that ran meanwhile out of the cache', async () => {
    const clock = new FakeClock()
    const reply = (_: unknown, { index }: { index: number }): object => ({
      text: `answer ${index}`,
      latencyMs: 1_000,
    })
    const provider = mockProvider({ reply, clock })
    const client = clientOf(provider, {}, { clock })
    const request = { prompt: 'Price?', cache: { tags: ['prices'] } }
    const running = client.infer(request)
    await clock.advance(10)
    await client.invalidateTags(['prices'])
    const after = client.infer(request)
    await clock.advance(1_000)
    // Who asks after the invalidation does not join what began before it.
    expect((await running).response).not.toBe((await after).response)
    expect(await client.infer(request)).toMatchObject({ response: (await after).response })
    expect(provider.calls).toHaveLength(2)
  })

  it.each<[string, unknown]>([
    ['none', []],
    ['text', 'prices'],
    ['an empty one', ['']],
    ['a long one', ['x'.repeat(129)]],
    ['nothing', undefined],
  ])('are refused: %s', async (_, tags) => {
    const client = clientOf(numbered())
    expect(await codeOf(client.invalidateTags(tags as string[]))).toBe('INVALID_REQUEST')
  })
})

describe('feedback', () => {
  it('takes a bad answer out of the cache, and leaves a good one', async () => {
    const client = clientOf(numbered())
    const first = await client.infer('Opening hours?')
    expect(await client.feedback(first.request_id, 'good')).toMatchObject({ evicted: false })
    expect((await client.infer('Opening hours?')).response).toBe(first.response)
    const hit = await client.infer('Opening hours?')
    expect(await client.feedback(hit.request_id, 'bad')).toMatchObject({
      request_id: hit.request_id,
      feedback: 'bad',
      evicted: true,
    })
    expect((await client.infer('Opening hours?')).response).not.toBe(first.response)
  })

  it('takes out one answer for a request, however often its caller changes the mind', async () => {
    const client = clientOf(numbered())
    const { request_id } = await client.infer('Opening hours?')
    const verdicts = ['good', 'bad', 'good', 'bad'] as const
    const evicted: boolean[] = []
    for (const verdict of verdicts) {
      evicted.push((await client.feedback(request_id, verdict)).evicted)
      await client.infer('Opening hours?')
    }
    expect(evicted).toEqual([false, true, false, false])
  })

  it('rejects for requests nobody knows, and for words that are no verdict', async () => {
    const client = clientOf(numbered())
    const { request_id } = await client.infer('Opening hours?')
    expect(await codeOf(client.feedback('req_unknown', 'bad'))).toBe('NOT_FOUND')
    expect(await codeOf(client.feedback(request_id, 'great' as 'good'))).toBe('INVALID_REQUEST')
    await client.close()
    expect(await codeOf(client.feedback(request_id, 'bad'))).toBe('PROVIDER_UNAVAILABLE')
  })

  it('evicts nothing for an answer that was never stored', async () => {
    const client = clientOf(numbered())
    const { request_id } = await client.infer({ prompt: 'Hi', use_cache: false })
    expect(await client.feedback(request_id, 'bad')).toMatchObject({ evicted: false })
  })
})

describe('renewal', () => {
  it('serves the old answer at once and asks for a new one behind it', async () => {
    const clock = new FakeClock()
    const provider = numbered()
    const cache = { ttlSeconds: 100, staleWhileRevalidateSeconds: 50 }
    const client = clientOf(provider, cache, { clock, random: () => 0.5 })
    const first = await client.infer('News?')
    await clock.advance(120_000)
    const old = await client.infer('News?')
    expect(old).toMatchObject({ response: first.response, cache: { level: 'l1', stale: true } })
    await clock.advance(0)
    const fresh = await client.infer('News?')
    expect(fresh.response).not.toBe(first.response)
    expect(fresh.cache).toMatchObject({ level: 'l1', stale: false })
    expect(provider.calls).toHaveLength(2)
  })

  it('makes one call however many ask meanwhile', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { text: 'slow', latencyMs: 5_000 }, clock })
    const cache = { ttlSeconds: 100, staleWhileRevalidateSeconds: 50 }
    const client = clientOf(provider, cache, { clock, random: () => 0.5 })
    const first = client.infer('News?')
    await clock.advance(5_000)
    await first
    await clock.advance(110_000)
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.infer('News?')))
    expect(answers.every(({ cache: { stale } }) => stale)).toBe(true)
    await clock.advance(5_000)
    expect(provider.calls).toHaveLength(2)
  })

  it('ends with its time: after that the caller waits for a new answer', async () => {
    const clock = new FakeClock()
    const cache = { ttlSeconds: 100, staleWhileRevalidateSeconds: 50 }
    const client = clientOf(numbered(), cache, { clock, random: () => 0.5 })
    const first = await client.infer('News?')
    await clock.advance(151_000)
    const next = await client.infer('News?')
    expect(next.response).not.toBe(first.response)
    expect(next.cache.level).toBeNull()
  })
})

describe('the persistent level', () => {
  it('survives a restart, and fills the memory of the new process by itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'raptorflow-'))
    const path = join(folder, 'cache.db')
    try {
      const provider = numbered()
      const before = clientOf(provider, { l3: sqlite({ path }) })
      const first = await before.infer('Opening hours?')
      await before.close()
      const cold = clientOf(provider, { l3: sqlite({ path }), preload: false })
      expect((await cold.infer('Opening hours?')).cache.level).toBe('l3')
      await cold.close()
      const after = clientOf(provider, { l3: sqlite({ path }) })
      await expect
        .poll(async () => (await after.stats()).cache_stats.l1_memory.total_entries)
        .toBe(1)
      expect(await after.infer('Opening hours?')).toMatchObject({
        response: first.response,
        cache: { level: 'l1' },
      })
      expect(provider.calls).toHaveLength(1)
      await after.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('remembers across a restart what was invalidated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'raptorflow-'))
    const path = join(folder, 'cache.db')
    try {
      const request = { prompt: 'Price?', cache: { tags: ['prices'] } }
      const provider = numbered()
      const before = clientOf(provider, { l3: sqlite({ path }) })
      const first = await before.infer(request)
      expect(await before.invalidateTags(['prices'])).toMatchObject({ success: true })
      await before.close()
      const after = clientOf(provider, { l3: sqlite({ path }) })
      expect((await after.infer(request)).response).not.toBe(first.response)
      await after.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
