/**
 * Redis for tests.
 *
 *   describeRedis('title', () => { … })  a suite that needs Redis: skipped where there is none, and a
 *                                        failure there when CI=true
 *   redisUrl()                           the server all suites share: REDIS_URL, or one spawned for this
 *                                        run. Never flush it; use `freshNamespace()` instead
 *   freshNamespace()                     a namespace nobody else uses
 *   await startRedis({ … })              a server of your own, for faults: `url`, `port`, `pid`, `kill()`
 *                                        (SIGKILL), `stop()` (SIGSTOP), `cont()`, `restart()` (same port,
 *                                        empty), `command('CLIENT', 'LIST')`, `close()`. Options:
 *                                        `maxmemory`, `password`, `port`, `cluster`, `tls`, `args`
 *   await startSentinel(server)          a sentinel that watches it as `main`: `port`, `close()`
 *   await freePort()                     a port nobody listens on
 *   await until(() => …)                 polls until it holds; for what happens in other processes
 *   await startFakeResp(script)          fake-resp-server.ts: slow, garbage, half-open replies
 *
 * `describeRedis` also guards suites that only use `startRedis`.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'

export { freePort, startRedis, startSentinel } from './redis-server.js'
export type { RedisServer, RedisServerOptions } from './redis-server.js'
export { startFakeResp } from './fake-resp-server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Empty where there is no Redis. */
    redisUrl: string
    /** Why there is none. */
    redisMissing: string
  }
}

export function describeRedis(title: string, suite: () => void): void {
  if (inject('redisUrl') !== '') {
    describe(title, suite)
  } else if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('finds a Redis to run against', () => {
        expect.fail(inject('redisMissing'))
      })
    })
  } else {
    describe.skip(title, suite)
  }
}

export function redisUrl(): string {
  return inject('redisUrl')
}

export function freshNamespace(): string {
  return `test-${randomUUID()}`
}

/** Rejects after `ms` when it never holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  ms = 10_000,
  everyMs = 10,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Still not so after ${ms} ms: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
