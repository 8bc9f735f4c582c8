/** Prompts, answers, addresses with passwords and keys stay where they belong; entries stay under their names. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import { keyvTier } from '../../src/features/cache/keyv-tier.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient, type EventName, type InferenceClientOptions } from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { loadSqliteDriver } from '../../src/storage/sqlite-driver.js'
import {
  describeRedis,
  freePort,
  freshNamespace,
  startRedis,
  until,
  type RedisServer,
} from '../support/redis.js'
import { CANARY } from './support.js'

const PASSWORD = 'pa55-7f3a9c'
const KEY = 'ab'.repeat(32)

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'raptorflow-part2-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})
const opened: InferenceClient[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

const EVENTS: readonly EventName[] = [
  'request:start',
  'request:end',
  'request:error',
  'cache:hit',
  'cache:miss',
  'flight:join',
  'attempt:failed',
  'provider:failover',
  'price:unknown',
  'tier:state',
  'semantic:shadow',
  'warming:run',
]

const everything = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: true }),
    JSON.stringify(value),
    value instanceof Error ? inspect(value.cause) : '',
  ].join('\n')

function spied(options: Partial<InferenceClientOptions>): {
  client: InferenceClient
  told: unknown[]
} {
  const told: unknown[] = []
  const note = (...parts: unknown[]): void => void told.push(...parts)
  const client = new InferenceClient({
    providers: [mockProvider({ reply: `${CANARY} answer` })],
    defaultModel: 'mock-model',
    logger: { debug: note, info: note, warn: note, error: note },
    ...options,
  })
  for (const name of EVENTS) client.on(name, (payload) => told.push(payload))
  opened.push(client)
  return { client, told }
}

describe('a secret', () => {
  it('never leaves through levels, embedders, guards, judges or what is inspected', async () => {
    const port = await freePort()
    const l2 = redis({ url: `redis://user:${PASSWORD}@127.0.0.1:${port}`, encryptionKey: KEY })
    const l3 = sqlite({ path: join(directory, 'secret.db'), encryptionKey: KEY })
    const kept = keyvTier({ store: new Map(), encryptionKey: KEY })
    const fail = (): never => {
      throw new Error(`${CANARY} failed`)
    }
    let calls = 0
    const { client, told } = spied({
      cache: {
        l2,
        l3,
        semantic: {
          checkRate: 0,
          threshold: 0.99,
          greyBand: 0.9,
          verify: fail,
          judge: fail,
          embedder: {
            id: 'x',
            dimensions: 2,
            recommendedThreshold: 0.5,
            embed: () => {
              calls += 1
              if (calls === 3) return fail()
              return [new Float32Array(calls === 1 ? [1, 0] : [0.95, Math.sqrt(1 - 0.95 ** 2)])]
            },
          },
        },
      },
      warming: { maxCostPerHour: 1 },
    })
    for (const text of ['find', 'look for', 'search']) {
      await client.infer(`${CANARY}: where do I ${text} my new bank card and the bill?`, {
        cache: { tags: [CANARY] },
      })
    }
    told.push(await client.invalidateTags(['x']), await client.clearCache('all'))
    told.push(await client.warm({ prompts: [`${CANARY} warm`, 5 as never] }))
    told.push(await client.feedback('req_unknown', 'bad').catch((error: unknown) => error))
    told.push(await client.stats(), client, l2, l3, kept)
    await client.flush()
    const text = told.map(everything).join('\n')
    expect(text.replaceAll(directory, '')).not.toContain(CANARY)
    expect(text).not.toContain(PASSWORD)
    expect(text).not.toContain(KEY)
    expect(text).not.toContain(KEY.toUpperCase())
    await client.close()
    const bytes = readdirSync(directory).map((name) =>
      readFileSync(join(directory, name)).toString('latin1'),
    )
    expect(bytes.join('')).not.toContain(CANARY)
  })

  it.each([
    ['url', () => redis({ url: `http://user:${CANARY}@x` })],
    ['key', () => redis({ encryptionKey: CANARY })],
    ['keys', () => sqlite({ path: '/tmp/x', encryptionKey: [CANARY] })],
    ['path', () => sqlite({ path: `file://${CANARY}` })],
    ['namespace', () => redis({ namespace: `${CANARY} {}` })],
  ])('never is in the error of a bad option: %s', (_, make) => {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Error)
    expect(everything(thrown).replaceAll(/at .*\\n/g, '')).not.toContain(CANARY)
  })
})

const numbered = (): MockProvider => mockProvider({ reply: (_, { index }) => `answer ${index}` })

describeRedis('an entry under another name', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.close()
  })

  const start = (provider: MockProvider, l2: CacheTier): InferenceClient => {
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'mock-model',
      cache: { l1: false, l2 },
    })
    opened.push(client)
    return client
  }

  it.each([
    ['plain', undefined],
    ['encrypted', randomBytes(32)],
  ])('in Redis is not served (%s)', async (_, encryptionKey) => {
    const namespace = freshNamespace()
    const client = start(numbered(), redis({ url: server.url, namespace, encryptionKey }))
    await until(async () => (await client.clearCache('l2')).success)
    await client.infer('mine', { workspace_id: 'acme' })
    await client.flush()
    const [mine] = (await server.command('KEYS', `${namespace}:e:*`)) as string[]
    const foreign = await client.infer('theirs', { workspace_id: 'globex' })
    await client.flush()
    const both = (await server.command('KEYS', `${namespace}:e:*`)) as string[]
    const theirs = both.find((name) => name !== mine)
    await server.command('COPY', mine ?? '', theirs ?? '', 'REPLACE')
    const again = await client.infer('theirs', { workspace_id: 'globex' })
    expect(again.response).not.toBe('answer 0')
    expect(again.cache_hit).toBe(false)
    expect(foreign.response).toBe('answer 1')
  })

  it.each([
    ['plain', undefined],
    ['encrypted', randomBytes(32)],
  ])(
    'in SQLite is not served, nor one whose bytes were changed (%s)',
    async (title, encryptionKey) => {
      const path = join(directory, `${title}.db`)
      const provider = numbered()
      const open = (): InferenceClient =>
        new InferenceClient({
          providers: [provider],
          defaultModel: 'mock-model',
          cache: { l1: false, preload: false, l3: sqlite({ path, encryptionKey }) },
        })
      const first = open()
      await first.infer('mine', { workspace_id: 'acme' })
      await first.infer('theirs', { workspace_id: 'globex' })
      await first.infer('spoilt')
      await first.close()
      const file = (await loadSqliteDriver()).open(path)
      file.exec(`UPDATE blob SET value = (SELECT value FROM blob WHERE id = 1) WHERE id = 2`)
      const { value } = file.prepare('SELECT value FROM blob WHERE id = 3').get() ?? {}
      const spoilt = Buffer.from(value as Uint8Array)
      spoilt[spoilt.length - 3] = (spoilt[spoilt.length - 3] ?? 0) ^ 1
      file.prepare('UPDATE blob SET value = ? WHERE id = 3').run(spoilt)
      file.close()
      const second = open()
      expect(await second.infer('mine', { workspace_id: 'acme' })).toMatchObject({
        response: 'answer 0',
        cache: { level: 'l3' },
      })
      expect(await second.infer('theirs', { workspace_id: 'globex' })).toMatchObject({
        response: 'answer 3',
        cache_hit: false,
      })
      expect(await second.infer('spoilt')).toMatchObject({ response: 'answer 4', cache_hit: false })
      await second.close()
    },
  )
})
