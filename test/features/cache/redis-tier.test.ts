import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, createCluster, createSentinel } from '@keyv/redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CacheEntry, CacheTier } from '../../../src/contracts/cache-tier.js'
import { RaptorflowError } from '../../../src/errors.js'
import { redis } from '../../../src/features/cache/redis-tier.js'
import type { RedisOptions } from '../../../src/features/cache/redis-tier.js'
import { cacheTierCases } from '../../../src/testing/cache-tier-cases.js'
import {
  describeRedis,
  freePort,
  freshNamespace,
  redisUrl,
  startRedis,
  startSentinel,
  until,
} from '../../support/redis.js'
import type { RedisServerOptions } from '../../support/redis.js'
import { entry } from './fixtures.js'
import { answers, readyTier, realTime, timed } from './redis-support.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function ready(options: RedisOptions = {}): Promise<CacheTier> {
  const { tier } = await readyTier({ url: redisUrl(), namespace: freshNamespace(), ...options })
  closers.push(() => tier.close?.())
  return tier
}

async function server(options?: RedisServerOptions) {
  const started = await startRedis(options)
  closers.push(() => started.close())
  return started
}

async function rawClient(url = redisUrl()) {
  const client = createClient({ url })
  await client.connect()
  closers.push(() => {
    if (client.isOpen) client.destroy()
  })
  return client
}

function semantic(scope: string, created_at: number): CacheEntry {
  const vector = Float32Array.from([0.6, -0.8])
  const record = { scope, embedder: 'test', text: `asked at ${created_at}`, vector }
  return { ...entry(created_at), semantic: record }
}

describeRedis('redis as a cache tier', () => {
  it.concurrent.each(cacheTierCases)('$title', async ({ run }) => {
    await run(async () => {
      return (await readyTier({ url: redisUrl(), namespace: freshNamespace() })).tier
    }, realTime)
  })
})

describeRedis('redis in a cluster, with encryption', () => {
  it('does all a cache tier must do', async () => {
    const { url } = await server({ cluster: true })
    const encryptionKey = randomBytes(32)
    const options = { url: undefined, cluster: { rootNodes: [{ url }] }, encryptionKey }
    await Promise.all(
      cacheTierCases.map(({ run }) =>
        run(async () => {
          return (await readyTier({ ...options, namespace: freshNamespace() })).tier
        }, realTime),
      ),
    )
    const [one, two] = [
      await ready({ ...options, namespace: 'same' }),
      await ready({ ...options, namespace: 'same' }),
    ]
    const now = Date.now()
    for (let turn = 0; turn < 50; turn++) await one.set(`key ${turn}`, semantic('s', now + turn))
    expect(await two.recent?.(100)).toHaveLength(50)
    expect(await two.inScope?.('s', 0, 100)).toHaveLength(50)
    expect(await one.leases?.take('lease', 'token', 10_000)).toBe(true)
    let woken = false
    two.leases?.onRelease('lease', () => (woken = true))
    await one.leases?.release('lease', 'token', 'stored')
    await until(() => woken)
    await one.clear()
    await until(async () => (await two.get('key 1')) === undefined)
  })
})

