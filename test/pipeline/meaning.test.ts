/** A stored question whose answer could not be read is not forgotten; one whose answer is gone is. */
import { expect, it } from 'vitest'
import type { CacheEntry, CacheTier } from '../../src/contracts/cache-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'

const ASKED = 'Where do I find my new bank card?'
const ALIKE = 'Where can I find my new bank card?'
const ALSO = 'Where could I find my new bank card?'

/** A client with no memory level and a level that `store` can fail, or be emptied. */
function world() {
  const store = { fails: false, entries: new Map<string, CacheEntry>() }
  const l2: CacheTier = {
    level: 'l2',
    get: (key) => {
      if (store.fails) throw new Error('away')
      return store.entries.get(key)
    },
    set: (key, entry) => {
      if (!store.fails) store.entries.set(key, entry)
    },
    delete: (keys) => {
      for (const key of keys) store.entries.delete(key)
    },
    clear: () => {
      store.entries.clear()
    },
    stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 9, max_bytes: 9 }),
  }
  const client = new InferenceClient({
    providers: [mockProvider({ reply: (_, { index }) => `answer ${index}` })],
    defaultModel: 'mock-model',
    cache: {
      l1: false,
      l2,
      semantic: { checkRate: 0, threshold: 0.5, guards: { content: false } },
    },
  })
  const known = async () => (await client.stats()).cache_stats.semantic?.entries
  return { client, store, known }
}

it('a question whose answer could not be read is found again when the level is back', async () => {
  const { client, store } = world()
  const asked = await client.infer(ASKED)
  store.fails = true
  expect((await client.infer(ALIKE)).cache.level).toBeNull()
  store.fails = false
  const again = await client.infer(ALSO)
  expect(again).toMatchObject({ response: asked.response, cache: { level: 'semantic' } })
})

it('a question whose answer is gone is forgotten', async () => {
  const { client, store, known } = world()
  await client.infer(ASKED)
  store.entries.clear()
  expect((await client.infer(ALIKE)).cache.level).toBeNull()
  expect(await known()).toBe(1)
})
