/** A persistent level that cannot write, as the callers of the client notice it: not at all. */
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { FULL, faultyDriver } from '../features/cache/sqlite-faulty-driver.js'
import { directory, testTier } from '../features/cache/sqlite-fixtures.js'

const QUESTIONS = 300

interface Told {
  readonly failed: number
  readonly calls: number
  readonly states: readonly string[]
  readonly enabled: boolean
  readonly closedWithinMs: number
}

/** Asks 300 questions twice, with a memory too small for them. */
async function use(
  l3: CacheTier,
  meanwhile: (index: number) => void = () => undefined,
): Promise<Told> {
  const provider = mockProvider({ reply: 'An answer.' })
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    cache: { l1: { maxEntries: 10 }, l3 },
  })
  const states: string[] = []
  client.on('tier:state', ({ level, state, reason }) => states.push(`${level} ${state} ${reason}`))
  let failed = 0
  for (let index = 0; index < 2 * QUESTIONS; index++) {
    meanwhile(index)
    await client.infer(`Question ${index % QUESTIONS}?`).catch(() => (failed += 1))
    if (index % 50 === 0) await client.flush()
  }
  const { enabled } = (await client.stats()).cache_stats.l3_persistent
  const closing = performance.now()
  await client.close()
  const closedWithinMs = performance.now() - closing
  return { failed, calls: provider.calls.length, states, enabled, closedWithinMs }
}

it('a disk that is full from some moment on fails no call and is told once', async () => {
  const faults = faultyDriver()
  const { tier } = testTier({}, faults.load)
  const told = await use(tier, (index) => {
    if (index === 100) faults.failure = (sql) => (/^(BEGIN|INSERT)/.test(sql) ? FULL : undefined)
  })
  expect(told).toMatchObject({ failed: 0, states: ['l3 down disk_full'], enabled: true })
  // What was written before, at the latest by the flush after question 50, is still served.
  expect(told.calls).toBeLessThanOrEqual(2 * QUESTIONS - 50)
  expect(told.closedWithinMs).toBeLessThan(2_000)
})

it('a path that cannot exist fails no call and is told once', async () => {
  const file = join(directory(), 'file')
  writeFileSync(file, '')
  const told = await use(sqlite({ path: join(file, 'cache.db') }))
  expect(told).toMatchObject({ failed: 0, states: ['l3 down unreachable'], enabled: false })
  expect(told.calls).toBe(2 * QUESTIONS)
})

it('a read-only directory fails no call and is told once', async (test) => {
  const path = join(directory(), 'cache.db')
  const root = process.getuid?.() === 0
  try {
    // Modes do not bind root.
    if (root) execFileSync('chattr', ['+i', dirname(path)], { stdio: 'ignore' })
    else chmodSync(dirname(path), 0o500)
  } catch {
    test.skip('neither modes nor attributes bind')
  }
  onTestFinished(() => {
    if (root) execFileSync('chattr', ['-i', dirname(path)])
    else chmodSync(dirname(path), 0o700)
  })
  const told = await use(sqlite({ path }))
  expect(told).toMatchObject({ failed: 0, states: ['l3 down read_only'], enabled: false })
  expect(told.calls).toBe(2 * QUESTIONS)
})
