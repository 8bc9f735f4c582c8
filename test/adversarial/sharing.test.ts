import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  ProviderError,
  type InferenceClient,
  type InferenceResponse,
  type InferenceStream,
  type Provider,
  type ProviderCall,
} from '../../src/index.js'
import type { FakeClock } from '../../src/testing/index.js'
import {
  ANSWER,
  FINISH,
  USAGE,
  asked as promptOf,
  follow,
  isRaptorflowError,
  never,
  rawProvider,
  seeded,
  worldOf,
  type Standing,
} from './support.js'

const PROMPTS = ['one', 'two', 'three'] as const
const WORKSPACES = ['a', 'b'] as const

interface Upstream {
  readonly prompt: string
  readonly mode: 'unary' | 'stream'
  readonly begun: number
  running: boolean
}

/** Answers with what it was asked and when; slow, moody, and honest about what it bills. */
function moodyProvider(chance: () => number, log: Upstream[], clock: () => FakeClock): Provider {
  const begin = (call: ProviderCall, mode: Upstream['mode']): Upstream => {
    const entry = { prompt: promptOf(call), mode, begun: clock().monotonic(), running: true }
    log.push(entry)
    return entry
  }
  const rest = async (ms: number, signal: AbortSignal): Promise<void> => {
    let leave = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = clock().schedule(ms, resolve)
        leave = () => {
          timer.cancel()
          reject(new ProviderError({ reason: 'aborted' }))
        }
        signal.addEventListener('abort', leave)
      })
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
  const mood = async (signal: AbortSignal): Promise<void> => {
    await rest(1 + Math.floor(chance() * 400), signal)
    const luck = chance()
    if (luck < 0.1) throw new ProviderError({ status: 503 })
    if (luck < 0.2) throw new ProviderError({ reason: 'bad_response', usage: USAGE })
    if (luck < 0.23) await rest(1e9, signal)
  }
  const textOf = ({ prompt, begun }: Upstream): string => `${prompt}@${begun}`
  return rawProvider('raw', {
    call: async (call: ProviderCall, signal: AbortSignal) => {
      const entry = begin(call, 'unary')
      try {
        await mood(signal)
        return { ...ANSWER, text: textOf(entry) }
      } finally {
        entry.running = false
      }
    },
    stream: async function* (call: ProviderCall, signal: AbortSignal) {
      const entry = begin(call, 'stream')
      try {
        await mood(signal)
        for (const piece of textOf(entry)) {
          yield { type: 'text', text: piece }
          if (chance() < 0.3) await rest(chance() * 50, signal)
        }
        if (chance() < 0.05) throw new ProviderError({ reason: 'connection_reset' })
        yield FINISH
      } finally {
        entry.running = false
      }
    },
  })
}

/** What a caller may do with a stream. Resolves with the response, if it got to see one. */
async function useStream(stream: InferenceStream, chance: () => number): Promise<unknown> {
  const way = Math.floor(chance() * 6)
  if (way === 0) return stream.response()
  if (way === 1) {
    for await (const text of stream.text()) if (text === '@') break
    return undefined
  }
  if (way === 2) {
    const reader = stream.toReadableStream().getReader()
    await reader.read()
    await reader.cancel('enough')
    return undefined
  }
  if (way === 3) {
    // Opens it and never reads again.
    await stream[Symbol.asyncIterator]().next()
    return undefined
  }
  if (way === 4) {
    const [response] = await Promise.all([stream.response(), readAll(stream), readAll(stream)])
    return response
  }
  return readAll(stream)
}

async function readAll(stream: InferenceStream): Promise<InferenceResponse | undefined> {
  let text = ''
  let last: InferenceResponse | undefined
  for await (const chunk of stream) {
    if (chunk.type === 'data') text += chunk.data
    if (chunk.type === 'complete') last = chunk.data
  }
  expect(text).toBe(last?.response)
  return last
}

interface Caller {
  readonly prompt: string
  readonly begun: number
  /** When the cache was last cleared before it came. */
  readonly clearedAt: number
  readonly end: () => Standing<unknown>
}

