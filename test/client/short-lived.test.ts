/** Programs that ask once and end: what they stored is there, and what they wait for comes. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { redis } from '../../src/features/cache/redis-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { describeRedis, freePort, freshNamespace, redisUrl } from '../support/redis.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Runs ESM code in a process of its own; `client` is made from the namespace. */
function run(code: string, namespace: string): Promise<{ code: number | null; output: string }> {
  const program = `
    import { redis } from '${ROOT}src/features/cache/redis-tier.ts'
    import { InferenceClient } from '${ROOT}src/index.ts'
    import { mockProvider } from '${ROOT}src/testing/index.ts'
    const client = new InferenceClient({
      providers: [mockProvider({ reply: 'hi' })],
      defaultModel: 'mock-model',
      cache: { l2: redis({ url: '${redisUrl()}', namespace: '${namespace}' }) },
    })
    ${code}`
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: ROOT, timeout: 20_000 },
      (_error, output) => {
        resolve({ code: child.exitCode, output: output.trim() })
      },
    )
  })
}

function clientOn(url: string, namespace: string): InferenceClient {
  return new InferenceClient({
    providers: [mockProvider({ reply: 'hi' })],
    defaultModel: 'mock-model',
    cache: { l2: redis({ url, namespace }) },
  })
}

describeRedis('a program that asks once and ends', () => {
  it('leaves its answer in Redis, where the next one that waits for it finds it', async () => {
    const namespace = freshNamespace()
    const first = clientOn(redisUrl(), namespace)
    expect((await first.infer('q')).cache.level).toBeNull()
    await first.close()
    const second = clientOn(redisUrl(), namespace)
    expect(await second.ready()).toBe(true)
    expect((await second.infer('q')).cache.level).toMatch(/^l[12]$/)
    await second.close()
  })

  it.each([
    ['ready', 'console.log(await client.ready())', 'true'],
    [
      'flush',
      'await client.ready(); await client.infer("q"); await client.flush(); console.log("done")',
      'done',
    ],
  ])('is kept while it waits for %s(), and ends by itself', async (_, code, output) => {
    expect(await run(code, freshNamespace())).toEqual({ code: 0, output })
  })

  it('is told when a level does not answer in time', async () => {
    const client = clientOn(`redis://127.0.0.1:${await freePort()}`, 'nobody')
    expect(await client.ready(50)).toBe(false)
    await expect(client.ready(-1)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    await client.close()
    await expect(client.ready()).rejects.toMatchObject({ details: { reason: 'closed' } })
  })
})
