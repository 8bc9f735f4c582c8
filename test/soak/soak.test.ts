/** The soak scripts in their short forms, as processes of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeRedis } from '../support/redis.js'

/** The longest takes 20 s on an idle machine. */
const LIMIT_MS = 180_000

/** What it printed of missed targets, and its exit code. */
async function short(script: string): Promise<{ missed: readonly string[]; code: unknown }> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', path, '--short'])
  try {
    const [printed, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[unknown]>,
    ])
    if (code !== 0) console.log(`${script}:\n${printed}\n${errors}`)
    return { missed: printed.split('\n').filter((line) => line.startsWith('MISS')), code }
  } finally {
    child.kill('SIGKILL')
  }
}

const GOOD = { missed: [], code: 0 }

describeRedis('under load for a while', () => {
  it(
    'no caller suffers when Redis is killed, frozen, full or absent',
    async () => {
      expect(await short('redis-outages.ts')).toEqual(GOOD)
    },
    LIMIT_MS,
  )

  it(
    'no tenant and no user is told what was said to another',
    async () => {
      expect(await short('tenancy.ts')).toEqual(GOOD)
    },
    LIMIT_MS,
  )

  it(
    'processes make one call together, and wait for no dead one and no frozen Redis',
    async () => {
      expect(await short('processes.ts')).toEqual(GOOD)
    },
    LIMIT_MS,
  )
})