/** One of 1,000 steps: somebody comes, somebody leaves, the cache is cleared, time goes on. */
async function walk(seed: number): Promise<void> {
  const chance = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T
  const upstream: Upstream[] = []
  const world = worldOf([moodyProvider(chance, upstream, () => world.clock)], {
    cache: { ttlSeconds: 2, graceSeconds: 1 },
    schedule: { maxConcurrency: 4 },
  })
  const { client, clock } = world
  const shared = new AbortController()
  const controllers: AbortController[] = []
  const callers: Caller[] = []
  let clearedAt = 0

  const arrive = (): void => {
    const prompt = `${pick(WORKSPACES)}/${pick(PROMPTS)}`
    const own = chance() < 0.5 ? new AbortController() : shared
    if (own !== shared) controllers.push(own)
    const fields = {
      workspace_id: prompt.slice(0, 1),
      timeout_seconds: pick([0.05, 0.3, 2, 60]),
      priority: 1 + Math.floor(chance() * 10),
      ...(chance() < 0.1 && { use_cache: false }),
      ...(chance() < 0.1 && { cache: { refresh: true } }),
      signal: own.signal,
    }
    const result =
      chance() < 0.5
        ? client.infer(prompt, fields)
        : useStream(client.stream(prompt, fields), chance)
    callers.push({ prompt, begun: clock.monotonic(), clearedAt, end: follow<unknown>(result) })
  }

  for (let step = 0; step < 1_000; step += 1) {
    const luck = chance()
    if (luck < 0.6) arrive()
    else if (luck < 0.75) pick(controllers.slice(-12).concat(new AbortController())).abort()
    else if (luck < 0.77) {
      await client.clearCache('all')
      clearedAt = clock.monotonic()
    } else await clock.advance(Math.floor(chance() * 120))
  }
  await clock.advance(70_000)

  for (const { end, prompt, clearedAt: cleared } of callers) {
    const standing = end()
    expect(standing.state).not.toBe('pending')
    if (standing.state === 'rejected') expect(isRaptorflowError(standing.error)).toBe(true)
    if (standing.state !== 'resolved' || standing.value === undefined) continue
    const { response } = standing.value as InferenceResponse
    const [asked, madeAt] = response.split('@')
    expect(asked).toBe(prompt)
    expect(Number(madeAt)).toBeGreaterThanOrEqual(cleared)
  }
  await settled(client, clock, [shared, ...controllers])
  expect(upstream.filter(({ running }) => running)).toEqual([])
}

/** Nothing is left of anybody. */
async function settled(
  client: InferenceClient,
  clock: FakeClock,
  controllers: readonly AbortController[],
): Promise<void> {
  const { pending_requests, processing_requests } = await client.stats()
  expect([pending_requests, processing_requests, clock.pending]).toEqual([0, 0, 0])
  const listening = controllers.filter(
    ({ signal }) => getEventListeners(signal, 'abort').length > 0,
  )
  expect(listening).toEqual([])
}

