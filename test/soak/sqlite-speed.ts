/**
 * Prints what a hit of the SQLite cache costs beside the driver's own get, and how long clearing and
 * evicting hold up the event loop: `tsx test/soak/sqlite-speed.ts [entries]`.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { createEntry } from '../../src/features/cache/entry.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { SqliteConnection } from '../../src/storage/sqlite-connection.js'
import { loadSqliteDriver } from '../../src/storage/sqlite-driver.js'

const ENTRIES = Number(process.argv[2] ?? 50_000)
const READS = 20_000

let state = 1
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const words = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split(/\s+/)

/** 1-8 KB of prose-like text: words of the README in random order. */
function prose(): string {
  const length = 1_000 + random() * 7_000
  let text = ''
  while (text.length < length) text += `${pick(words)} `
  return text
}

const entryOf = (text: string) =>
  createEntry(
    {
      text,
      reasoning: undefined,
      tool_calls: [],
      finish_reason: 'stop',
      usage: { input: 15, cache_read: 0, cache_write: 0, output: 1_000, reasoning: 0 },
      model_used: 'gpt-3.5-turbo',
      provider_used: 'openai',
      requested_model: 'gpt-3.5-turbo',
      substitution: 'none',
      substitution_reason: undefined,
      cost: 115_000,
    },
    { ttl_seconds: 3_600, graceSeconds: 86_400, now: Date.now(), random: () => 0.5 },
  )

interface Timing {
  readonly p50: number
  readonly p99: number
}

function measure(keys: readonly string[], read: (key: string) => unknown): Timing {
  const times: number[] = []
  for (let index = 0; index < READS; index += 1) {
    const key = pick(keys)
    const start = performance.now()
    if (read(key) === undefined) throw new Error('a miss')
    times.push((performance.now() - start) * 1_000)
  }
  times.sort((one, other) => one - other)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

const show = (name: string, { p50, p99 }: Timing): void => {
  console.log(`${name.padEnd(44)} p50 ${p50.toFixed(1)} us   p99 ${p99.toFixed(1)} us`)
}

async function longestDelay(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await wait(20)
  delay.enable()
  await wait(5)
  delay.reset()
  await work()
  delay.disable()
  return delay.max / 1e6
}

const directory = mkdtempSync(join(tmpdir(), 'raptorflow-speed-'))
try {
  const driver = await loadSqliteDriver()
  const keys = Array.from({ length: ENTRIES }, (_, index) =>
    createHash('sha256').update(`${index}`).digest('hex'),
  )
  const path = join(directory, 'cache.db')
  const encryptedPath = join(directory, 'encrypted.db')
  const bare = new SqliteConnection(join(directory, 'bare.db'), driver)
  const [put, get] = bare.open((database) => {
    database.exec('CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT)')
    return [
      database.prepare('INSERT INTO cache VALUES (?, ?)'),
      database.prepare('SELECT value FROM cache WHERE key = ?'),
    ]
  })
  const tier = sqlite({ path })
  const encrypted = sqlite({ path: encryptedPath, encryptionKey: Buffer.alloc(32, 1) })
  await tier.get('open')
  let bytes = 0
  let writing = 0
  for (let from = 0; from < ENTRIES; from += 500) {
    const batch = keys.slice(from, from + 500).map((key) => [key, entryOf(prose())] as const)
    bare.transaction(() => {
      for (const [key, entry] of batch) {
        const json = JSON.stringify(entry)
        bytes += json.length
        put.run(key, json)
      }
    })
    const start = performance.now()
    for (const [key, entry] of batch) await tier.set(key, entry)
    await tier.flush?.()
    writing += performance.now() - start
    for (const [key, entry] of batch) await encrypted.set(key, entry)
    await encrypted.flush?.()
  }
  console.log(
    `${driver.name}, Node ${process.version}, ${ENTRIES} entries, mean ${Math.round(bytes / ENTRIES)} B of JSON`,
  )
  console.log(`written at ${Math.round((writing / ENTRIES) * 1_000)} us an entry`, tier.stats())
  const bareGet = (key: string): unknown => JSON.parse(String(get.get(key)?.['value']))
  for (const round of ['warm-up', 'measured']) {
    const own = measure(keys, bareGet)
    const hit = measure(keys, (key) => tier.get(key))
    const secret = measure(keys, (key) => encrypted.get(key))
    if (round === 'warm-up') continue
    show("the driver's own get and JSON.parse", own)
    show('a hit of the tier', hit)
    show('a hit of the tier, encrypted', secret)
    console.log(
      `a hit takes ${(hit.p50 / own.p50).toFixed(2)} x the driver's own get (p50), ${(hit.p99 / own.p99).toFixed(2)} x (p99)`,
    )
  }
  const filling = await longestDelay(async () => {
    for (let index = 0; index < 5_000; index += 10) {
      for (let at = 0; at < 10; at += 1)
        await tier.set(`new ${index + at}`, entryOf('x'.repeat(4_000)))
      await wait(2)
    }
  })
  console.log(`event loop while writing 5,000 entries in 2 s: at most ${filling.toFixed(1)} ms`)
  const started = performance.now()
  const clearing = await longestDelay(async () => {
    await tier.clear()
    console.log(
      `clear: ${(performance.now() - started).toFixed(1)} ms with the wait for the event loop`,
    )
    await wait(3_000)
  })
  console.log(
    `event loop in the 3 s after clear, while rows are swept: at most ${clearing.toFixed(1)} ms`,
  )
  await tier.close?.()
  const small = sqlite({
    path: encryptedPath,
    maxEntries: 1_000,
    encryptionKey: Buffer.alloc(32, 1),
  })
  await small.get('open')
  const evicting = await longestDelay(async () => {
    await small.set('one', entryOf('one'))
    await wait(3_000)
  })
  console.log(
    `event loop in 3 s of evicting: at most ${evicting.toFixed(1)} ms`,
    small.stats().entries,
  )
  await small.close?.()
  await encrypted.close?.()
  bare.close()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
