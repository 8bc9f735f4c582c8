/** Answers that must not come out of the cache levels, whatever races with what. */
import { describe, expect, it } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import type { Embedder } from '../../src/contracts/embedder.js'
import { InferenceClient, ProviderError } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { ANSWER, rawProvider, worldOf } from './support.js'

const ASKED = 'Where do I find my new bank card?'
const ALIKE = 'Where can I find my new bank card?'
const LENIENT = { checkRate: 0, threshold: 0.5, guards: { content: false } }

/** Two numbers in a buffer; texts of the same first letter are alike. */
function slowEmbedder(ms: number): Embedder {
  return {
    id: 'slow',
    dimensions: 2,
    recommendedThreshold: 0.5,
    embed: async (texts) => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return texts.map((text) => new Float32Array(text.startsWith('Where') ? [1, 0] : [0, 1]))
    },
  }
}

describe('a refresh', () => {
  it('is not answered by a match by meaning, though an ordinary request of the same question runs', async () => {
    const provider = mockProvider({ reply: (_, { index }) => `answer ${index}` })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: { semantic: { ...LENIENT, embedder: slowEmbedder(30) } },
    })
    await client.infer(ASKED)
    const [ordinary, refreshed] = await Promise.all([
      client.infer(ALIKE),
      client.infer(ALIKE, { cache: { refresh: true } }),
    ])
    expect(ordinary.cache.level).toBe('semantic')
    expect(refreshed.cache.level).toBeNull()
    expect(refreshed.cache_hit).toBe(false)
  })

  it('is not answered by an answer past its time, though an ordinary request of the same question runs', async () => {
    let calls = 0
    const world = worldOf(
      [
        rawProvider('raw', {
          call: async () => {
            calls += 1
            if (calls === 1) return ANSWER
            await new Promise<void>((resolve) => void world.clock.schedule(50, resolve))
            throw new ProviderError({ status: 503 })
          },
        }),
      ],
      { cache: { ttlSeconds: 1, graceSeconds: 1_000 } },
    )
    const { client, clock } = world
    await client.infer('q')
    await clock.advance(5_000)
    const both = Promise.allSettled([
      client.infer('q', { timeout_seconds: 5 }),
      client.infer('q', { timeout_seconds: 5, cache: { refresh: true } }),
    ])
    await clock.advance(20_000)
    const [ordinary, refreshed] = await both
    expect(ordinary).toMatchObject({ status: 'fulfilled', value: { cache: { stale: true } } })
    expect(refreshed.status).toBe('rejected')
  })
})

describe('bad feedback', () => {
  it('takes out an answer past its time that was served because the provider was too slow', async () => {
    let calls = 0
    const world = worldOf(
      [
        rawProvider('raw', {
          call: async () => {
            calls += 1
            if (calls > 1)
              await new Promise<void>((resolve) => void world.clock.schedule(60_000, resolve))
            return { ...ANSWER, text: `answer ${calls}` }
          },
        }),
      ],
      { cache: { ttlSeconds: 1, graceSeconds: 10_000 } },
    )
    const { client, clock } = world
    await client.infer('q')
    await clock.advance(5_000)
    const slow = client.infer('q', { timeout_seconds: 1 })
    await clock.advance(1_500)
    const stale = await slow
    expect(stale.cache.stale).toBe(true)
    expect(await client.feedback(stale.request_id, 'bad')).toMatchObject({ evicted: true })
  })

  it('takes out the answer of a batch item that was answered with its twin', async () => {
    const provider = mockProvider({ reply: (_, { index }) => `answer ${index}` })
    const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
    const batch = await client.batch({
      requests: [{ prompt: 'q' }, { prompt: 'q' }],
      deduplicate: true,
    })
    expect(provider.calls).toHaveLength(1)
    const twin = batch.responses[1]
    const verdict = await client.feedback(twin?.request_id ?? '', 'bad')
    expect(verdict).toMatchObject({ evicted: true })
  })

  it('sent twice does not take out the answer that replaced the bad one', async () => {
    const provider = mockProvider({ reply: (_, { index }) => `answer ${index}` })
    const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
    const bad = await client.infer('q')
    await client.feedback(bad.request_id, 'bad')
    const good = await client.infer('q')
    expect(good.response).not.toBe(bad.response)
    await client.feedback(bad.request_id, 'bad')
    expect(await client.infer('q')).toMatchObject({ cache_hit: true, response: good.response })
  })
})

describe('an embedder that uses one buffer for all its vectors', () => {
  it('does not put one question’s vector beside another question’s answer', async () => {
    const shared = new Float32Array(2)
    const embedder: Embedder = {
      id: 'one buffer',
      dimensions: 2,
      recommendedThreshold: 0.9,
      embed: (texts) => {
        shared.set(texts[0]?.includes('card') === true ? [1, 0] : [0, 1])
        return [shared]
      },
    }
    const provider = mockProvider({
      reply: (_, { index }) => ({ text: `answer ${index}`, latencyMs: 20 }),
    })
    const guards = {
      content: false,
      number: false,
      negation: false,
      antonym: false,
      quoted: false,
      entity: false,
      order: false,
      tense: false,
      connective: false,
    }
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: { semantic: { embedder, checkRate: 0, guards } },
    })
    const [card] = await Promise.all([
      client.infer('Where do I find my new bank card?'),
      client.infer('How do I close the account I have?'),
    ])
    const other = await client.infer('How do I close an account that I have?')
    expect(other.response).not.toBe(card.response)
  })
})

describe('an embedder of many dimensions', () => {
  it('has its vectors stored with the entries', async () => {
    const stored: unknown[] = []
    const l2: CacheTier = {
      level: 'l2',
      get: () => undefined,
      set: (_, entry) => void stored.push(entry.semantic?.vector.length),
      delete: () => undefined,
      clear: () => undefined,
      stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }),
    }
    const dimensions = 8_192
    const vector = new Float32Array(dimensions)
    vector[0] = 1
    const embedder: Embedder = {
      id: 'wide',
      dimensions,
      recommendedThreshold: 0.9,
      embed: () => [vector],
    }
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'an answer' })],
      defaultModel: 'mock-model',
      cache: { l2, semantic: { embedder } },
    })
    await client.infer(ASKED)
    await client.flush()
    expect(stored).toEqual([dimensions])
  })
})
