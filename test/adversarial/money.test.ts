import { describe, expect, it } from 'vitest'
import {
  ProviderError,
  RaptorflowError,
  type InferenceResponse,
  type ModelPrice,
  type ProviderCall,
} from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { ANSWER, FINISH, USAGE, asked, follow, rawProvider, seeded, worldOf } from './support.js'

const nano = (usd: number | null): number => Math.round((usd ?? NaN) * 1e9)
const sum = (amounts: readonly number[]): number => amounts.reduce((a, b) => a + b, 0)

/** Fails three times in five, in every way that costs something or nothing; bills at random. */
function costly(name: string, chance: () => number, fails: boolean) {
  const some = (most: number): number => Math.floor(chance() * most)
  const usage = () => ({
    input: some(1_000),
    cache_read: some(500),
    cache_write: some(500),
    output: some(300),
    reasoning: some(100),
  })
  const trouble = (): void => {
    if (!fails) return
    const luck = chance()
    if (luck < 0.2) throw new ProviderError({ reason: 'bad_response', usage: usage() })
    if (luck < 0.4) throw new ProviderError({ reason: 'connection_reset' })
    if (luck < 0.6) throw new ProviderError({ status: 503 })
  }
  return rawProvider(name, {
    call: async (call: ProviderCall) => {
      await Promise.resolve()
      trouble()
      const reported = chance() < 0.8 ? usage() : undefined
      return { ...ANSWER, text: asked(call), usage: reported }
    },
    stream: async function* (call: ProviderCall) {
      await Promise.resolve()
      yield { type: 'alive', usage: usage() }
      trouble()
      for (const text of asked(call)) yield { type: 'text', text }
      yield { ...FINISH, usage: chance() < 0.8 ? usage() : undefined }
    },
  })
}

