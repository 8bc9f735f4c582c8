/** Hangs, aborts and closes at every stage of part 2; what is left afterwards. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import type { Embedder } from '../../src/contracts/embedder.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient, type InferenceClientOptions } from '../../src/index.js'
import { mockProvider, type MockProvider } from '../../src/testing/index.js'
import { loadSqliteDriver } from '../../src/storage/sqlite-driver.js'
import { describeRedis, startRedis, until, type RedisServer } from '../support/redis.js'
import { ANSWER, follow, never, rawProvider, worldOf } from './support.js'

const QUESTION = 'Where do I find my new bank card?'
const ALIKE = 'Where can I find my new bank card?'
const GREY = { checkRate: 0, threshold: 0.99, greyBand: 0.9, guards: { content: false } }

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'raptorflow-part2-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

const hanging: Embedder = {
  id: 'hanging',
  dimensions: 2,
  recommendedThreshold: 0.5,
  embed: never,
  close: never,
}

function clientOf(
  provider: MockProvider,
  cache: NonNullable<InferenceClientOptions['cache']>,
): InferenceClient {
  return new InferenceClient({ providers: [provider], defaultModel: 'mock-model', cache })
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

describe('closing', () => {
  it('ends in time while an embedder hangs, also in its own close, and calls nobody afterwards', async () => {
    const provider = mockProvider({ reply: 'ok' })
    const client = clientOf(provider, { semantic: { embedder: hanging } })
    const running = client.infer(QUESTION).catch((error: unknown) => error)
    await until(() => true)
    const ms = await msOf(() => Promise.all([client.close(), client.close()]))
    expect(ms).toBeLessThan(2_100)
    await running
  })

  it('ends in time while `verify` hangs, and calls nobody afterwards', async () => {
    const provider = mockProvider({ reply: 'ok' })
    let asked = 0
    const verify = (): Promise<boolean> => {
      asked += 1
      return never()
    }
    const client = clientOf(provider, { semantic: { ...GREY, verify } })
    await client.infer(QUESTION)
    const running = client.infer(ALIKE).catch((error: unknown) => error)
    await until(() => asked === 1)
    expect(await msOf(() => client.close())).toBeLessThan(2_100)
    expect(await running).toMatchObject({ details: { reason: 'closed' } })
    await new Promise((resolve) => setTimeout(resolve, 800))
    expect(provider.calls).toHaveLength(1)
  })

  it('ends in time while another process holds the SQLite file and a provider hangs', async () => {
    const path = join(directory, 'locked.db')
    const provider = mockProvider({ reply: [{ text: 'ok' }, { text: 'late', latencyMs: 60_000 }] })
    const client = clientOf(provider, { l3: sqlite({ path }) })
    await client.infer('first')
    await client.flush()
    const other = (await loadSqliteDriver()).open(path)
    other.exec('BEGIN IMMEDIATE')
    try {
      const running = client.infer('second').catch((error: unknown) => error)
      await until(() => provider.calls.length === 2)
      await client.invalidateTags(['some'])
      expect(await msOf(() => client.close())).toBeLessThan(2_100)
      await running
    } finally {
      other.exec('ROLLBACK')
      other.close()
    }
  })
})

describe('a SQLite file that another process holds', () => {
  it('does not stop the event loop for each piece of feedback', async () => {
    const path = join(directory, 'held.db')
    const client = clientOf(mockProvider({ reply: 'ok' }), { l3: sqlite({ path }) })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => client.infer(`question ${index}`)),
    )
    await client.flush()
    const other = (await loadSqliteDriver()).open(path)
    other.exec('BEGIN IMMEDIATE')
    try {
      let longest = 0
      let last = performance.now()
      const beat = setInterval(() => {
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }, 5)
      const began = performance.now()
      for (const { request_id } of answers) await client.feedback(request_id, 'bad')
      await new Promise((resolve) => setTimeout(resolve, 50))
      clearInterval(beat)
      expect(longest).toBeLessThan(600)
      expect(performance.now() - began).toBeLessThan(1_500)
    } finally {
      other.exec('ROLLBACK')
      other.close()
      await client.close()
    }
  })
})

describe('a caller who aborts', () => {
  it.each(['embed', 'verify'])('during %s causes no call and leaves no timer', async (stage) => {
    const called: string[] = []
    let verifying = 0
    let hang = false
    const embedder: Embedder = {
      id: 'x',
      dimensions: 2,
      recommendedThreshold: 0.5,
      embed: ([text]) => {
        if (stage === 'embed' && hang) return never()
        return [new Float32Array(text === QUESTION ? [1, 0] : [0.95, Math.sqrt(1 - 0.95 ** 2)])]
      },
    }
    const verify = (): Promise<boolean> => {
      verifying += 1
      return never()
    }
    const { client, clock } = worldOf(
      [
        rawProvider('raw', {
          call: (call: { readonly messages: readonly { readonly content: unknown }[] }) => {
            called.push(String(call.messages[0]?.content))
            return Promise.resolve(ANSWER)
          },
        }),
      ],
      {
        cache: {
          semantic: { embedder, verify, threshold: 0.99, checkRate: 0, guards: { content: false } },
        },
      },
    )
    const first = await client.infer(QUESTION)
    const before = called.length
    hang = true
    const controller = new AbortController()
    const end = follow(client.infer(ALIKE, { signal: controller.signal }))
    await clock.advance(10)
    if (stage === 'verify') expect(verifying).toBe(1)
    controller.abort()
    await clock.advance(0)
    expect(end()).toMatchObject({ state: 'rejected', error: { code: 'ABORTED' } })
    await clock.advance(10_000)
    expect(called).toHaveLength(before)
    expect(clock.pending).toBe(0)
    expect(first.response).toBe('hello')
  })
})

describe('a judge that hangs', () => {
  it('does not end learning for good', async () => {
    let judged = 0
    const judge = (): Promise<boolean> => {
      judged += 1
      return never()
    }
    const { client, clock } = worldOf(
      [rawProvider('raw', { call: () => Promise.resolve(ANSWER) })],
      {
        cache: { semantic: { threshold: 0.3, shadow: true, judge, guards: { content: false } } },
      },
    )
    await client.infer(QUESTION)
    for (let turn = 0; turn < 40; turn += 1) {
      await client.infer(`${ALIKE}${' '.repeat(turn + 1)}`)
      await clock.advance(0)
    }
    expect(judged).toBe(32)
    await clock.advance(3_600_000)
    await client.infer(`Please: ${QUESTION}`)
    await client.infer(`Please: ${ALIKE}`)
    await clock.advance(0)
    expect(judged).toBeGreaterThan(32)
  })
})

describeRedis('a Redis that is frozen', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.close()
  })

  it('does not hold up close, nor keep the process', async () => {
    const tier: CacheTier = redis({ url: server.url, namespace: 'frozen' })
    const client = clientOf(mockProvider({ reply: 'ok' }), { l2: tier })
    await until(async () => (await client.clearCache('l2')).success)
    server.stop()
    try {
      const many = Array.from({ length: 200 }, (_, index) => client.infer(`question ${index}`))
      await Promise.all(many)
      expect(await msOf(() => client.close())).toBeLessThan(2_100)
    } finally {
      server.cont()
    }
  })
})

/** Runs a script with everything on; resolves with its end and how long that took. */
function run(
  script: string,
  env: Record<string, string>,
): Promise<{ code: number | null; output: string; ms: number }> {
  const began = performance.now()
  const child = spawn(
    process.execPath,
    ['--unhandled-rejections=strict', '--import', 'tsx', '--input-type=module', '-e', script],
    {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  const limit = setTimeout(() => child.kill('SIGKILL'), 15_000)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ code, output, ms: performance.now() - began })
    })
  })
}

