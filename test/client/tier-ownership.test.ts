import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'

const folder = mkdtempSync(join(tmpdir(), 'raptorflow-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

it('a tier that one client has opened is refused to another, which would die with the first', async () => {
  const l3 = sqlite({ path: join(folder, 'cache.db') })
  const options = { providers: [mockProvider({ reply: 'hi' })], defaultModel: 'mock-model' }
  const first = new InferenceClient({ ...options, cache: { l3 } })
  expect(() => new InferenceClient({ ...options, cache: { l3 } })).toThrow(
    'Expected the option `cache.l3` to be a tier of its own for each client',
  )
  const own = sqlite({ path: join(folder, 'cache.db') })
  const second = new InferenceClient({ ...options, cache: { l3: own } })
  expect((await first.infer('q')).response).toBe('hi')
  await first.close()
  expect((await second.infer('q')).cache.level).toBe('l3')
  await second.close()
})
