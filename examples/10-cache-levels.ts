/** Memory, Redis and SQLite, and what remains after a restart. With Redis where REDIS_URL is set. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { redis } from '../src/features/cache/redis-tier.js' // 'raptorflow/cache/redis'
import { sqlite } from '../src/features/cache/sqlite-tier.js' // 'raptorflow/cache/sqlite'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const url = process.env['REDIS_URL']
const folder = mkdtempSync(join(tmpdir(), 'raptorflow-example-'))
const provider = mockProvider({ reply: 'From nine to five.' })

function start(): InferenceClient {
  const client = new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    cache: {
      l1: { maxEntries: 10_000, maxBytes: 64 * 2 ** 20 },
      l2: url === undefined ? undefined : redis({ url, namespace: 'raptorflow-example' }),
      l3: sqlite({ path: join(folder, 'cache.db'), maxBytes: 100_000_000 }),
      // Served at once, and renewed behind the caller's back, for ten minutes after their hour.
      ttlSeconds: 3_600,
      staleWhileRevalidateSeconds: 600,
      // The memory of a new process begins empty here, so that the level below shows.
      preload: false,
    },
  })
  client.on('tier:state', ({ level, state, reason }) => {
    console.log(`${level} is ${state}: ${reason}`)
  })
  return client
}

async function ask(client: InferenceClient): Promise<void> {
  const { response, cache, actual_cost } = await client.infer('When are you open?')
  console.log(`${response} (${cache.level ?? 'asked the model'}, $${actual_cost ?? '?'})`)
}

const first = start()
// Nothing waits for a connection, so that no request does: a program as short as this one has to.
console.log(`levels ready: ${await first.ready()}`)
await ask(first)
await ask(first)
await first.close()

console.log('restarted')
const second = start()
await second.ready()
await ask(second)
await ask(second)

const { cache_stats } = await second.stats()
const { l2_redis, l3_persistent } = cache_stats
console.log(
  `l2 ${l2_redis.enabled ? 'on' : 'off'}, l3 ${l3_persistent.health?.state ?? 'off'}:`,
  `${l3_persistent.total_entries} entry, hits ${l3_persistent.health?.hits ?? 0}`,
)
console.log(`the model was called ${provider.calls.length} time`)

await second.close()
rmSync(folder, { recursive: true, force: true })
