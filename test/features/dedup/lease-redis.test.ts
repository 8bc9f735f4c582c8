import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import type { LeaseStore } from '../../../src/contracts/coordination.js'
import { redis } from '../../../src/features/cache/redis-tier.js'
import { createLeases } from '../../../src/features/dedup/lease.js'
import { systemClock } from '../../../src/util/clock.js'
import {
  describeRedis,
  freshNamespace,
  redisUrl,
  startRedis,
  until,
  type RedisServer,
} from '../../support/redis.js'
import type { ProcessOptions, Report, Round } from './lease-process.js'

const SCRIPT = fileURLToPath(new URL('lease-process.ts', import.meta.url))
const TTL_MS = 1_500
/** Starting a process compiles it; on a busy machine that takes seconds. */
const START_MS = 60_000

class Contender {
  readonly #child: ChildProcess
  /** Of this round. */
  reports: Report[] = []
  calledAt = 0

  constructor(options: ProcessOptions) {
    this.#child = fork(SCRIPT, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] })
    this.#child.on('message', (report: Report) => {
      this.reports.push(report)
      if (report === 'calling') this.calledAt = performance.now()
    })
  }

  get calls(): boolean {
    return this.reports.includes('calling')
  }

  /** How this round ended for it; undefined before that. */
  get ending(): Report | undefined {
    const last = this.reports.at(-1)
    return last === 'calling' ? undefined : last
  }

  play(round: Round): void {
    this.reports = []
    this.#child.send(round)
  }

  /** Resolves when it is dead. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

async function ended(contenders: readonly Contender[]): Promise<(Report | undefined)[]> {
  await until(() => contenders.every(({ ending }) => ending !== undefined), 20_000)
  return contenders.map(({ ending }) => ending).sort()
}

describeRedis('processes that want the same answer at once', () => {
  let all: Contender[] = []
  const play = (round: Round): void => {
    for (const contender of all) contender.play(round)
  }

  beforeAll(async () => {
    const options = { url: redisUrl(), namespace: freshNamespace(), ttlMs: TTL_MS }
    all = [1, 2, 3, 4].map(() => new Contender(options))
    await until(() => all.every(({ ending }) => ending === 'ready'), START_MS)
  }, START_MS)
  afterAll(async () => {
    await Promise.all(all.map((contender) => contender.kill()))
  })

  it('make one call, and all end with its answer', async () => {
    play({ name: 'one', callMs: 500, end: 'stored' })
    expect(await ended(all)).toEqual(['owner', 'stored', 'stored', 'stored'])
    expect(all.filter(({ calls }) => calls)).toHaveLength(1)
  })

  it('do not queue behind an answer that may not be stored', async () => {
    play({ name: 'two', callMs: 1_000, end: 'none' })
    expect(await ended(all)).toEqual(['alone', 'alone', 'alone', 'owner'])
    const calls = all.map(({ calledAt }) => calledAt).sort((a, b) => a - b)
    expect(calls[3]! - calls[1]!).toBeLessThan(1_000)
  })

  it(
    'replace an owner that was killed, once its lease has ended',
    { timeout: 40_000 },
    async () => {
      play({ name: 'three', callMs: 2_000, end: 'stored' })
      await until(() => all.some(({ calls }) => calls))
      const owner = all.find(({ calls }) => calls)!
      const others = all.filter((contender) => contender !== owner)
      await owner.kill()
      const killedAt = performance.now()
      await until(() => others.some(({ calls }) => calls))
      const waited = others.find(({ calls }) => calls)!.calledAt - killedAt
      // Taken or extended at most a third of its lifetime before, looked at once a second; and slack.
      expect(waited).toBeGreaterThan((2 / 3) * TTL_MS - 100)
      expect(waited).toBeLessThan(TTL_MS + 1_000 + 3_000)
      expect(await ended(others)).toEqual(['owner', 'stored', 'stored'])
      expect(others.filter(({ calls }) => calls)).toHaveLength(1)
    },
  )
})

describeRedis('a lease in a Redis that fails', () => {
  const opened: { close(): unknown }[] = []
  afterEach(async () => {
    for (const resource of opened.splice(0)) await resource.close()
  })

  async function connected(): Promise<{ server: RedisServer; store: LeaseStore; tier: CacheTier }> {
    const server = await startRedis()
    const tier = redis({ url: server.url, namespace: freshNamespace() })
    opened.push({ close: () => tier.close?.() }, server)
    const store = tier.leases!
    await until(async () => {
      await Promise.resolve(tier.get('any')).catch(() => undefined)
      return store.available
    })
    return { server, store, tier }
  }

  async function enter(store: LeaseStore, tier: CacheTier): Promise<{ kind: string; ms: number }> {
    const start = performance.now()
    const leases = createLeases({ store, clock: systemClock, random: Math.random })
    const { kind } = await leases.enter('name', {
      signal: new AbortController().signal,
      wait: true,
      isStored: async () => (await tier.get('answer')) !== undefined,
      deadline: () => systemClock.monotonic() + 60_000,
    })
    return { kind, ms: performance.now() - start }
  }

  it('costs a caller the guard’s 250 ms while it hangs, then nothing', async () => {
    const { server, store, tier } = await connected()
    server.stop()
    const first = await Promise.all([1, 2, 3].map(() => enter(store, tier)))
    for (const { kind, ms } of first) {
      expect(kind).toBe('alone')
      expect(ms).toBeLessThan(1_000)
    }
    const next = await enter(store, tier)
    expect(next.kind).toBe('alone')
    expect(next.ms).toBeLessThan(100)
  })

  it('lets those who wait go when it is killed', async () => {
    const { server, store, tier } = await connected()
    await store.take('name', 'of another process', 30_000)
    const waiting = enter(store, tier)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.kill()
    const killedAt = performance.now()
    expect((await waiting).kind).toBe('alone')
    expect(performance.now() - killedAt).toBeLessThan(1_000)
  })
})
