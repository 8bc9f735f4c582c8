/** Matching by meaning through the client: opt-in, partitioned, refusable, correctable. */
import { describe, expect, it } from 'vitest'
import { InferenceClient, type InferenceClientOptions } from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'

type Semantic = NonNullable<InferenceClientOptions['cache']>['semantic']

const ASKED = 'Where do I find my new bank card?'
const ALIKE = 'Where can I find my new bank card?'
const LENIENT = { checkRate: 0, threshold: 0.5, guards: { content: false } }

const numbered = (): MockProvider => mockProvider({ reply: (_, { index }) => `answer ${index}` })

function clientOf(provider: MockProvider, semantic?: Semantic): InferenceClient {
  const cache = semantic === undefined ? {} : { semantic }
  return new InferenceClient({ providers: [provider], defaultModel: 'mock-model', cache })
}

describe('matching by meaning', () => {
  it('answers a question that means the same, and says so', async () => {
    const provider = numbered()
    const client = clientOf(provider, LENIENT)
    const asked = await client.infer(ASKED)
    const alike = await client.infer(ALIKE)
    expect(alike).toMatchObject({
      response: asked.response,
      cache_hit: true,
      actual_cost: 0,
      cost_saved: asked.actual_cost,
      coalesced: false,
      attempts: [],
      cache: { level: 'semantic', stale: false },
    })
    expect(alike.cache.similarity).toBeGreaterThan(0.5)
    expect(provider.calls).toHaveLength(1)
    const { worker_stats } = await client.stats()
    expect(worker_stats.deduplicator).toMatchObject({ semantic_duplicates: 1 })
  })

  it('is off unless somebody asks for it', async () => {
    const provider = numbered()
    const client = clientOf(provider)
    await client.infer(ASKED)
    expect((await client.infer(ALIKE)).cache.level).toBeNull()
    expect(provider.calls).toHaveLength(2)
  })

  it('works for the requests that ask for it, at the default threshold', async () => {
    const client = clientOf(numbered())
    const cache = { semantic: true }
    await client.infer(ASKED, { cache })
    const again = await client.infer(`${ASKED} `, { cache })
    expect(['semantic', null]).toContain(again.cache.level)
    expect((await client.stats()).cache_stats.semantic).toMatchObject({ lookups: 2 })
  })

  it('is never done where the client forbids it, whatever a request says', async () => {
    const client = clientOf(numbered(), false)
    await client.infer(ASKED, { cache: { semantic: true } })
    const alike = await client.infer(ALIKE, { cache: { semantic: { threshold: 0 } } })
    expect(alike.cache.level).toBeNull()
  })

  it('lets a request refuse, or ask for more similarity, never for less', async () => {
    const client = clientOf(numbered(), { ...LENIENT, threshold: 0.99 })
    await client.infer(ASKED)
    const lower = await client.infer(ALIKE, { cache: { semantic: { threshold: 0 } } })
    expect(lower.cache.level).toBeNull()
    const lenient = clientOf(numbered(), LENIENT)
    await lenient.infer(ASKED)
    const higher = await lenient.infer(ALIKE, { cache: { semantic: { threshold: 0.99 } } })
    expect(higher.cache.level).toBeNull()
    const refused = await lenient.infer(`${ALIKE} Please.`, { cache: { semantic: false } })
    expect(refused.cache.level).toBeNull()
  })

  it.each([
    ['workspace', { workspace_id: 'acme' }, { workspace_id: 'globex' }],
    [
      'user',
      { user_id: 'u1', cache: { scope: 'user' } },
      { user_id: 'u2', cache: { scope: 'user' } },
    ],
    ['system prompt', { system: 'Be brief' }, { system: 'Be polite' }],
    ['temperature', { temperature: 0.1 }, { temperature: 0.2 }],
  ] as const)('never crosses a %s', async (_, one, two) => {
    const client = clientOf(numbered(), { ...LENIENT, threshold: 0.01 })
    await client.infer(ASKED, one)
    expect((await client.infer(ALIKE, two)).cache.level).toBeNull()
  })

  it('only reports in shadow mode', async () => {
    const provider = numbered()
    const client = clientOf(provider, { ...LENIENT, shadow: true })
    const seen: number[] = []
    client.on('semantic:shadow', ({ similarity }) => seen.push(similarity))
    await client.infer(ASKED)
    expect((await client.infer(ALIKE)).cache.level).toBeNull()
    expect(provider.calls).toHaveLength(2)
    expect(seen).toHaveLength(1)
  })

  it('does not store a match under the new question, so that feedback can undo it', async () => {
    const client = clientOf(numbered(), LENIENT)
    const asked = await client.infer(ASKED)
    const alike = await client.infer(ALIKE)
    expect((await client.infer(ALIKE)).cache.level).toBe('semantic')
    expect(await client.feedback(alike.request_id, 'bad')).toMatchObject({ evicted: true })
    const anew = await client.infer(ALIKE)
    expect(anew.cache.level).toBeNull()
    expect(anew.response).not.toBe(asked.response)
  })

  it('forgets with the cache', async () => {
    const client = clientOf(numbered(), LENIENT)
    await client.infer(ASKED)
    await client.clearCache('all')
    expect((await client.infer(ALIKE)).cache.level).toBeNull()
  })

  it('streams a match as one piece', async () => {
    const client = clientOf(numbered(), LENIENT)
    const asked = await client.infer(ASKED)
    const pieces: string[] = []
    for await (const piece of client.stream(ALIKE).text()) pieces.push(piece)
    expect(pieces).toEqual([asked.response])
  })

  it('serves everybody who waits for the same question', async () => {
    const provider = numbered()
    const client = clientOf(provider, LENIENT)
    await client.infer(ASKED)
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.infer(ALIKE)))
    expect(answers.map(({ cache }) => cache.level)).toEqual(answers.map(() => 'semantic'))
    expect(provider.calls).toHaveLength(1)
  })
})
