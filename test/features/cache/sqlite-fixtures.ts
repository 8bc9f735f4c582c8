/** SQLite tiers over files of their own, with what they told the client. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CacheTier, TierContext } from '../../../src/contracts/cache-tier.js'
import { sqliteTier, type SqliteTierOptions } from '../../../src/features/cache/sqlite-tier.js'
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
    logger: { debug: log, info: log, warn: log, error: log },
    ttlSeconds: 3_600,
    onState: (state, reason) => told.states.push(`${state} ${reason}`),
  }
  return { context, told }
}

export interface TestTier extends Told {
  readonly tier: CacheTier
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
  const tier = sqliteTier({ ...over, path }, loadDriver)
  const { context, told } = contextOf(clock)
  tier.open?.(context)
  onTestFinished(() => tier.close?.().catch(() => undefined))
  const beside = (more: Partial<SqliteTierOptions> = {}) =>
    testTier({ ...over, path, ...more }, loadDriver, clock)
  return { tier, clock, path, beside, ...told }
}
