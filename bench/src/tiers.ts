/** Answers from Redis, from SQLite, and from memory with both below: beside the bare client and driver. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@keyv/redis'
import Database from 'libsql'
import { startRedis } from '../../test/support/redis-server.js'
import { answerOf, LOCAL_MODEL, localProvider } from './local-provider.js'
import { answerText, shortPrompt } from './prompts.js'
import { linesOf, ratioOf, type Report } from './report.js'
import { planFor, type Settings } from './settings.js'
import { core, redis, sqlite, type InferenceClient } from './subject.js'
import { measure, type Contender, type Plan } from './timing.js'

/** Answers in memory and in Redis, asked for in turn. */
const PROMPTS = 64
/** In SQLite: a file larger than its page cache, as a file that is worth having is. */
const STORED = 20_000
/** Below the 1,000 that may wait to be written. */
const FLUSHED_AT_ONCE = 500
/** Characters of an answer: the mean of the payload that the design was measured with. */
const ANSWER_LENGTH = 4_700
const OURS = 'raptorflow'

type Caches = NonNullable<ConstructorParameters<typeof core.InferenceClient>[0]['cache']>

/** In turn, but never two neighbours in a row: 7,919 is prime. */
const promptAt = (index: number, count = PROMPTS): string => shortPrompt((index * 7_919) % count)

export async function measureTiers(settings: Settings): Promise<Report[]> {
  return [
    await measureRedis(settings),
    await measureSqlite(settings),
    await measureMemoryAbove(settings),
  ]
}

async function* noStream(): AsyncGenerator<never> {
  // Only whole answers are asked for.
}

/** A client whose levels hold every answer. */
async function filled(cache: Caches, count = PROMPTS): Promise<InferenceClient> {
  let calls = 0
  const provider = localProvider(() => answerOf(answerText(calls++, ANSWER_LENGTH)), noStream)
  const client = new core.InferenceClient({
    providers: [provider],
    defaultModel: LOCAL_MODEL,
    cache: { preload: false, ...cache },
  })
  // Nothing waits for a connection, so the first answers would not get there.
  while (!(await client.clearCache('all')).success) await setTimeout(10)
  for (let index = 0; index < count; index += 1) {
    await client.infer({ prompt: shortPrompt(index) })
    if (index % FLUSHED_AT_ONCE === 0) await client.flush()
  }
  await client.flush()
  return client
}

/** A busy machine makes a read late now and then, which is a miss. */
const MOST_MISSES = 20
let misses = 0

async function ask(client: InferenceClient, prompt: string, level: string): Promise<string> {
  const { cache, response } = await client.infer({ prompt })
  if (cache.level !== level) misses += 1
  if (misses > MOST_MISSES) throw new Error(`Expected hits in ${level}, got ${cache.level}`)
  return response
}

async function measureRedis(settings: Settings): Promise<Report> {
  const server = await startRedis()
  const bare = createClient({ url: server.url })
  try {
    await bare.connect()
    const client = await filled({ l1: false, l2: redis({ url: server.url }) })
    for (let index = 0; index < PROMPTS; index += 1) {
      const prompt = shortPrompt(index)
      await bare.set(prompt, JSON.stringify(await client.infer({ prompt })))
    }
    const other = 'bare @redis/client: GET + JSON.parse'
    const contenders: Contender[] = [
      { name: OURS, run: (index) => ask(client, promptAt(index), 'l2') },
      {
        name: other,
        run: async (index) => JSON.parse((await bare.get(promptAt(index))) ?? '') as unknown,
      },
    ]
    const plan = { rounds: 15, blocks: 40, operations: 64 }
    const report = await compare('answer from Redis, 4.7 KB', contenders, other, {
      plan: planFor(settings, plan),
      target: 1.5,
    })
    await client.close()
    return report
  } finally {
    bare.destroy()
    await server.close()
  }
}

async function measureSqlite(settings: Settings): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'raptorflow-bench-'))
  try {
    const count = settings.quick ? STORED / 5 : STORED
    const l3 = sqlite({ path: join(folder, 'cache.db') })
    const client = await filled({ l1: false, l3 }, count)
    const bare = new Database(join(folder, 'bare.db'))
    bare.exec('PRAGMA journal_mode=WAL; CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT)')
    const insert = bare.prepare('INSERT INTO entry VALUES (?, ?)')
    bare.exec('BEGIN')
    for (let index = 0; index < count; index += 1) {
      const prompt = shortPrompt(index)
      insert.run(prompt, JSON.stringify(await client.infer({ prompt })))
    }
    bare.exec('COMMIT')
    const select = bare.prepare('SELECT value FROM entry WHERE key = ?')
    const other = 'bare driver: SELECT + JSON.parse'
    const contenders: Contender[] = [
      { name: OURS, run: (index) => ask(client, promptAt(index, count), 'l3') },
      {
        name: other,
        // Awaited like ours: whoever asks a cache does so.
        run: (index) => {
          const row = select.get(promptAt(index, count)) as { readonly value: string }
          return Promise.resolve(JSON.parse(row.value) as unknown)
        },
      },
    ]
    const plan = { rounds: 15, blocks: 40, operations: 64 }
    const report = await compare(
      `answer from SQLite with ${count} entries, 4.7 KB`,
      contenders,
      other,
      {
        plan: planFor(settings, plan),
        target: 2,
      },
    )
    bare.close()
    await client.close()
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What Redis and SQLite below the memory cost an answer from the memory: nothing, it should be. */
async function measureMemoryAbove(settings: Settings): Promise<Report> {
  const server = await startRedis()
  const folder = mkdtempSync(join(tmpdir(), 'raptorflow-bench-'))
  try {
    const alone = await filled({})
    const above = await filled({
      l2: redis({ url: server.url }),
      l3: sqlite({ path: join(folder, 'cache.db') }),
    })
    const other = 'raptorflow, memory only'
    const contenders: Contender[] = [
      { name: OURS, run: (index) => ask(above, promptAt(index), 'l1') },
      { name: other, run: (index) => ask(alone, promptAt(index), 'l1') },
    ]
    const plan = { rounds: 15, blocks: 100, operations: 128 }
    const report = await compare('answer from memory, Redis and SQLite below', contenders, other, {
      plan: planFor(settings, plan),
      target: 1.05,
    })
    await above.close()
    await alone.close()
    return report
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compare(
  title: string,
  contenders: readonly Contender[],
  other: string,
  { plan, target }: { readonly plan: Plan; readonly target: number },
): Promise<Report> {
  const rounds = await measure(contenders, plan)
  const finding = { metric: `${title}: p10 / ${other}`, target }
  return {
    title,
    lines: linesOf(rounds),
    findings: [ratioOf(rounds, [OURS, other], 'p10', finding)],
  }
}
