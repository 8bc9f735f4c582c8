import { randomBytes } from 'node:crypto'
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { afterEach, describe, expect, it } from 'vitest'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import { RaptorflowError } from '../../../src/errors.js'
import { keyvTier } from '../../../src/features/cache/keyv-tier.js'
import type { KeyvTierOptions } from '../../../src/features/cache/keyv-tier.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import { describeRedis, freshNamespace, redisUrl, startRedis } from '../../support/redis.js'
import { entry } from './fixtures.js'
import { realTime } from './redis-support.js'

describe.each<[string, () => CacheTier]>([
  ['a Map', () => keyvTier({ store: new Map() })],
  ['an instance', () => keyvTier({ keyv: new Keyv(), encryptionKey: randomBytes(32) })],
])('keyvTier over %s', (_, make) => {
  it.concurrent.each(cacheTierCases)('$title', async ({ run }) => {
    await run(make, realTime)
  })
})

describeRedis('keyvTier over Redis', () => {
  const open: KeyvRedis<unknown>[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.disconnect(true)))
  })

  it('does all a cache tier must do', async () => {
    await Promise.all(
      cacheTierCases.map(({ run }) =>
        run(() => {
          const store = new KeyvRedis(redisUrl(), { namespace: freshNamespace() })
          open.push(store)
          return keyvTier({ keyv: new Keyv({ store, namespace: freshNamespace() }), level: 'l3' })
        }, realTime),
      ),
    )
  })

  it('fails where Keyv and its store say nothing of a failure', async () => {
    const server = await startRedis({ maxmemory: '1mb' })
    const store = new KeyvRedis(server.url)
    open.push(store)
    const tier = keyvTier({ store })
    const text = randomBytes(1_000_000).toString('hex')
    await expect(async () => tier.set('key', entry(Date.now(), { text }))).rejects.toThrow()
    expect(await tier.get('key')).toBeUndefined()
    await server.close()
  })
})

describe('keyvTier', () => {
  it('fails when the store throws, reports an error, or refuses a value', async () => {
    const store = new Map<string, unknown>()
    const keyv = new Keyv({ store })
    const tier = keyvTier({ keyv })
    await tier.set('key', entry(Date.now()))
    store.get = () => {
      throw new Error('broken')
    }
    await expect(async () => tier.get('key')).rejects.toThrow('broken')
    store.get = () => {
      keyv.emit('error', new Error('hidden'))
      return undefined
    }
    await expect(async () => tier.get('key')).rejects.toThrow('The store reported an error')
    store.set = () => false as never
    await expect(async () => tier.set('key', entry(Date.now()))).rejects.toThrow('Not stored')
  })

  it('misses and deletes what is damaged, of another key, or not encrypted with its key', async () => {
    const store = new Map<string, string>()
    const encryptionKey = randomBytes(32)
    const tier = keyvTier({ store, encryptionKey })
    await tier.set('a', entry(Date.now()))
    const [name] = [...store.keys()]
    const stored = store.get(name!)!
    for (const damaged of [
      stored.replace(/"value":"([^"]+)"/, (_, text: string) => {
        return `"value":"${text.slice(0, 20)}${text[20] === 'A' ? 'B' : 'A'}${text.slice(21)}"`
      }),
      '{"value":{"a":1}}',
      '{"value":"AAAA"}',
    ]) {
      store.set(name!, damaged)
      expect(await tier.get('a')).toBeUndefined()
      expect(store.size).toBe(0)
    }
    store.set(name!.replace(/a$/, 'b'), stored)
    expect(await tier.get('b')).toBeUndefined()
    store.set(name!, stored)
    expect(await keyvTier({ store, encryptionKey: randomBytes(32) }).get('a')).toBeUndefined()
    store.set(name!, stored)
    expect(await keyvTier({ store }).get('a')).toBeUndefined()
    store.set(name!, stored)
    expect(
      await keyvTier({ store, encryptionKey: [randomBytes(32), encryptionKey] }).get('a'),
    ).toBeDefined()
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, '`keyv`'],
    ['both', { keyv: new Keyv(), store: new Map() }, '`keyv`'],
    ['no store', { store: {} }, '`store` to be an object with the methods get, set'],
    ['another level', { store: new Map(), level: 'l1' }, '`level`'],
    ['a short key', { store: new Map(), encryptionKey: 'short' }, '`encryptionKey`'],
    ['a typo', { stor: new Map() }, 'Did you mean `store`'],
  ])('refuses %s', (_, options, message) => {
    let thrown: unknown
    try {
      keyvTier(options as KeyvTierOptions)
    } catch (error) {
      thrown = error
    }
    expect(RaptorflowError.isInstance(thrown) && thrown.message).toContain(message)
  })
})
