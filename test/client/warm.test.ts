/** Warming through the client; its rules are tested in test/jobs/warming. */
import { describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError, type InferenceClientOptions } from '../../src/index.js'
import { FakeClock, mockProvider } from '../../src/testing/index.js'

const PROMPTS = ['What are your fees?', 'Where is my card?']

const clientOf = (options: Partial<InferenceClientOptions> = {}, latencyMs = 0) => {
  const reply = (_: unknown, { index }: { readonly index: number }) => ({
    text: `answer ${index}`,
    latencyMs,
  })
  const provider = mockProvider({ reply, clock: options.clock })
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    ...options,
  })
  return { provider, client }
}

const failure = async (promise: Promise<unknown>): Promise<RaptorflowError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (rejection: unknown) => rejection,
  )
  if (!RaptorflowError.isInstance(error)) throw new Error('Expected a RaptorflowError')
  return error
}

describe('warm', () => {
  it('answers prompts ahead of time, once', async () => {
    const { provider, client } = clientOf()
    const done = await client.warm({ prompts: PROMPTS })
    expect(done).toMatchObject({ dry_run: false, warmed: 2, failed: 0, report: null })
    expect(done.total_cost).toBeGreaterThan(0)
    expect((await client.warm({ prompts: PROMPTS })).warmed).toBe(0)
    expect((await client.infer('Where is my card?')).cache.level).toBe('l1')
    expect(provider.calls).toHaveLength(2)
  })

  it('says what it would cost without calling anybody', async () => {
    const { provider, client } = clientOf()
    const plan = await client.warm({ prompts: PROMPTS, dryRun: true })
    expect(plan.items.map(({ outcome }) => outcome)).toEqual(['planned', 'planned'])
    expect(plan.items.every(({ estimated_cost }) => (estimated_cost ?? 0) > 0)).toBe(true)
    expect(provider.calls).toHaveLength(0)
  })

  it('stops at what it may cost', async () => {
    const { provider, client } = clientOf()
    const done = await client.warm({ prompts: PROMPTS, maxCost: 0 })
    expect(done.items.map(({ outcome }) => outcome)).toEqual(['over_budget', 'over_budget'])
    expect(provider.calls).toHaveLength(0)
  })

  it('rejects what it does not understand, a closed client, and an aborted signal', async () => {
    const { client } = clientOf()
    const bad = await failure(client.warm({ prompt: 'Hi' } as object))
    expect(bad.code).toBe('INVALID_REQUEST')
    const signal = AbortSignal.abort()
    expect((await failure(client.warm({ prompts: PROMPTS }, { signal }))).code).toBe('ABORTED')
    await client.close()
    expect((await failure(client.warm())).details.reason).toBe('closed')
  })
})

describe('automatic warming', () => {
  it('refreshes what is asked for often before it expires, and reports it', async () => {
    const clock = new FakeClock()
    const options = {
      clock,
      random: () => 0.5,
      cache: { ttlSeconds: 3_600 },
      // Without a value of time, no call made ahead is worth its price.
      warming: { automatic: true, maxCostPerHour: 1, valuePerSecond: 1, holdout: 0 },
    }
    const { provider, client } = clientOf(options, 2_000)
    const runs: number[] = []
    client.on('warming:run', ({ warmed }) => runs.push(warmed))
    // Resolves once warming is loaded.
    await client.warm({ dryRun: true })
    let misses = 0
    for (let minute = 0; minute < 600; minute += 5) {
      const asked = client.infer('What are your fees?')
      await clock.advance(5 * 60_000)
      if ((await asked).cache.level === null) misses += 1
    }
    // An hour's answer would have been missed ten times.
    expect(misses).toBeLessThanOrEqual(2)
    expect(provider.calls.length).toBeGreaterThan(misses)
    expect(Math.max(...runs)).toBe(1)
    const { report } = await client.warm({ dryRun: true })
    expect(report).toMatchObject({ enabled: true, stopped: null, used_before_expiry: 1 })
    await client.close()
  })

  it('leaves no timer behind', async () => {
    const clock = new FakeClock()
    const warming = { automatic: true, maxCostPerHour: 1 }
    const { provider, client } = clientOf({ clock, warming })
    await client.warm({ dryRun: true })
    await client.close()
    await clock.advance(86_400_000)
    expect(provider.calls).toHaveLength(0)
  })
})