describeRedis('redis', () => {
  it('lets Redis expire an entry when it may no longer be served', async () => {
    const namespace = freshNamespace()
    const [tier, client] = [await ready({ namespace }), await rawClient()]
    const kept = entry(Date.now())
    await tier.set('key', kept)
    const left = await client.pTTL(`${namespace}:e:key`)
    expect(Math.abs(left - (kept.stale_until - Date.now()))).toBeLessThan(1_000)
    await tier.set('for ever', { ...kept, stale_until: Date.now() + 400 * 86_400_000 })
    expect(await client.pTTL(`${namespace}:e:for ever`)).toBeLessThanOrEqual(31 * 86_400_000)
  })

  it('misses and deletes what is damaged, of another version, of another kind, or forged', async () => {
    const namespace = freshNamespace()
    const [tier, client] = [await ready({ namespace }), await rawClient()]
    const name = `${namespace}:e:key`
    const plain = await ready()
    await plain.set('key', entry(Date.now()))
    const damage: (() => Promise<unknown>)[] = [
      () => client.set(name, 'not an entry'),
      () => client.set(name, ''),
      () => client.setRange(name, 2, '\u0007'),
      () => client.setRange(name, 30, '\u0007\u0007\u0007'),
      () => client.append(name, 'x'),
      () => client.del(name).then(() => client.lPush(name, 'a list')),
    ]
    for (const spoil of damage) {
      await tier.set('key', entry(Date.now()))
      await spoil()
      expect(await tier.get('key')).toBeUndefined()
      await until(async () => (await client.exists(name)) === 0)
    }
    const strict = await ready({ namespace, encryptionKey: randomBytes(32) })
    await tier.set('key', entry(Date.now()))
    expect(await strict.get('key')).toBeUndefined()
  })

  it('shares entries, clears and counts between processes', async () => {
    const namespace = freshNamespace()
    const [one, two] = [await ready({ namespace }), await ready({ namespace })]
    const now = Date.now()
    for (let turn = 0; turn < 250; turn++) await one.set(`key ${turn}`, entry(now - 1_000 + turn))
    expect(await two.get('key 7')).toEqual(entry(now - 993))
    await two.flush?.()
    const { entries, bytes } = two.stats()
    expect(entries).toBe(250)
    expect(bytes).toBeGreaterThan(250 * 100)
    const newest = await two.recent?.(201)
    expect(newest?.map(({ key }) => key)).toEqual(
      Array.from({ length: 201 }, (_, index) => `key ${249 - index}`),
    )
    await one.clear()
    await until(async () => (await two.get('key 7')) === undefined)
    expect(await two.recent?.(10)).toEqual([])
    await two.set('late', entry(now - 1))
    expect(await two.get('late')).toBeUndefined()
    await two.flush?.()
    expect(two.stats()).toMatchObject({ entries: 0, bytes: 0 })
  })

  it('forgets what expired in its counts and lists', async () => {
    const tier = await ready()
    const now = Date.now()
    await tier.set('short', { ...entry(now), fresh_until: now + 50, stale_until: now + 100 })
    await tier.set('long', entry(now - 1))
    await tier.flush?.()
    expect(tier.stats().entries).toBe(2)
    await realTime.advance(150)
    expect((await tier.recent?.(10))?.map(({ key }) => key)).toEqual(['long'])
    await tier.flush?.()
    expect(tier.stats().entries).toBe(1)
  })

  it('lists the entries of a scope after a time, newest first, vectors included', async () => {
    const tier = await ready()
    const now = Date.now()
    for (const [key, scope, age] of [
      ['a', 's', 30],
      ['b', 's', 20],
      ['c', 's', 10],
      ['d', 'other', 5],
    ] as const) {
      await tier.set(key, semantic(scope, now - age))
    }
    const found = await tier.inScope?.('s', now - 30, 10)
    expect(found?.map(({ key }) => key)).toEqual(['c', 'b'])
    expect(found?.[0]?.entry.semantic?.vector).toEqual(Float32Array.from([0.6, -0.8]))
    expect(await tier.inScope?.('s', 0, 1)).toHaveLength(1)
    await tier.delete(['b'])
    expect((await tier.inScope?.('s', 0, 10))?.map(({ key }) => key)).toEqual(['c', 'a'])
  })

  it('keeps a scope as long as its longest-lived entry', async () => {
    const namespace = freshNamespace()
    const tier = await ready({ namespace })
    const now = Date.now()
    const client = await rawClient()
    const left = async (): Promise<number> => client.pTTL(`${namespace}:scope:s`)
    const lasting = (ms: number): CacheEntry => ({
      ...semantic('s', now),
      fresh_until: now + ms,
      stale_until: now + ms,
    })
    await tier.set('short', lasting(60_000))
    expect(await left()).toBeLessThanOrEqual(60_000)
    await tier.set('long', lasting(3_600_000))
    await tier.set('other', lasting(60_000))
    expect(await left()).toBeGreaterThan(3_500_000)
    expect(await left()).toBeLessThanOrEqual(3_600_000)
  })

  it('uses a client it is given, whatever its replies look like, and does not close it', async () => {
    const client = await rawClient()
    const bytes = client.withTypeMapping({ 36: Buffer } as never)
    const heard: unknown[] = []
    client.on('end', () => heard.push('end'))
    const { tier } = await readyTier({ client: bytes as never, namespace: freshNamespace() })
    await tier.set('key', entry(Date.now()))
    expect(await tier.get('key')).toBeDefined()
    await tier.flush?.()
    expect(tier.stats().entries).toBe(1)
    await tier.clear()
    await tier.close?.()
    expect(await client.ping()).toBe('PONG')
    client.destroy()
    expect(heard).toEqual(['end'])
  })

  it('connects a client that is not, and follows it through a restart', async () => {
    const own = await server()
    const client = createClient({ url: own.url, socket: { reconnectStrategy: 50 } })
    closers.push(() => {
      client.destroy()
    })
    const { tier } = await readyTier({ client })
    expect(client.isReady).toBe(true)
    await own.kill()
    await until(async () => (await timed(() => tier.get('key'))).error !== undefined)
    await own.restart()
    await until(() => answers(tier), 4_000)
    await tier.set('key', entry(Date.now()))
    expect(await tier.get('key')).toBeDefined()
    await tier.close?.()
    expect(client.isOpen).toBe(true)
  })

  it('uses a cluster it is given', async () => {
    const { url } = await server({ cluster: true })
    const cluster = createCluster({ rootNodes: [{ url }] })
    await cluster.connect()
    const { tier } = await readyTier({ client: cluster })
    await tier.set('key', entry(Date.now()))
    expect(await tier.get('key')).toBeDefined()
    await tier.close?.()
    expect(cluster.isOpen).toBe(true)
    cluster.destroy()
  })

  it('finds its server through sentinels, its own or those it is given', async () => {
    const master = await server()
    const watcher = await startSentinel(master)
    closers.push(() => watcher.close())
    const sentinel = {
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port: watcher.port }],
    }
    const given = createSentinel(sentinel)
    given.on('error', () => undefined)
    const { tier: one } = await readyTier({ sentinel })
    const { tier: two } = await readyTier({ client: given })
    await one.set('key', entry(Date.now()))
    expect(await two.get('key')).toEqual(await one.get('key'))
    expect(await two.recent?.(10)).toHaveLength(1)
    await two.flush?.()
    expect(two.stats().entries).toBe(1)
    expect(await one.leases?.take('name', 'token', 10_000)).toBe(true)
    expect(await two.leases?.extend('name', 'token', 10_000)).toBe(true)
    await one.clear()
    await until(async () => (await two.get('key')) === undefined)
    await master.kill()
    await until(async () => !(await answers(one)))
    await master.restart()
    await until(() => answers(one))
    await Promise.all([one.close?.(), two.close?.()])
    expect(given.isOpen).toBe(true)
    await given.destroy()
  })

  it('speaks TLS', async ({ skip }) => {
    const directory = mkdtempSync(join(tmpdir(), 'raptorflow-tls-'))
    closers.push(() => {
      rmSync(directory, { recursive: true })
    })
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    const made = spawnSync(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${key} -out ${cert} -addext subjectAltName=IP:127.0.0.1`.split(
        ' ',
      ),
    )
    if (made.status !== 0) skip('needs openssl')
    const { url } = await server({ tls: { cert, key, ca: cert } })
    const ca = readFileSync(cert)
    const tier = await ready({ url, clientOptions: { socket: { tls: true, ca } } })
    await tier.set('key', entry(Date.now()))
    expect(await tier.get('key')).toBeDefined()
    const distrustful = redis({ url })
    closers.push(() => distrustful.close?.())
    for (let turn = 0; turn < 5; turn++) {
      await expect(async () => distrustful.get('key')).rejects.toThrow()
      await realTime.advance(50)
    }
  })

  it.each([
    ['connected', true],
    ['while Redis is absent', false],
  ])('lets the process end %s', async (_, present) => {
    const url = present ? redisUrl() : `redis://127.0.0.1:${await freePort()}`
    const program = `
      import { redis } from './src/features/cache/redis-tier.ts'
      const tier = redis({ url: ${JSON.stringify(url)} })
      // Stands for the deadline of a request, which is what the process waits for.
      const request = setInterval(() => undefined, 1_000)
      for (let turn = 0; turn < 20; turn++) {
        const found = await tier.get('key').then(() => true, () => false)
        await new Promise((resolve) => setTimeout(resolve, 50))
        if (found) break
      }
      clearInterval(request)
      console.log('done')`
    const child = spawn(process.execPath, [
      ...['--unhandled-rejections=strict', '--import', 'tsx'],
      ...['--input-type=module', '--eval', program],
    ])
    closers.push(() => child.kill('SIGKILL'))
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    const [code] = (await once(child, 'exit')) as [number | null]
    expect([code, printed.trim()]).toEqual([0, 'done'])
  })

  it('is away while no sentinel answers, and closes', async () => {
    // node-redis prints this failure, besides reporting it.
    vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const port = await freePort()
    const sentinel = { name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port }] }
    const tier = redis({ sentinel })
    await expect(async () => tier.get('key')).rejects.toThrow()
    await realTime.advance(100)
    await expect(async () => tier.get('key')).rejects.toThrow()
    expect((await timed(() => tier.close?.())).ms).toBeLessThan(400)
  })
})

