/** SQLite tiers over files of their own, with what they told the client. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { TierContext } from '../../../src/contracts/cache-tier.js'
import { createEntryCodec } from '../../../src/features/cache/entry-codec.js'
import { SqliteCache } from '../../../src/features/cache/sqlite-cache.js'
import type { SqliteTierOptions } from '../../../src/features/cache/sqlite-tier.js'
import { loadSqliteDriver, type SqliteDriver } from '../../../src/storage/sqlite-driver.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

/** Gone after the test. */
export function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'raptorflow-sqlite-'))
  onTestFinished(() => {
    rmSync(made, { recursive: true, force: true })
  })
  return made
}

export interface Told {
  readonly states: string[]
  readonly logs: string[]
}

export function contextOf(clock: FakeClock): { context: TierContext; told: Told } {
  const told: Told = { states: [], logs: [] }
  const log = (fields: object, message: string): void => {
    told.logs.push(`${message} ${JSON.stringify(fields)}`)
  }
  const context: TierContext = {
    clock,
    random: () => 0.5,
    logger: { debug: () => undefined, info: log, warn: log, error: log },
    ttlSeconds: 3_600,
    onState: (state, reason) => told.states.push(`${state} ${reason}`),
  }
  return { context, told }
}

export interface TestTier extends Told {
  readonly tier: SqliteCache
  readonly clock: FakeClock
  readonly path: string
  /** Another tier on the same file with the same time, as another process has it. */
  readonly beside: (over?: Partial<SqliteTierOptions>) => TestTier
}

export function testTier(
  over: Partial<SqliteTierOptions> = {},
  loadDriver: () => Promise<SqliteDriver> = loadSqliteDriver,
  clock = new FakeClock(),
): TestTier {
  const path = over.path ?? join(directory(), 'cache.db')
  const { maxEntries = 250_000, maxBytes = 1e9, maxAgeDays = 30, encryptionKey } = over
  const tier = new SqliteCache({
    path,
    bounds: { maxEntries, maxBytes },
    maxAgeMs: maxAgeDays * 86_400_000,
    codec: createEntryCodec({ encryptionKey }),
    loadDriver,
  })
  const { context, told } = contextOf(clock)
  tier.open(context)
  onTestFinished(() => tier.close().catch(() => undefined))
  const beside = (more: Partial<SqliteTierOptions> = {}) =>
    testTier({ ...over, path, ...more }, loadDriver, clock)
  return { tier, clock, path, beside, ...told }
}

/** Text that does not compress, the same for the same seed. */
export function noise(length: number, seed: number): string {
  const bytes = Buffer.alloc(length)
  let state = seed + 1
  for (let index = 0; index < length; index += 1) {
    state = (state * 48_271) % 2_147_483_647
    bytes[index] = state >> 8
  }
  return bytes.toString('base64').slice(0, length)
}
