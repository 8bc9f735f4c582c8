/** Traffic, a cache and a provider that exist only in numbers, around the real forecast and warmer. */
import type { WarmingReport } from '../../../src/contracts/warming.js'
import type { ClientEvents } from '../../../src/contracts/events.js'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import type { InferenceResponse } from '../../../src/contracts/response.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { createDemandForecast } from '../../../src/jobs/warming/demand-forecast.js'
import type { CachedTimes, WarmerDependencies } from '../../../src/jobs/warming/dependencies.js'
import { createWarmer } from '../../../src/jobs/warming/warmer.js'
import {
  resolveWarmingOptions,
  type WarmingOptions,
} from '../../../src/jobs/warming/warming-options.js'
import type { CallCost } from '../../../src/pipeline/choice.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { toNano } from '../../../src/util/money.js'

export interface WorldOptions {
  readonly warming?: WarmingOptions | undefined
  readonly ttlSeconds?: number | undefined
  /** USD of a call. @default 0.01 */
  readonly price?: number | null | undefined
  /** Share of it that a warming call costs, as where a batch price applies. @default 1 */
  readonly warmPrice?: number | undefined
  /** @default 2_000 */
  readonly latencyMs?: number | undefined
  readonly random?: (() => number) | undefined
  readonly withoutForecast?: boolean | undefined
}

export interface Call {
  readonly request: ParsedRequest
  readonly at: number
  readonly signal: AbortSignal | undefined
}

export function answerOf(overrides: Partial<InferenceResponse> = {}): InferenceResponse {
  return {
    request_id: 'req_1',
    response: 'an answer',
    model_used: 'm',
    provider_used: 'p',
    processing_time: 2,
    cache_hit: false,
    input_tokens: 1,
    output_tokens: 2,
    estimated_cost: 0.01,
    actual_cost: 0.01,
    timestamp: '2026-01-01T00:00:00.000Z',
    metadata: { strategy: 'balanced', optimization_enabled: true },
    finish_reason: 'stop',
    tool_calls: [],
    usage: { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 },
    cache: { level: null, age_seconds: 0, similarity: null, stale: false },
    cost_saved: 0,
    coalesced: false,
    attempts: [],
    ...overrides,
  }
}

/** mulberry32, Tommy Ettinger's generator (public domain). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An estimate of so many nano-USD, and of no more at worst. */
export function costing(likely: number, worst = likely): CallCost {
  return { likely, enough: worst, worst }
}

export function createWorld(options: WorldOptions = {}) {
  const clock = new FakeClock()
  const random = options.random ?? (() => 0.5)
  const ttlSeconds = options.ttlSeconds ?? 3_600
  const price = options.price === undefined ? 0.01 : options.price
  const latencyMs = options.latencyMs ?? 2_000
  const resolved = resolveWarmingOptions(options.warming)
  const forecast = createDemandForecast({ clock, maxKeys: resolved.maxKeys, ttlSeconds })
  const cache = new Map<string, CachedTimes>()
  const seen = {
    calls: [] as Call[],
    lookups: 0,
    asked: 0,
    hits: 0,
    spent: 0,
    warmSpent: 0,
    runs: [] as ClientEvents['warming:run'][],
    logs: [] as string[],
    inFlight: 0,
  }
  const keyOf = (request: ParsedRequest): string | undefined =>
    request.use_cache === false
      ? undefined
      : `${request.cache?.scope === 'user' ? (request.user_id ?? '') : ''}|${request.prompt ?? ''}`

  const store = (request: ParsedRequest, cost: number | null): void => {
    const key = keyOf(request)
    if (key === undefined) return
    const now = clock.now()
    const ttl = (request.cache?.ttl_seconds ?? ttlSeconds) * (0.9 + 0.2 * random())
    cache.set(key, { created_at: now, fresh_until: now + ttl * 1_000 })
    const nano = cost === null ? null : toNano(cost)
    forecast.landed({ key, at: now, cost: nano, duration_ms: latencyMs })
  }

  const deps = {
    clock,
    random,
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_fields: object, message: string) => void seen.logs.push(message),
      error: (_fields: object, message: string) => void seen.logs.push(message),
    },
    events: {
      emit: (_name: string, payload: unknown) =>
        void seen.runs.push(payload as ClientEvents['warming:run']),
      has: () => true,
    },
    forecast: options.withoutForecast === true ? undefined : forecast,
    infer: async (request: ParsedRequest, { signal }: { signal?: AbortSignal | undefined }) => {
      seen.calls.push({ request, at: clock.now(), signal })
      const cost = price === null ? null : price * (options.warmPrice ?? 1)
      seen.warmSpent += cost ?? 0
      store(request, cost)
      return answerOf({ actual_cost: cost })
    },
    cached: (request: ParsedRequest) => {
      seen.lookups += 1
      const times = cache.get(keyOf(request) ?? '')
      return times && times.fresh_until > clock.now() ? times : undefined
    },
    estimate: async () => (price === null ? null : costing(toNano(price))),
    inFlight: () => seen.inFlight,
    keyOf,
  } satisfies WarmerDependencies
  /** Tests replace what they are about. */
  const open: { -readonly [Name in keyof WarmerDependencies]: WarmerDependencies[Name] } = deps
  const warmer = createWarmer(resolved, open)

  /** A caller's request: from the cache, or by a call that the caller waits for. */
  const ask = (raw: string | object): boolean => {
    const request = parseRequest(typeof raw === 'string' ? { prompt: raw } : raw)
    const key = keyOf(request)
    seen.asked += 1
    const hit = key !== undefined && (cache.get(key)?.fresh_until ?? 0) > clock.now()
    if (key !== undefined) forecast.observe({ key, request, at: clock.now(), hit })
    if (hit) seen.hits += 1
    else {
      seen.spent += price ?? 0
      store(request, price)
    }
    return hit
  }
  const report = (): WarmingReport => warmer.report()!
  /** Another warmer, for dependencies that are read when it is made. */
  const reopen = () => ({ warmer: createWarmer(resolved, open) })
  return { clock, forecast, warmer, reopen, deps: open, cache, seen, ask, report }
}