describe('callers who share answers', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'come, leave, read and clear at random, and get what they asked for or an error (seed %i)',
    walk,
  )

  it('of different patience wait as long as each of them said', async () => {
    const world = worldOf([
      rawProvider('raw', {
        call: async () => {
          await new Promise<void>((resolve) => void world.clock.schedule(30_000, resolve))
          return ANSWER
        },
      }),
    ])
    const { client, clock } = world
    const short = follow(client.infer('q', { timeout_seconds: 10 }))
    await clock.advance(5_000)
    const long = follow(client.infer('q', { timeout_seconds: 100 }))
    await clock.advance(5_000)
    expect(short()).toMatchObject({ state: 'rejected', error: { code: 'TIMEOUT' } })
    await clock.advance(20_000)
    expect(long()).toMatchObject({ state: 'resolved', value: { coalesced: true, actual_cost: 0 } })
    const { cost_stats } = await client.stats()
    expect(cost_stats.total_cost).toBeGreaterThan(0)
    await settled(client, clock, [])
  })

  it('find the queue free of what nobody waits for any more', async () => {
    const { client, clock } = worldOf([rawProvider('raw', { call: never })], {
      schedule: { maxConcurrency: 1, maxQueued: 5 },
    })
    const leaving = new AbortController()
    const running = follow(client.infer('running', { timeout_seconds: 20 }))
    const queued = [1, 2, 3, 4, 5].map((n) =>
      follow(client.infer(`queued ${n}`, { signal: leaving.signal, timeout_seconds: 10 })),
    )
    await clock.advance(0)
    expect((await client.stats()).pending_requests).toBe(5)
    const refused = await client.infer('one too many').catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', details: { reason: 'queue_full' } })
    leaving.abort()
    await clock.advance(0)
    expect((await client.stats()).pending_requests).toBe(0)
    expect(queued.map((end) => end().state)).toEqual(Array(5).fill('rejected'))
    const late = follow(client.infer('queued for its whole time', { timeout_seconds: 5 }))
    await clock.advance(5_000)
    expect(late()).toMatchObject({ error: { code: 'TIMEOUT' } })
    await clock.advance(15_000)
    expect(running()).toMatchObject({ error: { code: 'TIMEOUT' } })
    await settled(client, clock, [leaving])
  })

  it('raise queued work to the highest priority aboard', async () => {
    const order: unknown[] = []
    const world = worldOf(
      [
        rawProvider('raw', {
          call: async (call: ProviderCall) => {
            order.push(call.messages[0]?.content)
            await new Promise<void>((resolve) => void world.clock.schedule(10, resolve))
            return ANSWER
          },
        }),
      ],
      { schedule: { maxConcurrency: 1 } },
    )
    const calls = ['first', 'second', 'third'].map((prompt) => world.client.infer(prompt))
    await world.clock.advance(1)
    calls.push(world.client.infer('third', { priority: 10 }))
    await world.clock.advance(100)
    await Promise.all(calls)
    expect(order).toEqual(['first', 'third', 'second'])
  })

  it('cannot reach a cache level without end beyond their own deadline or signal', async () => {
    const l2 = {
      level: 'l2' as const,
      get: never,
      set: never,
      delete: never,
      clear: never,
      stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }),
    }
    const { client, clock } = worldOf(
      [rawProvider('raw', { call: () => Promise.resolve(ANSWER) })],
      { cache: { l2 } },
    )
    const controller = new AbortController()
    const timed = follow(client.infer('q', { timeout_seconds: 1 }))
    const aborted = follow(client.infer('q', { signal: controller.signal }))
    const streamed = follow(client.stream('q', { timeout_seconds: 1 }).response())
    controller.abort('bored')
    await clock.advance(1_000)
    expect(aborted()).toMatchObject({ error: { code: 'ABORTED', cause: 'bored' } })
    for (const end of [timed(), streamed()]) expect(end.state).not.toBe('pending')
    await clock.advance(10_000)
    await settled(client, clock, [controller])
  })

  it('who abort while a level is asked, cause no call', async () => {
    let calls = 0
    const world = worldOf(
      [
        rawProvider('raw', {
          call: () => {
            calls += 1
            return Promise.resolve(ANSWER)
          },
        }),
      ],
      {
        cache: {
          l2: {
            level: 'l2',
            get: () =>
              new Promise<undefined>((resolve) => {
                world.clock.schedule(100, () => {
                  resolve(undefined)
                })
              }),
            set: () => undefined,
            delete: () => undefined,
            clear: () => undefined,
            stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }),
          },
        },
      },
    )
    const controller = new AbortController()
    const end = follow(world.client.infer('q', { signal: controller.signal }))
    await world.clock.advance(50)
    controller.abort()
    await world.clock.advance(100)
    expect(end()).toMatchObject({ error: { code: 'ABORTED' } })
    expect(calls).toBe(0)
    // Who was there before close() is answered, a level that is still being asked or not.
    const closing = follow(world.client.infer('q'))
    await world.clock.advance(50)
    const closed = world.client.close()
    const late = follow(world.client.infer('another'))
    await world.clock.advance(2_000)
    await closed
    expect(closing()).toMatchObject({ value: { response: 'hello' } })
    expect(late()).toMatchObject({ error: { details: { reason: 'closed' } } })
    expect(calls).toBe(1)
  })
})
