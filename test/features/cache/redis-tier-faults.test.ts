import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { CacheTier } from '../../../src/contracts/cache-tier.js'
import {
  describeRedis,
  freePort,
  freshNamespace,
  startFakeResp,
  startRedis,
  until,
} from '../../support/redis.js'
import type { RedisServer, RedisServerOptions } from '../../support/redis.js'
import { entry } from './fixtures.js'
import { answers, openTier, readyTier, timed } from './redis-support.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function server(options?: RedisServerOptions): Promise<RedisServer> {
  const started = await startRedis(options)
  closers.push(() => started.close())
  return started
}

async function ready(url: string) {
  const opened = await readyTier({ url, namespace: freshNamespace() })
  closers.push(() => opened.tier.close?.())
  return opened
}

const reads = (tier: CacheTier, count: number) =>
  Promise.all(Array.from({ length: count }, () => timed(() => tier.get('key'))))

/** The quickest of several: the machine may be busy. */
async function quickestRefusal(tier: CacheTier): Promise<number> {
  let quickest = Infinity
  for (let turn = 0; turn < 20; turn++) {
    const { error, ms } = await timed(() => tier.get('key'))
    expect(error).toBeInstanceOf(Error)
    quickest = Math.min(quickest, ms)
  }
  return quickest
}