export type World = ReturnType<typeof createWorld>

export interface Traffic {
  readonly hours: number
  /** Mean requests a second. */
  readonly rate: number
  readonly intents: number
  /** Exponent of the popularity's Zipf law. */
  readonly exponent: number
  /** Share of requests nobody asks twice. */
  readonly novel: number
  /** How far the rate swings over the day, 0-1. */
  readonly swing: number
  readonly random: () => number
  /** Every so many hours, each intent changes places with one chosen at random with probability 0.1. */
  readonly driftHours?: number | undefined
  /** Called when so many hours have passed, once. */
  readonly after?: { readonly hours: number; readonly call: () => void } | undefined
}

/** Poisson arrivals whose rate follows the time of day, thinned (Lewis and Shedler 1979). */
export async function drive(world: Pick<World, 'clock' | 'ask'>, traffic: Traffic): Promise<void> {
  const { random, rate, swing, intents } = traffic
  const cumulative = zipf(intents, traffic.exponent)
  const order = Array.from({ length: intents }, (_, index) => index)
  const start = world.clock.monotonic()
  const most = rate * (1 + swing)
  let novel = 0
  let drifted = 0
  let told = false
  for (;;) {
    await world.clock.advance((-Math.log(1 - random()) / most) * 1_000)
    const hours = (world.clock.monotonic() - start) / 3_600_000
    if (hours >= traffic.hours) return
    if (traffic.after && !told && hours >= traffic.after.hours) {
      told = true
      traffic.after.call()
    }
    if (traffic.driftHours !== undefined && hours >= (drifted + 1) * traffic.driftHours) {
      drifted += 1
      for (let index = 0; index < intents; index += 1) {
        if (random() >= 0.1) continue
        const other = Math.floor(random() * intents)
        ;[order[index], order[other]] = [order[other]!, order[index]!]
      }
    }
    const now = rate * (1 - swing * Math.cos((hours / 24) * 2 * Math.PI))
    if (random() * most >= now) continue
    if (random() < traffic.novel) world.ask(`novel ${String(novel++)}`)
    else world.ask(`intent ${String(order[rank(cumulative, random())])}`)
  }
}

function zipf(intents: number, exponent: number): Float64Array {
  const cumulative = new Float64Array(intents)
  let sum = 0
  for (let index = 0; index < intents; index += 1) {
    sum += (index + 1) ** -exponent
    cumulative[index] = sum
  }
  return cumulative.map((value) => value / sum)
}

function rank(cumulative: Float64Array, at: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}
