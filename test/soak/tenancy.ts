/**
 * Three tenants and their users ask equal and nearly equal questions at the same time, through two
 * clients that share a Redis and a file, by every way an answer can come: nobody may be told what was
 * said to another.
 *
 *   npx tsx test/soak/tenancy.ts           3 x 5,000 questions
 *   npx tsx test/soak/tenancy.ts --short   3 x 400
 *
 * Meanwhile tags are invalidated and levels cleared; the second half is asked by new clients over the
 * same Redis and file. Matching by meaning is made lenient: what separates the tenants must not be that
 * their questions differ.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redis } from '../../src/features/cache/redis-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { startRedis } from '../support/redis-server.js'
import { answerTo, askersOf, promptOf, Tally } from './tenancy-traffic.js'
import { Verdicts } from './verdicts.js'

const short = process.argv.includes('--short')
const PROMPTS = short ? 400 : 5_000
/** Questions under way at once, each asked by everybody. */
const AT_ONCE = 8
const TAGS = 10
const LEVELS = ['l1', 'l2', 'l3', 'all'] as const
/** Every way an answer can come has to have been tried, that often. */
const LEAST = 10
const WAYS = ['model', 'coalesced', 'l1', 'l2', 'l3', 'semantic'] as const

const verdicts = new Verdicts()
const random = seeded(1)
const server = await startRedis()
const directory = mkdtempSync(join(tmpdir(), 'raptorflow-tenancy-'))
const tally = new Tally()
let calls = 0

function clientOverBoth(): InferenceClient {
  return new InferenceClient({
    providers: [
      mockProvider({
        reply: ({ request_id }) => {
          calls += 1
          return { text: answerTo(request_id), latencyMs: random() * 5 }
        },
      }),
    ],
    defaultModel: 'mock-model',
    cache: {
      // Small, so that the levels below are asked.
      l1: { maxEntries: 50 },
      l2: redis({ url: server.url }),
      l3: sqlite({ path: join(directory, 'cache.db') }),
      semantic: { checkRate: 0, threshold: 0.5, guards: { content: false } },
    },
  })
}

/** A generator with a seed, so that a failure can be seen again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One question, asked by everybody at once. */
async function question(clients: readonly InferenceClient[], index: number): Promise<void> {
  const prompt = promptOf(index)
  const tag = `tag ${index % TAGS}`
  await Promise.all(
    askersOf(random).map((asker) => {
      const client = clients[random() < 0.5 ? 0 : 1]!
      const bystander = random() < 0.5 ? 'ann' : undefined
      const how = { tag, streamed: random() < 0.1, exact: random() < 0.5, bystander }
      return tally.ask(client, asker, prompt, how)
    }),
  )
}

/** Some thirty times somebody forgets something. */
async function disturb(clients: readonly InferenceClient[]): Promise<void> {
  const client = clients[random() < 0.5 ? 0 : 1]!
  if (random() < 20 / PROMPTS) await client.invalidateTags([`tag ${Math.floor(random() * TAGS)}`])
  if (random() < 8 / PROMPTS) await client.clearCache(LEVELS[Math.floor(random() * LEVELS.length)]!)
}

/** Asks for all of them, `AT_ONCE` at a time, and closes the clients. */
async function session(questions: readonly number[]): Promise<void> {
  const clients = [clientOverBoth(), clientOverBoth()]
  const waiting = [...questions].reverse()
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await question(clients, next)
      await disturb(clients)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await Promise.all(clients.map((client) => client.close()))
}

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)

const questions = shuffled(Array.from({ length: PROMPTS }, (_, index) => index))
/** Every second one is asked again, by when the small memory has forgotten it. */
const again = (some: readonly number[]): number[] =>
  some.flatMap((one, place) => (place < 60 || place % 2 === 0 ? [one] : [one, some[place - 60]!]))

const started = performance.now()
await session(again(questions.slice(0, PROMPTS / 2)))
// Redis forgets, the file does not: what is asked again comes from there.
await server.command('FLUSHALL')
await session(again(questions.slice(PROMPTS / 4)))
// On a machine too busy for Redis to be found well, some ways are hardly gone: then a little more.
const untried = (): boolean => WAYS.some((way) => (tally.levels.get(way) ?? 0) < LEAST)
for (let more = 0; more < 10 && untried(); more++) {
  await session(again(shuffled(questions).slice(0, 150)))
}
const seconds = (performance.now() - started) / 1_000

console.log(`${tally.requests} requests in ${seconds.toFixed(0)} s, ${calls} calls of a model`)
for (const example of [...tally.foreign, ...tally.failures].slice(0, 10)) console.log(example)
verdicts.equal('foreign answers', tally.foreign.length, 0)
verdicts.equal('failed requests', tally.failures.length, 0)
for (const way of WAYS) {
  verdicts.atLeast(`answers by way of ${way}`, tally.levels.get(way) ?? 0, LEAST)
}

await server.close()
rmSync(directory, { recursive: true, force: true })
verdicts.finish()
