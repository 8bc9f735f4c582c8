/** One Redis, processes that do not agree: on the time, on keys, on who is there. */
import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import type { Clock } from '../../src/contracts/clock.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import {
  InferenceClient,
  ProviderError,
  defineProvider,
  type InferenceClientOptions,
  type Provider,
} from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { systemClock } from '../../src/util/clock.js'
import { ANSWER } from './support.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'

const opened: InferenceClient[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

const numbered = (): MockProvider => mockProvider({ reply: (_, { index }) => `answer ${index}` })

/** A machine whose clock is that much ahead. */
function ahead(ms: number): Clock {
  return {
    now: () => systemClock.now() + ms,
    monotonic: () => systemClock.monotonic(),
    schedule: (delay, run, how) => systemClock.schedule(delay, run, how),
  }
}

function start(
  provider: MockProvider,
  l2: CacheTier,
  options: Partial<InferenceClientOptions> = {},
): InferenceClient {
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    ...options,
    cache: { l2, ...options.cache },
  })
  opened.push(client)
  return client
}

/** Until it is connected: without a clear, which would leave marks. */
async function connected(client: InferenceClient): Promise<void> {
  await until(async () => (await client.invalidateTags(['nobody'])).levels['l2']?.success === true)
}

describeRedis('processes on one Redis', () => {
  it.each([3_600_000, 86_400_000])(
    'share answers after one whose clock was %i ms ahead cleared the cache',
    async (ms) => {
      const namespace = freshNamespace()
      const provider = numbered()
      const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
      const wrong = start(provider, tier(), { clock: ahead(ms) })
      await connected(wrong)
      await wrong.clearCache('all')
      await wrong.close()
      const one = start(provider, tier())
      const two = start(provider, tier())
      await connected(one)
      await connected(two)
      const first = await one.infer('Who is right?')
      await one.flush()
      expect(await two.infer('Who is right?')).toMatchObject({
        response: first.response,
        cache: { level: 'l2' },
      })
    },
  )

  it('forget an answer judged bad, though its maker’s clock is a little ahead', async () => {
    const namespace = freshNamespace()
    const provider = numbered()
    const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
    const fast = start(provider, tier(), { clock: ahead(900) })
    const exact = start(provider, tier())
    await connected(fast)
    await connected(exact)
    const old = await fast.infer('What does it cost?')
    await fast.flush()
    const read = await exact.infer('What does it cost?')
    expect(read.cache.level).toBe('l2')
    expect(await exact.feedback(read.request_id, 'bad')).toMatchObject({ evicted: true })
    await exact.flush()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await fast.infer('What does it cost?')).response).not.toBe(old.response)
  })

  it.each(['after', 'before'])(
    'match by meaning what another stored a minute ago, though the first question comes %s the connection',
    async (when) => {
      const namespace = freshNamespace()
      const provider = numbered()
      const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
      const semantic = { checkRate: 0, threshold: 0.5, guards: { content: false } }
      const one = start(provider, tier(), { cache: { semantic }, clock: ahead(-60_000) })
      await connected(one)
      const asked = await one.infer('Where do I find my new bank card?')
      await one.flush()
      const later = start(provider, tier(), { cache: { semantic } })
      if (when === 'after') await connected(later)
      await later.infer('How many people live in France?')
      await connected(later)
      // The next load of the scope is due after a second, and happens beside a question.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      await later.infer('How many people live in Spain?')
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await later.infer('Where can I find my new bank card?')).toMatchObject({
        response: asked.response,
        cache: { level: 'semantic' },
      })
    },
  )

  it('with different encryption keys leave each other’s answers alone', async () => {
    const namespace = freshNamespace()
    const [first, second] = [randomBytes(32), randomBytes(32)]
    const provider = numbered()
    const tier = (key: Buffer): CacheTier =>
      redis({ url: redisUrl(), namespace, encryptionKey: key })
    const one = start(provider, tier(first))
    const other = start(provider, tier(second), { cache: { l1: false } })
    const third = start(provider, tier(first), { cache: { l1: false } })
    for (const client of [one, other, third]) await connected(client)
    const answer = await one.infer('Secret?')
    await one.flush()
    expect((await third.infer('Secret?')).cache.level).toBe('l2')
    // It cannot read it, and calls; nothing says it may delete it first.
    await other.infer('Secret?', { use_cache: true, cache: { ttl_seconds: 60 } })
    expect(answer.response).toBeTypeOf('string')
    expect(provider.calls).toHaveLength(2)
  })

  it('do not keep each other waiting when one is closed in the middle of a shared call', async () => {
    const namespace = freshNamespace()
    const provider = mockProvider({ reply: { text: 'slow', latencyMs: 30_000 } })
    const quick = mockProvider({ reply: 'quick' })
    const tier = (): CacheTier => redis({ url: redisUrl(), namespace })
    const one = start(provider, tier())
    const two = start(quick, tier())
    await connected(one)
    await connected(two)
    const running = one.infer('Who is it?').catch((error: unknown) => error)
    await until(() => provider.calls.length === 1)
    const waiting = two.infer('Who is it?')
    const began = performance.now()
    await one.close()
    const closedIn = performance.now() - began
    expect(closedIn).toBeLessThan(2_100)
    expect((await waiting).response).toBe('quick')
    expect(performance.now() - began).toBeLessThan(closedIn + 1_500)
    expect(await running).toMatchObject({ details: { reason: 'closed' } })
  })

  it('do not queue up behind one another when the answer they wait for was invalidated', async () => {
    const namespace = freshNamespace()
    const provider = mockProvider({ reply: { text: 'A', latencyMs: 400 } })
    const clients = Array.from({ length: 6 }, () =>
      start(provider, redis({ url: redisUrl(), namespace })),
    )
    for (const client of clients) {
      await connected(client)
      await client.infer(`loads the code ${clients.indexOf(client)}`)
    }
    provider.reset()
    const tags = ['product:7']
    const began = performance.now()
    const running = clients.map((client) => client.infer('What does it cost?', { cache: { tags } }))
    await until(() => provider.calls.length === 1)
    await clients[0]?.invalidateTags(tags)
    await Promise.all(running)
    expect(performance.now() - began).toBeLessThan(1_500)
  })

  it('never serve a substitute to who allows none, nor another default model’s answer', async () => {
    const namespace = freshNamespace()
    const reply = (name: string) => ({
      name,
      models: [{ id: name, price: { input: 1, output: 1 } }],
    })
    const small = defineProvider({
      ...reply('small'),
      call: () => Promise.resolve({ ...ANSWER, text: 'small' }),
    })
    const broken = defineProvider({
      ...reply('large'),
      call: () => Promise.reject(new ProviderError({ status: 503 })),
    })
    const large = defineProvider({
      ...reply('large'),
      call: () => Promise.resolve({ ...ANSWER, text: 'large' }),
    })
    const make = (providers: readonly Provider[], options: Partial<InferenceClientOptions>) => {
      const client = new InferenceClient({
        providers,
        cache: { l2: redis({ url: redisUrl(), namespace }) },
        random: () => 0,
        ...options,
      })
      opened.push(client)
      return client
    }
    const one = make([broken, small], { defaultModel: 'large', fallback: ['small'] })
    const two = make([large, small], { defaultModel: 'large' })
    const three = make([large, small], { defaultModel: 'small' })
    for (const client of [one, two, three]) await connected(client)
    const substituted = await one.infer('q', { model_name: 'large' })
    expect(substituted).toMatchObject({ response: 'small', metadata: { substituted: true } })
    await one.flush()
    expect(await two.infer('q', { model_name: 'large', substitution: 'never' })).toMatchObject({
      response: 'large',
    })
    await two.flush()
    expect(await two.infer('q', { model_name: 'large' })).toMatchObject({ response: 'large' })
    const open = await two.infer('open', { cost_optimize: false })
    expect(open.response).toBe('large')
    await two.flush()
    expect((await three.infer('open', { cost_optimize: false })).response).toBe('small')
  })
})