describeRedis('redis when Redis is ill', () => {
  it('refuses at once while it is absent, and answers when it appears', async () => {
    const port = await freePort()
    const { tier, states } = openTier({ url: `redis://127.0.0.1:${port}` })
    closers.push(() => tier.close?.())
    expect(await quickestRefusal(tier)).toBeLessThan(5)
    await until(() => states.length > 0)
    expect(states).toEqual([['down', 'connection']])
    const start = performance.now()
    await server({ port })
    await until(() => answers(tier))
    expect(performance.now() - start).toBeLessThan(4_000)
    expect(states.at(-1)).toEqual(['ok', 'recovered'])
  })

  it('refuses after a kill, and answers when it is back', async () => {
    const redis = await server()
    const { tier, states } = await ready(redis.url)
    await tier.set('key', entry(Date.now()))
    const flying = reads(tier, 100)
    await redis.kill()
    for (const { ms } of await flying) expect(ms).toBeLessThan(1_000)
    await until(() => states.length > 0)
    expect(states).toEqual([['down', 'connection']])
    expect(await quickestRefusal(tier)).toBeLessThan(5)
    expect((await timed(() => tier.set('key', entry(Date.now())))).error).toBeInstanceOf(Error)
    await redis.restart()
    await until(() => answers(tier), 3_500)
    await tier.set('key', entry(Date.now()))
    expect(await tier.get('key')).toBeDefined()
  })

  it('learns that it is frozen, refuses at once then, and answers when it thaws', async () => {
    const redis = await server()
    const { tier, states } = await ready(redis.url)
    redis.stop()
    const first = await reads(tier, 50)
    for (const { error, ms } of first) {
      expect(error).toMatchObject({ name: 'GuardError' })
      expect(ms).toBeLessThan(600)
    }
    expect(states[0]).toEqual(['down', 'timeout'])
    expect(await quickestRefusal(tier)).toBeLessThan(5)
    // Long enough for the connection to be given up.
    await until(() => states.some(([, reason]) => reason === 'retry') || states.length > 1)
    await new Promise((resolve) => setTimeout(resolve, 3_200))
    const thawed = performance.now()
    redis.cont()
    await until(() => answers(tier), 6_000)
    expect(performance.now() - thawed).toBeLessThan(4_000)
  }, 30_000)

  it('closes within 400 ms when it is frozen', async () => {
    const redis = await server()
    const { tier } = await ready(redis.url)
    redis.stop()
    const writing = timed(() => tier.set('key', entry(Date.now())))
    expect((await timed(() => tier.close?.())).ms).toBeLessThan(400)
    expect((await writing).error).toBeInstanceOf(Error)
  })

  it('stops writing for a while when it is full, and goes on reading', async () => {
    const redis = await server({ maxmemory: '3mb' })
    const { tier, states } = await ready(redis.url)
    await tier.set('small', entry(Date.now()))
    const text = randomBytes(3_000_000).toString('hex')
    expect((await timed(() => tier.set('big', entry(Date.now(), { text })))).error).toBeDefined()
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    expect((await timed(() => tier.set('next', entry(Date.now())))).error).toBeDefined()
    const refused = await timed(() => tier.set('later', entry(Date.now())))
    expect(refused.error).toMatchObject({ message: 'Redis is full' })
    expect(tier.leases?.available).toBe(false)
    expect(await tier.get('small')).toBeDefined()
    expect(states).toEqual([])
  })

  it('tells other processes of a clear also when it is full', async () => {
    const redis = await server()
    const namespace = freshNamespace()
    const [one, two] = await Promise.all([
      readyTier({ url: redis.url, namespace }),
      readyTier({ url: redis.url, namespace }),
    ])
    closers.push(
      () => one.tier.close?.(),
      () => two.tier.close?.(),
    )
    await one.tier.set('key', entry(Date.now()))
    expect(await two.tier.get('key')).toBeDefined()
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    expect((await timed(() => one.tier.clear())).error).toBeDefined()
    await until(async () => (await two.tier.get('key')) === undefined)
    expect(await one.tier.get('key')).toBeUndefined()
  })

  it('reports a wrong password and recovers when it is right', async () => {
    const redis = await server({ password: 'right' })
    const { tier, states } = openTier({ url: redis.url.replace('right', 'wrong') })
    closers.push(() => tier.close?.())
    await until(() => states.length > 0)
    expect(states).toEqual([['down', 'auth']])
    expect(await quickestRefusal(tier)).toBeLessThan(5)
    await redis.command('CONFIG', 'SET', 'requirepass', 'wrong')
    await until(() => answers(tier), 4_000)
  })

  it('bounds slow replies by its deadline and then asks no more', async () => {
    const fake = await startFakeResp(([command]) =>
      command === 'GET' ? { afterMs: 400, reply: '$-1\r\n' } : undefined,
    )
    closers.push(() => fake.close())
    const { tier, states } = openTier({ url: fake.url })
    closers.push(() => tier.close?.())
    await until(() => fake.commands.some(([command]) => command === 'ZSCAN'))
    await until(async () => ((await timed(() => tier.get('key'))).ms > 90 ? true : false))
    for (const { ms } of await reads(tier, 10)) expect(ms).toBeLessThan(350)
    await until(() => states.length > 0)
    expect(states[0]).toEqual(['down', 'timeout'])
    expect(await quickestRefusal(tier)).toBeLessThan(5)
  })

  it.each([
    ['garbage', 'rubbish that is no reply\r\n'],
    ['half a reply', '$100\r\nhalf'],
    ['a number for a value', ':42\r\n'],
    ['an error', '-ERR something\r\n'],
    ['the end of the connection', 'hang up'],
  ])('survives %s', async (_, reply) => {
    const fake = await startFakeResp(([command]) => (command === 'GET' ? reply : undefined))
    closers.push(() => fake.close())
    const { tier } = openTier({ url: fake.url })
    closers.push(() => tier.close?.())
    await until(() => fake.commands.some(([command]) => command === 'ZSCAN'))
    await until(async () => {
      const { value, ms } = await timed(() => tier.get('key'))
      expect(value).toBeUndefined()
      expect(ms).toBeLessThan(600)
      return fake.commands.some(([command]) => command === 'GET')
    })
    for (const { value, ms } of await reads(tier, 20)) {
      expect(value).toBeUndefined()
      expect(ms).toBeLessThan(600)
    }
  })

  it('survives garbage instead of a greeting', async () => {
    const fake = await startFakeResp(() => 'HTTP/1.1 400 Bad Request\r\n\r\n')
    closers.push(() => fake.close())
    const { tier, states } = openTier({ url: fake.url })
    closers.push(() => tier.close?.())
    await until(() => states.length > 0)
    expect(states[0]?.[0]).toBe('down')
    expect(await quickestRefusal(tier)).toBeLessThan(5)
  })

  it('has at most a thousand operations under way', async () => {
    const redis = await server()
    const { tier } = await ready(redis.url)
    redis.stop()
    const results = await Promise.all(
      Array.from({ length: 1_500 }, () => timed(() => tier.set('key', entry(Date.now())))),
    )
    const refused = results.filter(({ error }) => {
      return error instanceof Error && error.message === 'Too many operations wait for Redis'
    })
    expect(refused).toHaveLength(500)
  })
})
