/** What an InferenceClient is made from: the rooms' options, their defaults, their checks. */
import {
  resolveCache,
  type CacheClientOptions,
  type ResolvedCacheOptions,
} from './cache-options.js'
import type { Clock, Random } from './contracts/clock.js'
import type { Logger } from './contracts/logger.js'
import type { ModelPrice, PriceSource } from './contracts/model.js'
import type { Provider } from './contracts/provider.js'
import type { ScheduleOptions } from './features/schedule/scheduler.js'
import {
  resolveWarmingOptions,
  type ResolvedWarmingOptions,
  type WarmingOptions,
} from './jobs/warming/warming-options.js'
import type { AttemptTimeouts } from './pipeline/dependencies.js'
import { systemClock } from './util/clock.js'
import { invalidOption } from './util/invalid-option.js'
import { resolveLogger } from './util/logger.js'
import { func, knownKeys, list, positive, record, text, withMethods } from './util/option-checks.js'

export interface InferenceClientOptions {
  /** Who may be asked, in order of preference; at least one. */
  readonly providers: readonly Provider[]
  /** Used when a request names no model. @default 'gpt-3.5-turbo' */
  readonly defaultModel?: string | undefined
  /** Models to try when the first ones fail, as `model` or `provider/model`. @default [] */
  readonly fallback?: readonly string[] | undefined
  readonly cache?: CacheClientOptions | undefined
  /** Asking ahead of demand, for money. Without it only `warm({ prompts })` does. */
  readonly warming?: WarmingOptions | undefined
  readonly schedule?: ScheduleOptions | undefined
  /** Longest times of one attempt, ms. @default { attemptMs: 120_000, firstByteMs: 60_000, idleMs: 30_000 } */
  readonly timeouts?: { readonly [Name in keyof AttemptTimeouts]?: number | undefined } | undefined
  /** Prices by `model` or `provider/model`, USD per million tokens; they win over `priceSource`. */
  readonly prices?: { readonly [model: string]: ModelPrice } | undefined
  /** @default the genai-prices catalogue, loaded on first need, no network */
  readonly priceSource?: PriceSource | undefined
  readonly ledger?:
    | {
        /** Newest request and attempt rows kept in memory. @default 10_000 */
        readonly maxRows?: number | undefined
      }
    | undefined
  /** pino-compatible. @default silent, or stderr when RAPTORFLOW_DEBUG=1 */
  readonly logger?: Logger | undefined
  /** @default system time */
  readonly clock?: Clock | undefined
  /** For jitter. @default Math.random */
  readonly random?: Random | undefined
}

export interface ResolvedOptions {
  readonly providers: readonly Provider[]
  readonly defaultModel: string
  readonly fallback: readonly string[]
  readonly cache: ResolvedCacheOptions
  readonly warming: ResolvedWarmingOptions
  /** Whether demand is observed. */
  readonly forecast: boolean
  readonly schedule: ScheduleOptions
  readonly timeouts: AttemptTimeouts
  readonly prices: { readonly [model: string]: ModelPrice }
  readonly priceSource: PriceSource | undefined
  readonly maxRows: number
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
}

const NAMES = [
  'providers',
  'defaultModel',
  'fallback',
  'cache',
  'warming',
  'schedule',
  'timeouts',
  'prices',
  'priceSource',
  'ledger',
  'logger',
  'clock',
  'random',
] as const satisfies readonly (keyof InferenceClientOptions)[]

const LOG_METHODS = ['debug', 'info', 'warn', 'error'] as const

const MOST_MODELS = 10_000
const PROVIDER_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, naming the option */
export function resolveOptions(options: InferenceClientOptions): ResolvedOptions {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw invalidOption('options', 'an object with `providers`', options)
  }
  knownKeys('', options, NAMES)
  const ledger = knownKeys('ledger', options.ledger ?? {}, ['maxRows'])
  return {
    providers: checkProviders(options.providers),
    defaultModel: text('defaultModel', options.defaultModel ?? 'gpt-3.5-turbo'),
    fallback: list('fallback', options.fallback ?? []).map((name) => text('fallback', name)),
    cache: resolveCache(options.cache ?? {}),
    warming: resolveWarmingOptions(options.warming),
    forecast: options.warming !== undefined,
    schedule: knownKeys('schedule', options.schedule ?? {}, ['maxConcurrency', 'maxQueued']),
    timeouts: resolveTimeouts(options.timeouts ?? {}),
    prices: record('prices', options.prices ?? {}),
    priceSource: withMethods('priceSource', options.priceSource ?? undefined, ['priceOf']),
    maxRows: positive('ledger.maxRows', ledger.maxRows ?? 10_000),
    logger: resolveLogger(withMethods('logger', options.logger ?? undefined, LOG_METHODS)),
    clock: withMethods('clock', options.clock ?? systemClock, ['now', 'monotonic', 'schedule']),
    random: func('random', options.random ?? Math.random),
  }
}

function resolveTimeouts(
  timeouts: NonNullable<InferenceClientOptions['timeouts']>,
): AttemptTimeouts {
  knownKeys('timeouts', timeouts, ['attemptMs', 'firstByteMs', 'idleMs'])
  return {
    attemptMs: positive('timeouts.attemptMs', timeouts.attemptMs ?? 120_000),
    firstByteMs: positive('timeouts.firstByteMs', timeouts.firstByteMs ?? 60_000),
    idleMs: positive('timeouts.idleMs', timeouts.idleMs ?? 30_000),
  }
}

function checkProviders(providers: unknown): readonly Provider[] {
  if (!Array.isArray(providers) || providers.length === 0) {
    throw invalidOption('providers', 'an array of at least one provider', providers)
  }
  const names = new Set<string>()
  for (const [index, provider] of (providers as readonly Partial<Provider>[]).entries()) {
    const where = `providers.${index}`
    if (
      (provider as unknown) === null ||
      typeof provider !== 'object' ||
      provider.specVersion !== 'v1'
    ) {
      throw invalidOption(where, 'a provider, such as openai({ apiKey }) makes', provider)
    }
    const { name, models } = provider
    if (models !== null && (!Array.isArray(models) || models.length > MOST_MODELS)) {
      throw invalidOption(`${where}.models`, `null or an array of at most ${MOST_MODELS}`, models)
    }
    if (typeof name !== 'string' || !PROVIDER_NAME.test(name)) {
      throw invalidOption(`${where}.name`, 'text of a-z 0-9 _ -, at most 64 long', name)
    }
    if (names.has(name)) {
      throw invalidOption(`${where}.name`, "different from the other providers' names", name)
    }
    names.add(name)
  }
  return [...(providers as readonly Provider[])]
}
