/**
 * Redis killed, absent, started again, frozen, thawed, out of memory and absent from the start, under
 * 200 requests a second: what the callers notice of it.
 *
 *   npx tsx test/soak/redis-outages.ts           about 80 s, the targets as they are
 *   npx tsx test/soak/redis-outages.ts --short   about 20 s, for `npm test` on a busy machine
 *
 * Method: open loop, latency from the planned arrival. The same traffic goes at the same time, half an
 * interval later, to a client without L2, the control. "Added" is the p99 of a window less the control's
 * in that window: what the machine adds, it adds to both. It is stricter than a comparison with the
 * healthy window, which is printed beside it. Compared are requests of a kind: found in memory (l1), in
 * Redis (l2), asked of the model (miss), asked by two clients at once (twice), and all together.
 */
import { redis } from '../../src/features/cache/redis-tier.js'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import { RedisConnection } from '../../src/storage/redis-connection.js'
import { startRedis } from '../support/redis-server.js'
import { OpenLoop, quantile, type Sample } from './open-loop.js'
import { ask, clientWith, fillShelf, type Askers } from './outage-traffic.js'
import { Verdicts } from './verdicts.js'

const RATE = 200
const short = process.argv.includes('--short')
/** Seconds of each window. */
const SECONDS = short
  ? { warmUp: 1, healthy: 2, learning: 1.5, after: 1.5, back: 3.5 }
  : { warmUp: 4, healthy: 10, learning: 5, after: 5, back: 5 }

const LEARNING_ADDED_MS = 60
const ADDED_MS = 5
const BACK_MS = 3_000
const MOST_PENDING = 1_000
/** One in a hundred of the learning window of the full form: what its p99 leaves out. */
const SLOW_ONES = 10
/** So many in a row come from Redis: then it is back. */
const IN_A_ROW = 5
const KINDS = ['l1', 'l2', 'miss', 'twice', 'all'] as const
type Kind = (typeof KINDS)[number]

const verdicts = new Verdicts()
const connections = observedConnections()
let mostPending = 0
let mostMemory = 0
const observer = setInterval(() => {
  const pending = connections.map((connection) => connection.pending)
  mostPending = Math.max(mostPending, ...pending)
  mostMemory = Math.max(mostMemory, process.memoryUsage.rss())
}, 5)

/** Every connection that is opened from now on. */
function observedConnections(): RedisConnection[] {
  const opened = new Set<RedisConnection>()
  const list: RedisConnection[] = []
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { open } = RedisConnection.prototype
  RedisConnection.prototype.open = function (this: RedisConnection) {
    if (!opened.has(this)) list.push(this)
    opened.add(this)
    open.call(this)
  }
  return list
}

interface Window {
  readonly name: string
  readonly from: number
  readonly to: number
}
const windows: Window[] = []

