import { describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError, type InferenceClientOptions } from '../../src/index.js'
import { FakeClock, mockProvider } from '../../src/testing/index.js'
import { silentLogger } from '../../src/util/logger.js'

type Loose = { readonly [Name in keyof InferenceClientOptions | 'cach']?: unknown }

/** Not typed: what JavaScript, or a configuration file, may hold. */
function make(options: Loose): InferenceClient {
  return new InferenceClient({ providers: [mockProvider()], ...options } as InferenceClientOptions)
}

function refusal(options: Loose): RaptorflowError {
  try {
    make(options)
  } catch (error) {
    if (RaptorflowError.isInstance(error)) return error
    throw error
  }
  throw new Error('Expected the options to be refused')
}

const refused = (field: string) => ({
  code: 'INVALID_REQUEST',
  details: { field, validation: 'option', reason: 'configuration' },
})

describe('an option nobody knows', () => {
  it.each<[string, Loose]>([
    ['cach', { cach: {} }],
    ['cache.ttlSecond', { cache: { ttlSecond: 60 } }],
    ['cache.l1.maxEntry', { cache: { l1: { maxEntry: 1 } } }],
    ['schedule.maxConcurency', { schedule: { maxConcurency: 1 } }],
    ['timeouts.atemptMs', { timeouts: { atemptMs: 1_000 } }],
    ['ledger.maxRow', { ledger: { maxRow: 1 } }],
  ])('is refused by name: %s', (field, options) => {
    const error = refusal(options)
    expect(error).toMatchObject(refused(field))
    expect(error.message).toContain(`Unknown option \`${field}\` of InferenceClient.`)
  })

  it('is answered with the names that are known, and where', () => {
    expect(refusal({ cache: { ttlSecond: 60 } }).message).toBe(
      'Unknown option `cache.ttlSecond` of InferenceClient. Did you mean `cache.ttlSeconds`? Known: l1, l2, l3, ttlSeconds, graceSeconds, staleWhileRevalidateSeconds, preload, semantic.',
    )
    expect(refusal({ cach: {} }).message).toMatch(
      /^Unknown option `cach` of InferenceClient\. Did you mean `cache`\? Known: providers, .*random\.$/,
    )
  })

  it('is refused even when it is undefined', () => {
    expect(refusal({ timeouts: { idle: undefined } })).toMatchObject(refused('timeouts.idle'))
  })
})

describe('an option of another type', () => {
  const logger = { ...silentLogger }
  it.each<[string, Loose]>([
    ['cache', { cache: 'on' }],
    ['cache', { cache: [] }],
    ['cache.l1', { cache: { l1: true } }],
    ['schedule', { schedule: 64 }],
    ['timeouts', { timeouts: 1_000 }],
    ['ledger', { ledger: () => undefined }],
    ['prices', { prices: [] }],
    ['prices', { prices: 'cheap' }],
    ['priceSource', { priceSource: {} }],
    ['priceSource', { priceSource: 'genai' }],
    ['fallback', { fallback: 'gpt-4o' }],
    ['fallback', { fallback: { 0: 'gpt-4o' } }],
    ['fallback', { fallback: [5] }],
    ['random', { random: 0.5 }],
    ['clock', { clock: Date }],
    ['clock', { clock: { now: () => 0, monotonic: () => 0 } }],
    ['logger', { logger: 'silent' }],
    ['logger', { logger: { ...logger, warn: undefined } }],
    ['logger', { logger: { info: logger.info } }],
  ])('is refused by name: %s %j', (field, options) => {
    const error = refusal(options)
    expect(error).toMatchObject(refused(field))
    expect(error.message).toMatch(
      /^Expected the option `[\w.]+` to be (an?|text) .*, got (an array|string|object|function|`)/,
    )
  })

  it('is answered with the methods it needs', () => {
    expect(refusal({ logger: { info: logger.info } }).message).toBe(
      'Expected the option `logger` to be an object with the methods debug, info, warn, error, got object',
    )
  })
})

describe('options as they are documented', () => {
  it('are taken, all of them, with methods from a class as well', async () => {
    class Log {
      debug(): void {}
      info(): void {}
      warn(): void {}
      error(): void {}
    }
    const client = make({
      defaultModel: 'mock-model',
      fallback: ['mock/mock-model'],
      cache: { l1: { maxEntries: 10, maxBytes: 10_000 }, ttlSeconds: 1, graceSeconds: 0 },
      schedule: { maxConcurrency: 1, maxQueued: 1 },
      timeouts: { attemptMs: 1, firstByteMs: 1, idleMs: 1 },
      prices: { 'mock-model': { input: 1, output: 2 } },
      priceSource: { priceOf: () => null },
      ledger: { maxRows: 1 },
      logger: new Log(),
      clock: new FakeClock(),
      random: () => 0,
    })
    await client.close()
  })

  it('may be left out as undefined, one by one or a level of them', async () => {
    const nothing = { l1: undefined, l2: undefined, l3: undefined, ttlSeconds: undefined }
    const clients = [
      make({
        cache: nothing,
        schedule: { maxQueued: undefined },
        timeouts: { idleMs: undefined },
        ledger: { maxRows: undefined },
      }),
      make({
        cache: undefined,
        schedule: undefined,
        timeouts: undefined,
        ledger: undefined,
        prices: undefined,
        priceSource: undefined,
        fallback: undefined,
        logger: undefined,
        clock: undefined,
        random: undefined,
      }),
      make({ cache: { l1: false } }),
    ]
    for (const client of clients) await client.close()
  })
})