describe('redis options', () => {
  it.each<[string, unknown, string]>([
    ['a typo', { uri: 'redis://a' }, 'Unknown option `uri` of redis()'],
    ['another protocol', { url: 'http://127.0.0.1' }, 'begins with redis:// or rediss://'],
    ['no URL', { url: 'user:secret@host' }, '`url`'],
    ['two places', { url: 'redis://a', cluster: { rootNodes: [{}] } }, 'given alone'],
    ['a client that is none', { client: {} }, '`client` to be an object with the methods'],
    ['a cluster of nothing', { cluster: { rootNodes: [] } }, '`cluster.rootNodes`'],
    ['sentinels without a name', { sentinel: { sentinelRootNodes: [{}] } }, '`sentinel.name`'],
    ['no sentinels', { sentinel: { name: 'a' } }, '`sentinel.sentinelRootNodes`'],
    ['braces in a namespace', { namespace: '{a}' }, '`namespace`'],
    ['a short key', { encryptionKey: 'short' }, '`encryptionKey`'],
  ])('refuse %s', (_, options, message) => {
    let thrown: unknown
    try {
      redis(options as RedisOptions)
    } catch (error) {
      thrown = error
    }
    expect(RaptorflowError.isInstance(thrown) && thrown).toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(message) as string,
    })
    expect(String(thrown)).not.toContain('secret')
  })

  it('load and connect nothing', () => {
    expect(redis().stats()).toMatchObject({ enabled: true, entries: 0 })
  })
})
