import { spawn } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { InferenceClient, defineProvider } from '../../src/index.js'
import { ANSWER, FINISH, asked, follow, never, rawProvider, worldOf } from './support.js'

const ROOT = join(import.meta.dirname, '../..')

/** Runs a script of ESM TypeScript in a process of its own. */
function run(script: string): Promise<{ code: number | null; out: string; ms: number }> {
  const started = performance.now()
  const source = `import { InferenceClient, defineProvider, ProviderError } from './src/index.js'\n${script}`
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--unhandled-rejections=strict', '--input-type=module', '-e', source],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], timeout: 15_000 },
  )
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (out += data.toString()))
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, out, ms: performance.now() - started })
    })
  })
}

const stalled = () =>
  rawProvider('raw', {
    call: never,
    stream: async function* () {
      yield { type: 'text', text: 'a' }
      await never()
    },
  })

describe('closing', () => {
  it('ends everything within 2 s although nothing answers, closes or drains', async () => {
    const hung = { ...stalled(), close: never }
    const l3 = {
      level: 'l3' as const,
      get: () => undefined,
      set: never,
      delete: never,
      clear: never,
      flush: never,
      close: never,
      stats: () => ({ enabled: true, entries: 0, bytes: 0, max_entries: 1, max_bytes: 1 }),
    }
    const { client, clock } = worldOf([hung], { cache: { l3 }, schedule: { maxConcurrency: 2 } })
    const calls = [
      ...Array.from({ length: 20 }, (_, n) => follow(client.infer(`q${n}`))),
      follow(client.stream('s').response()),
      follow(client.batch({ requests: [{ prompt: 'b' }] })),
    ]
    await clock.advance(1)
    const closed = follow(client.close())
    await clock.advance(1_999)
    expect(closed().state).toBe('resolved')
    expect(calls.map((end) => end().state)).not.toContain('pending')
    // What was given up is waited for a little longer, by nobody.
    await clock.advance(5_000)
    expect(clock.pending).toBe(0)
    const { pending_requests, processing_requests } = await client.stats()
    expect([pending_requests, processing_requests]).toEqual([0, 0])
  })

  it('leaves no timer behind when there is nothing to wait for', async () => {
    const { client, clock } = worldOf([stalled()])
    await Promise.all([client.close(), client.close(), client[Symbol.asyncDispose]()])
    expect(clock.pending).toBe(0)
    for (const call of [
      client.infer('q'),
      client.stream('q').response(),
      client.batch({ requests: [{ prompt: 'q' }] }),
    ]) {
      await expect(call).rejects.toMatchObject({ details: { reason: 'closed' } })
    }
  })

  it('ends within 2 s of real time', async () => {
    const client = new InferenceClient({ providers: [stalled()], defaultModel: 'm' })
    const call = follow(client.infer('q'))
    const started = performance.now()
    await client.close()
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(call().state).toBe('rejected')
  })
})

const MADE = `
const made = (call) => new InferenceClient({
  providers: [defineProvider({ name: 'p', models: [{ id: 'm', price: { input: 1, output: 1 } }], call })],
  defaultModel: 'm',
})`

describe('a process', () => {
  it.concurrent(
    'waits for a retry, a deadline and close(), and for nothing after that',
    async () => {
      const { code, out } = await run(`${MADE}
let calls = 0
const moody = made(async () => { if (calls++ === 0) throw new ProviderError({ status: 503 }); return 'second' })
console.log((await moody.infer('q')).response)
const stalls = made(() => new Promise(() => {}))
await stalls.infer('q', { timeout_seconds: 0.1 }).catch((error) => console.log(error.code))
const left = stalls.infer('q').catch((error) => console.log(error.details.reason))
await new Promise((resolve) => setTimeout(resolve, 10))
await stalls.close()
await left
console.log('end')`)
      expect([out.trim().split('\n'), code]).toEqual([['second', 'TIMEOUT', 'closed', 'end'], 0])
    },
  )

  it.concurrent('ends by itself with an idle client that nobody closed', async () => {
    const { code, out } = await run(`${MADE}
const client = made(() => 'ok')
console.log((await client.infer('q')).response, (await client.infer('q')).cache_hit)
for await (const text of client.stream('r').text()) console.log(text)
console.log(JSON.stringify(await client.batch({ requests: [{ prompt: 's' }] })).length > 100)
const at = performance.now()
process.on('exit', () => console.log(performance.now() - at < 1_000))`)
    expect([out.trim().split('\n'), code]).toEqual([['ok true', 'ok', 'true', 'true'], 0])
  })
})

describe('after 10,000 requests', () => {
  it('with one shared signal nothing listens to it, and no timer runs', async () => {
    let calls = 0
    const world = worldOf([
      rawProvider('raw', {
        call: () => {
          calls += 1
          return Promise.resolve(ANSWER)
        },
        stream: async function* () {
          yield { type: 'text', text: 'hello' }
          await Promise.resolve()
          yield FINISH
        },
      }),
    ])
    const { client, clock } = world
    const { signal } = new AbortController()
    for (let round = 0; round < 100; round += 1) {
      const calls = Array.from({ length: 100 }, (_, n) => {
        const prompt = `q${round * 100 + (n % 60)}`
        if (n % 3 === 0) return client.stream(prompt, { signal }).response()
        return client.infer(prompt, { signal })
      })
      await Promise.all(calls)
    }
    expect(calls).toBeGreaterThan(1_000)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(clock.pending).toBe(0)
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that live after a full collection. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

describe('memory', () => {
  it('does not grow with 20,000 distinct requests, once the bounded stores are full', async () => {
    const provider = defineProvider({
      name: 'p',
      models: [{ id: 'm', price: { input: 1, output: 1 } }],
      call: (call) => `answer to ${asked(call)}`,
    })
    const client = new InferenceClient({
      providers: [provider],
      defaultModel: 'm',
      cache: { l1: { maxEntries: 100, maxBytes: 100_000 } },
      ledger: { maxRows: 100 },
    })
    const send = async (from: number, count: number): Promise<void> => {
      for (let at = from; at < from + count; at += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, n) =>
            client.infer(`question ${at + n} ${'x'.repeat(500)}`, {
              workspace_id: `w${at + n}`,
              user_id: `u${at + n}`,
              model_name: `p/model-${at + n}`,
              metadata: { trace: `t${at + n}`, more: 'y'.repeat(500) },
              cache: { tags: [`tag${at + n}`] },
            }),
          ),
        )
      }
    }
    await send(0, 3_000)
    const before = await heap()
    await send(3_000, 20_000)
    const grown = (await heap()) - before
    const { cache_stats } = await client.stats()
    expect(cache_stats.l1_memory.total_entries).toBeLessThanOrEqual(100)
    // 20,000 requests of 1 KB each would show as 20 MB.
    expect(grown).toBeLessThan(3_000_000)
  })
})
