import { join } from 'node:path'
import { describe, it } from 'vitest'
import { sqlite } from '../../../src/features/cache/sqlite-tier.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { contextOf, directory } from './sqlite-fixtures.js'

describe('the SQLite tier as a cache tier', () => {
  it.each(cacheTierCases)('$title', async ({ run }) => {
    const clock = new FakeClock()
    await run(() => {
      const tier = sqlite({ path: join(directory(), 'cache.db') })
      tier.open?.(contextOf(clock).context)
      return tier
    }, clock)
  })

  it.each(cacheTierCases)('$title, encrypted', async ({ run }) => {
    const clock = new FakeClock()
    await run(() => {
      const tier = sqlite({ path: join(directory(), 'cache.db'), encryptionKey: Buffer.alloc(32) })
      tier.open?.(contextOf(clock).context)
      return tier
    }, clock)
  })
})
