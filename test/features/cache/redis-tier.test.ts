import { randomBytes } from 'node:crypto'
import { createClient, createCluster } from '@keyv/redis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import { RaptorflowError } from '../../../src/errors.js'
import { redis } from '../../../src/features/cache/redis-tier.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import { describeRedis, freshNamespace, redisUrl, startRedis, until } from '../../support/redis.js'
import type { RedisServer } from '../../support/redis.js'
import { DAY, entry, HOUR } from './fixtures.js'
import { readyTier, realTime } from './redis-support.js'

type Ready = CacheTier & Required<Pick<CacheTier, 'recent' | 'inScope' | 'marks' | 'leases'>>

describeRedis('redis as a cache tier', () => {
  it.concurrent.each(cacheTierCases)('$title', async ({ run }) => {
    await run(async () => {
      return (await readyTier({ url: redisUrl(), namespace: freshNamespace() })).tier
    }, realTime)
  })
})

describeRedis('redis in a cluster, with encryption', () => {
  let server: RedisServer
  beforeEach(async () => {
    server ??= await startRedis({ cluster: true })
  })

  it('does all a cache tier must do', async () => {
    const encryptionKey = randomBytes(32)
    const cluster = { rootNodes: [{ url: server.url }] }
    await Promise.all(
      cacheTierCases.map(({ run }) =>
        run(async () => {
          return (await readyTier({ cluster, namespace: freshNamespace(), encryptionKey })).tier
        }, realTime),
      ),
    )
    await server.close()
  })
})