/** @param over ends it before its time */
async function during(
  name: string,
  seconds: number,
  over = (_from: number) => false,
): Promise<Window> {
  const from = performance.now()
  while (performance.now() < from + seconds * 1_000 && !over(from)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const window = { name, from, to: performance.now() }
  windows.push(window)
  return window
}

// Its data outlives a SIGKILL, as a production server's would.
const server = await startRedis({ args: ['--appendonly', 'yes'] })
const tier = (): CacheTier => redis({ url: server.url })
await fillShelf(tier())

const started = performance.now()
const watched = (name: string, l2: CacheTier | undefined) => {
  const client = clientWith(l2)
  client.on('tier:state', ({ state, reason }) => {
    const at = ((performance.now() - started) / 1_000).toFixed(2)
    console.log(`      ${at} s  ${name}: ${state} (${reason})`)
  })
  return client
}
const subject: Askers = { client: watched('client', tier()), partner: watched('partner', tier()) }
const control: Askers = { client: clientWith(undefined), partner: clientWith(undefined) }
const loop = new OpenLoop({ rate: RATE, shiftMs: 0, ask: (index) => ask(subject, 'a', index) })
const controlLoop = new OpenLoop({
  rate: RATE,
  shiftMs: 500 / RATE,
  ask: (index) => ask(control, 'a', index),
})

await during('warm-up', SECONDS.warmUp)
const healthy = await during('healthy', SECONDS.healthy)

console.log('SIGKILL')
await server.kill()
const faults = [await fault('SIGKILL')]
await server.restart()
const returns = [{ name: 'restart', window: await back('restarted') }]

console.log('SIGSTOP')
server.stop()
faults.push(await fault('SIGSTOP'))
server.cont()
returns.push({ name: 'SIGCONT', window: await back('SIGCONT') })

console.log('OOM')
await server.command('CONFIG', 'SET', 'maxmemory', '1')
faults.push(await fault('OOM'))
await server.command('CONFIG', 'SET', 'maxmemory', '0')
await during('memory again', 0.5)

console.log('absent at start')
await server.kill()
const former = { ...subject }
subject.client = watched('client', tier())
subject.partner = watched('partner', tier())
faults.push(await fault('absent at start'))
// Not before its last requests have ended: one that is still looking into Redis would be refused.
await Promise.all([former.client.close(), former.partner.close()])
await server.restart()
returns.push({ name: 'late start', window: await back('started late') })

await Promise.all([loop.stop(), controlLoop.stop()])

/** The short form goes on as soon as Redis is back. */
function back(name: string): Promise<Window> {
  return during(name, SECONDS.back, (from) => short && backAfter({ name, from, to: Infinity }) >= 0)
}

async function fault(name: string): Promise<{ learning: Window; after: Window }> {
  const learning = await during(`${name}, learning`, SECONDS.learning)
  const after = await during(`${name}, after`, SECONDS.after)
  return { learning, after }
}

// -- The report.

const latencies = (samples: readonly Sample[], { from, to }: Window, kind: Kind): number[] =>
  samples
    .filter(({ at }) => at >= from && at < to)
    .filter((sample) => kind === 'all' || sample.kind === kind)
    .map(({ ms }) => ms)

/** The control finds nothing in Redis: what an l2 hit is spared of its noise, an l1 hit shows. */
const controlKind = (kind: Kind): Kind => (kind === 'l2' ? 'l1' : kind)

const controlP99 = (window: Window, kind: Kind): number =>
  quantile(latencies(controlLoop.samples, window, controlKind(kind)), 0.99)

const p99 = (window: Window, kind: Kind): number =>
  quantile(latencies(loop.samples, window, kind), 0.99)
const added = (window: Window, kind: Kind): number => p99(window, kind) - controlP99(window, kind)

const padded = (value: number | string, width = 9): string =>
  (typeof value === 'string' ? value : value.toFixed(1)).padStart(width)

console.log(
  `\n${'window'.padEnd(26)}${'kind'.padEnd(6)}`,
  'requests failed p50 p99 max'
    .split(' ')
    .map((head) => padded(head))
    .join(''),
  padded('control p99', 12),
  padded('added', 8),
  padded('over healthy', 14),
)
for (const window of windows) {
  for (const kind of KINDS) {
    const values = latencies(loop.samples, window, kind)
    if (values.length === 0) continue
    const failed = loop.samples.filter(
      ({ at, failure }) => failure !== undefined && at >= window.from && at < window.to,
    ).length
    console.log(
      (kind === 'l1' ? window.name : '').padEnd(26) + kind.padEnd(6),
      padded(String(values.length)) + padded(kind === 'all' ? String(failed) : ''),
      [0.5, 0.99, 1].map((share) => padded(quantile(values, share))).join(''),
      padded(controlP99(window, kind), 12),
      padded(added(window, kind), 8),
      padded(p99(window, kind) - p99(healthy, kind), 14),
    )
  }
}
console.log(`memory at most ${(mostMemory / 2 ** 20).toFixed(0)} MiB\n`)

const failures = [...loop.samples, ...controlLoop.samples].flatMap(({ failure }) => failure ?? [])
for (const failure of failures.slice(0, 5)) console.log(failure)
verdicts.equal(`failed of ${loop.samples.length} requests`, failures.length, 0)

/**
 * The short form's windows hold some hundred requests and it runs beside other tests on few cores: the
 * p99s of two equal clients differ by up to what they are. The full form allows for nothing.
 */
const noise = (window: Window, kind: Kind): number => (short ? controlP99(window, kind) : 0)

for (const { learning, after } of faults) {
  if (short) {
    // Of so short a window, p99 would be the first few requests: those that are slow are counted.
    const limit = LEARNING_ADDED_MS + controlP99(learning, 'all')
    const slow = latencies(loop.samples, learning, 'all').filter((ms) => ms > limit)
    verdicts.atMost(
      `${learning.name}: requests over +${LEARNING_ADDED_MS} ms`,
      slow.length,
      SLOW_ONES,
    )
  } else {
    verdicts.atMost(`${learning.name}: added p99`, added(learning, 'all'), LEARNING_ADDED_MS, ' ms')
  }
  for (const kind of ['all', 'miss', 'l1'] as const) {
    verdicts.atMost(
      `${after.name}: added p99, ${kind}`,
      added(after, kind),
      ADDED_MS + noise(after, kind),
      ' ms',
    )
  }
}
for (const { name, window } of returns) {
  verdicts.atMost(`${name}: L2 hits are back`, backAfter(window), BACK_MS, ' ms')
}
verdicts.atMost('L2 operations under way', mostPending, MOST_PENDING)

/** From the server's return to the first of five requests in a row that are answered from Redis. */
function backAfter({ from, to }: Window): number {
  const shelf = loop.samples
    .filter((sample) => sample.shelf && sample.at >= from && sample.at < to)
    .sort((one, other) => one.at - other.at)
  const first = shelf.findIndex((_, index) => {
    const row = shelf.slice(index, index + IN_A_ROW)
    return row.length === IN_A_ROW && row.every(({ kind }) => kind === 'l2')
  })
  return (shelf[first]?.at ?? NaN) - from
}

clearInterval(observer)
const everybody = [subject, control].flatMap(({ client, partner }) => [client, partner])
await Promise.all(everybody.map((client) => client.close()))
await server.close()
verdicts.finish()