describeRedis('a process with all of it', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.close()
  })

  const script = (end: string): string => `
    import { InferenceClient } from '${process.cwd()}/src/index.ts'
    import { redis } from '${process.cwd()}/src/features/cache/redis-tier.ts'
    import { sqlite } from '${process.cwd()}/src/features/cache/sqlite-tier.ts'
    import { localEmbedder } from '${process.cwd()}/src/features/semantic/local-embedder.ts'
    import { mockProvider } from '${process.cwd()}/src/testing/index.ts'
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'ok' })],
      defaultModel: 'mock-model',
      warming: { automatic: true, maxCostPerHour: 1, valuePerSecond: 1 },
      cache: {
        l2: redis({ url: process.env.ATTACK_REDIS }),
        l3: sqlite({ path: process.env.ATTACK_FILE }),
        semantic: { embedder: localEmbedder() },
        staleWhileRevalidateSeconds: 10,
      },
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await client.infer('Where do I find my new bank card?')
    await client.infer('Where can I find my new bank card?')
    await client.warm({ prompts: ['How do I close my account?'] })
    console.log('answered')
    ${end}
    process.once('beforeExit', () => console.log('ended by itself'))
  `

  it.each([
    ['after close', 'await client.close()'],
    ['without close', ''],
    ['after two closes at once', 'await Promise.all([client.close(), client.close()])'],
  ])('ends by itself %s', async (title, end) => {
    const file = join(directory, `${title.replaceAll(' ', '-')}.db`)
    const { code, output } = await run(script(end), { ATTACK_REDIS: server.url, ATTACK_FILE: file })
    // 13: it ended while the script was still waiting for something.
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output).toContain('answered')
    expect(output).toContain('ended by itself')
  })
})