describe('money', () => {
  it.each([11, 12, 13])(
    'that callers were charged is what providers were paid, when nobody left (seed %i)',
    async (seed) => {
      const chance = seeded(seed)
      const { client, clock } = worldOf(
        [
          costly('first', chance, true),
          costly('second', chance, true),
          costly('last', chance, false),
        ],
        { fallback: ['second/m', 'last/m'], cache: { ttlSeconds: 5 } },
      )
      const answers: InferenceResponse[] = []
      for (let round = 0; round < 60; round += 1) {
        const prompts = Array.from({ length: 8 }, () => `q${Math.floor(chance() * 12)}`)
        const calls: Promise<unknown>[] = prompts.map(async (prompt) => {
          const fields = chance() < 0.2 ? { use_cache: false } : {}
          answers.push(
            chance() < 0.5
              ? await client.infer(prompt, fields)
              : await client.stream(prompt, fields).response(),
          )
        })
        const batch = client.batch({
          requests: prompts.map((prompt) => ({ prompt, workspace_id: 'batch' })),
          deduplicate: chance() < 0.8,
        })
        calls.push(batch)
        await clock.advance(2_000)
        await Promise.all(calls)
        const { responses, total_actual_cost, errors } = await batch
        expect(errors).toEqual([])
        expect(nano(total_actual_cost)).toBe(sum(responses.map((one) => nano(one.actual_cost))))
        answers.push(...responses)
      }
      const { cost_stats } = await client.stats()
      const charged = sum(answers.map(({ actual_cost }) => nano(actual_cost)))
      const listed = sum(answers.flatMap(({ attempts }) => attempts.map(({ cost }) => nano(cost))))
      expect(charged).toBeGreaterThan(0)
      expect([charged, listed]).toEqual([nano(cost_stats.total_cost), nano(cost_stats.total_cost)])
      expect(answers.some(({ coalesced }) => coalesced)).toBe(true)
      expect(answers.some(({ cache_hit }) => cache_hit)).toBe(true)
      for (const { estimated_cost, cost_saved } of answers) {
        expect([estimated_cost, cost_saved].every((usd) => Number.isFinite(usd))).toBe(true)
      }
    },
  )

  it('of a request never exceeds its budget_limit, over all its attempts', async () => {
    const chance = seeded(21)
    let granted = 0
    for (let round = 0; round < 300; round += 1) {
      const price: ModelPrice = {
        input: chance() * 20,
        output: chance() * 80,
        cacheWrite: chance() * 30,
        tiers: [{ aboveInputTokens: 40, input: chance() * 40, output: chance() * 100 }],
      }
      const billed = (call: ProviderCall) => {
        const words = asked(call).length
        const most = call.max_tokens ?? call.model.maxOutputTokens ?? 0
        const input = Math.ceil((words * chance()) / 2)
        const output = Math.floor(most * chance())
        const written = Math.floor(input * chance())
        const usage = { input: input - written, cache_read: 0, cache_write: written }
        return { ...usage, output, reasoning: most - output }
      }
      const provider = (name: string) =>
        rawProvider(name, {
          call: async (call: ProviderCall) => {
            await Promise.resolve()
            const usage = billed(call)
            if (chance() < 0.6) throw new ProviderError({ reason: 'bad_response', usage })
            return { ...ANSWER, usage }
          },
        })
      const { client, clock } = worldOf([provider('one'), provider('two'), provider('three')], {
        prices: { m: price },
      })
      const budget_limit = 10 ** (-5 + 5 * chance())
      const call = follow(
        client.infer('w'.repeat(Math.floor(400 * chance())) + 'x', {
          budget_limit,
          ...(chance() < 0.5 && { max_tokens: 1 + Math.floor(900 * chance()) }),
        }),
      )
      // The tokenizer that a tight budget needs takes real time to load.
      while (call().state === 'pending') await clock.advance(10)
      const spent = (await client.stats()).cost_stats.total_cost
      expect(nano(spent)).toBeLessThanOrEqual(nano(budget_limit))
      const end = call()
      if (end.state === 'resolved') granted += 1
      else expect(end).toMatchObject({ error: { name: 'RaptorflowError' } })
    }
    expect(granted).toBeGreaterThan(50)
  })

  it('is not spent on a model of unknown price under a budget_limit', async () => {
    let calls = 0
    const { models, ...rest } = rawProvider('raw', {
      call: () => {
        calls += 1
        return Promise.resolve(ANSWER)
      },
    })
    const unpriced = { ...rest, models: (models ?? []).map(({ id }) => ({ id })) }
    const { client } = worldOf([unpriced])
    await expect(client.infer('q', { budget_limit: 1_000 })).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { reason: 'price_unknown' },
    })
    expect(calls).toBe(0)
    const free = await client.infer('q')
    expect([free.actual_cost, free.estimated_cost]).toEqual([null, null])
    expect((await client.infer('q')).actual_cost).toBe(0)
    const { cost_stats } = await client.stats()
    expect([cost_stats.total_cost, cost_stats.unpriced_attempts]).toEqual([0, 1])
    expect((await client.batch({ requests: [{ prompt: 'z' }] })).total_actual_cost).toBeNull()
  })

  it('is counted for calls that everybody left, and for partial answers', async () => {
    const world = worldOf([
      rawProvider('raw', {
        call: () => new Promise(() => undefined),
        stream: async function* () {
          yield { type: 'text', text: 'x'.repeat(4_000) }
          await new Promise(() => undefined)
        },
      }),
    ])
    const { client, clock } = world
    for await (const chunk of client.stream('q')) if (chunk.type === 'data') break
    await clock.advance(1)
    const afterStream = (await client.stats()).cost_stats.total_cost
    // At least 1,000 tokens were written, at 2 USD per million.
    expect(nano(afterStream)).toBeGreaterThan(2_000_000)
    const timed = follow(client.infer('q2', { timeout_seconds: 1 }))
    await clock.advance(1_000)
    expect(timed().state).toBe('rejected')
    await clock.advance(1)
    expect((await client.stats()).cost_stats.total_cost).toBeGreaterThan(afterStream)
  })

  it('stays finite whatever the price', async () => {
    for (const price of [
      { input: 0, output: 0 },
      { input: 1e-12, output: 1e-12 },
      { input: 1e9, output: 1e9 },
    ]) {
      const { client } = worldOf(
        [rawProvider('raw', { call: () => Promise.resolve({ ...ANSWER, usage: USAGE }) })],
        { prices: { m: price } },
      )
      const first = await client.infer('q', { budget_limit: 1e300 })
      const second = await client.infer('q')
      for (const { estimated_cost, actual_cost, cost_saved } of [first, second]) {
        expect([estimated_cost, actual_cost, cost_saved].every(Number.isFinite)).toBe(true)
      }
      expect(JSON.stringify([await client.stats(), await client.analytics()])).not.toContain('null')
    }
  })

  it('saved by an answer that many share is counted once for each of them', async () => {
    const { client } = worldOf([mockProvider({ models: [{ id: 'm' }], reply: 'ok' })])
    const calls = await Promise.all(Array.from({ length: 5 }, () => client.infer('q')))
    const cost = calls.find(({ coalesced }) => !coalesced)?.actual_cost ?? NaN
    const { cache_stats } = await client.stats()
    expect(nano(cache_stats.overall.total_cost_saved)).toBe(4 * nano(cost))
  })

  it('of a failed request shows in its attempts, never in an answer', async () => {
    const { client, clock } = worldOf([
      rawProvider('raw', {
        call: () => Promise.reject(new ProviderError({ reason: 'bad_response', usage: USAGE })),
      }),
    ])
    const call = follow(client.infer('q'))
    await clock.advance(2_000)
    const end = call()
    expect(end.state === 'rejected' && RaptorflowError.isInstance(end.error)).toBe(true)
    const { cost_stats } = await client.stats()
    expect(cost_stats.total_requests).toBe(0)
    expect(nano(cost_stats.total_cost)).toBeGreaterThan(0)
  })
})
