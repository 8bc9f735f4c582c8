/** One process of those that want the same answer; lease-redis.test.ts starts several. */
import { redis } from '../../../src/features/cache/redis-tier.js'
import { createLeases } from '../../../src/features/dedup/lease.js'
import { systemClock } from '../../../src/util/clock.js'
import { entry } from '../cache/fixtures.js'

/** What the test passes on the command line, as JSON. */
export interface ProcessOptions {
  readonly url: string
  readonly namespace: string
  readonly ttlMs: number
}

/** One answer that all processes want: sent to each of them. */
export interface Round {
  readonly name: string
  /** How long a call takes. */
  readonly callMs: number
  readonly end: 'stored' | 'none'
}

/** `ready`: connected. `calling`: makes the call. The rest: how a round ended. */
export type Report = 'ready' | 'calling' | 'owner' | 'stored' | 'alone'

const { url, namespace, ttlMs } = JSON.parse(process.argv[2] ?? '') as ProcessOptions
const tier = redis({ url, namespace })
const { leases: store } = tier
if (store === undefined) throw new Error('A Redis tier has leases')
const leases = createLeases({ store, clock: systemClock, random: Math.random, ttlMs })

const report = (what: Report): void => void process.send?.(what)

async function play({ name, callMs, end }: Round): Promise<void> {
  const outcome = await leases.enter(name, {
    signal: new AbortController().signal,
    wait: true,
    isStored: async () => (await tier.get(name)) !== undefined,
    deadline: () => systemClock.monotonic() + 60_000,
  })
  if (outcome.kind !== 'stored') {
    report('calling')
    await new Promise((resolve) => setTimeout(resolve, callMs))
  }
  if (outcome.kind === 'owner') {
    if (end === 'stored') await tier.set(name, entry(systemClock.now()))
    await outcome.lease.end(end)
  }
  report(outcome.kind)
}

while (!store.available) {
  await Promise.resolve(tier.get('any')).catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 10))
}
// Keeps the process alive until it is killed.
process.on('message', (round: Round) => void play(round))
report('ready')
