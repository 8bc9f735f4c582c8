/** Bursts, slow levels, long texts: what is promised holds when it is tight. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { CacheEntry, CacheTier } from '../../src/contracts/cache-tier.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { createGuards, extractFeatures } from '../../src/features/semantic/guards/guards.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'
import { ANSWER, rawProvider, worldOf } from './support.js'

const opened: InferenceClient[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

describe('a caller whose level answers late', () => {
  it('does not call again for what came into the memory meanwhile', async () => {
    let calls = 0
    const held = new Map<string, CacheEntry>()
    const world = worldOf(
      [
        rawProvider('raw', {
          call: async () => {
            calls += 1
            await new Promise<void>((resolve) => void world.clock.schedule(20, resolve))
            return ANSWER
          },
        }),
      ],
      {
        cache: {
          l2: {
            level: 'l2',
            // What it finds is what was there when it was asked, as in any store at the end of a wire.
            get: (key) => {
              const found = held.get(key)
              return new Promise((resolve) => {
                world.clock.schedule(50, () => {
                  resolve(found)
                })
              })
            },
            set: (key, entry) => void held.set(key, entry),
            delete: () => undefined,
            clear: () => undefined,
            stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }),
          },
        },
      },
    )
    const { client, clock } = world
    const one = client.infer('q')
    await clock.advance(40)
    const two = client.infer('q')
    await clock.advance(500)
    await Promise.all([one, two])
    expect(calls).toBe(1)
  })
})

describeRedis('a burst of equal requests', () => {
  it('does not take a busy process for an ill Redis: two processes make one call', async () => {
    const provider = mockProvider({ reply: { text: 'The answer.', latencyMs: 150 } })
    const namespace = freshNamespace()
    const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
    const clients = [tier(), tier()].map(
      (l2) =>
        new InferenceClient({ providers: [provider], defaultModel: 'mock-model', cache: { l2 } }),
    )
    opened.push(...clients)
    const ill: unknown[] = []
    for (const client of clients) {
      await until(
        async () => (await client.invalidateTags(['nobody'])).levels['l2']?.success === true,
      )
      client.on('tier:state', (event) => ill.push(event))
      await client.infer(`loads the code ${clients.indexOf(client)}`)
    }
    provider.reset()
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        (clients[index % 2] as InferenceClient).infer('How many roads must a man walk down?'),
      ),
    )
    expect(new Set(answers.map(({ response }) => response)).size).toBe(1)
    expect(ill).toEqual([])
    expect(provider.calls).toHaveLength(1)
  })
})

describe('texts made to be slow', () => {
  const pieces = [
    'a ',
    '1,',
    '1.',
    '"',
    "'",
    '`',
    '/a',
    'not ',
    'no ',
    'A',
    'Aa ',
    '- ',
    '3rd ',
    '$1',
    'a"b" ',
    '2026-01-01 ',
    'http://a.',
    '@a.b ',
    'x=1 ',
    '()',
    '٣',
    '\u202e',
    '👩‍👩‍👧',
    'i\u0307',
  ]
  it.each(pieces)('repeat %j and are compared in no time', (piece) => {
    const guards = createGuards({})
    const text = piece.repeat(Math.ceil(20_000 / piece.length)).slice(0, 20_000)
    const began = performance.now()
    const one = extractFeatures(text)
    const other = extractFeatures(`${text} more`)
    guards.check(one, other)
    expect(performance.now() - began).toBeLessThan(400)
  })

  it('are refused or answered, whatever they are', async () => {
    const provider = mockProvider({ reply: 'ok' })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: { semantic: { threshold: 0, anyLanguage: true, maxTextLength: 20_000 } },
    })
    opened.push(client)
    const texts = [
      'a',
      '?',
      '👩‍👩‍👧',
      '\u202eمرحبا',
      '\u0000',
      ' '.repeat(100),
      'x'.repeat(4 * 2 ** 20 - 100),
      'not '.repeat(5_000),
    ]
    for (const text of texts) {
      const answers = await Promise.allSettled([client.infer(text), client.infer(`${text} `)])
      for (const answer of answers) {
        if (answer.status === 'rejected')
          expect(answer.reason).toMatchObject({ code: 'INVALID_REQUEST' })
      }
    }
  })
})

describe('a thousand tenants', () => {
  it('with names made to collide never get one another’s answers by meaning', async () => {
    const provider = mockProvider({ reply: (_, { index }) => `answer ${index}` })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: {
        semantic: { threshold: 0.01, checkRate: 0, guards: { content: false, entity: false } },
      },
    })
    opened.push(client)
    const names = [
      'a',
      'a:b',
      'a;b',
      '1:a',
      'w1:a',
      'default',
      'Default',
      'ａ',
      'é',
      'e\u0301',
      'a\u0000b',
      ' a',
      'a ',
      '__proto__',
      'constructor',
      'x'.repeat(120),
    ]
    const seen = new Map<string, string>()
    for (const workspace_id of names) {
      const answer = await client
        .infer('Where do I find my new bank card?', { workspace_id })
        .catch(() => undefined)
      if (answer === undefined) continue
      expect(answer.cache.level).toBeNull()
      expect(seen.has(answer.response)).toBe(false)
      seen.set(answer.response, workspace_id)
    }
    for (const workspace_id of names) {
      const near = await client
        .infer('Where can I find my new bank card?', { workspace_id })
        .catch(() => undefined)
      if (near?.cache.level === 'semantic') expect(seen.get(near.response)).toBe(workspace_id)
    }
    expect(seen.size).toBeGreaterThan(5)
  })
})

describe('a clock that jumps', () => {
  it.each([-86_400_000, -2_000, 86_400_000 * 400])(
    'by %i ms never makes an answer older than it says, nor ends the cache',
    async (jump) => {
      let calls = 0
      const { client, clock } = worldOf(
        [
          rawProvider('raw', {
            call: () => {
              calls += 1
              return Promise.resolve({ ...ANSWER, text: `answer ${calls}` })
            },
          }),
        ],
        { cache: { ttlSeconds: 10, graceSeconds: 0 } },
      )
      await client.infer('q')
      clock.setWallClock(clock.now() + jump)
      const after = await client.infer('q')
      if (jump > 0) expect(after.cache_hit).toBe(false)
      await client.infer('q')
      expect((await client.infer('q')).cache_hit).toBe(true)
      await clock.advance(30_000)
      expect((await client.infer('q')).cache_hit).toBe(false)
      await client.clearCache('all')
      expect((await client.infer('q')).cache_hit).toBe(false)
      expect((await client.infer('q')).cache_hit).toBe(true)
    },
  )
})

describe('clearing and feedback with SQLite below', () => {
  const folder = mkdtempSync(join(tmpdir(), 'raptorflow-'))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('hold against a promotion that is under way', async () => {
    const provider = mockProvider({ reply: (_, { index }) => `answer ${index}` })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: { l3: sqlite({ path: join(folder, 'cache.db') }) },
    })
    opened.push(client)
    for (let turn = 0; turn < 30; turn += 1) {
      const first = await client.infer('q')
      await client.clearCache('l1')
      const [, judged] = await Promise.all([
        client.infer('q'),
        client.feedback(first.request_id, 'bad'),
      ])
      expect(judged.evicted).toBe(true)
      await client.flush()
      const next = await client.infer('q')
      expect(next.response).not.toBe(first.response)
    }
  })
})
