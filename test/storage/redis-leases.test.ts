import { afterEach, expect, it } from 'vitest'
import type { LeaseEnd } from '../../src/contracts/coordination.js'
import { redisSource } from '../../src/storage/redis-client.js'
import { RedisConnection } from '../../src/storage/redis-connection.js'
import { redisLeases } from '../../src/storage/redis-leases.js'
import { systemClock } from '../../src/util/clock.js'
import { describeRedis, freshNamespace, redisUrl, until } from '../support/redis.js'

describeRedis('leases in Redis', () => {
  const open: RedisConnection[] = []
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close()
  })

  async function start(prefix: string) {
    const connection = new RedisConnection({
      source: redisSource({ kind: 'client', options: { url: redisUrl() } }),
      clock: systemClock,
      random: Math.random,
      onState: () => undefined,
      onMissing: () => undefined,
    })
    open.push(connection)
    const leases = redisLeases({ connection, prefix })
    connection.open()
    expect(leases.available).toBe(false)
    await until(() => leases.available)
    return leases
  }

  it('are held by one, extended and released by the owner only, and end by themselves', async () => {
    const prefix = freshNamespace()
    const [one, two] = await Promise.all([start(prefix), start(prefix)])
    expect(await one.take('a', 'token one', 60_000)).toBe(true)
    expect(await two.take('a', 'token two', 60_000)).toBe(false)
    expect(await two.take('b', 'token two', 60_000)).toBe(true)
    expect(await two.extend('a', 'token two', 60_000)).toBe(false)
    await two.release('a', 'token two', 'none')
    expect(await two.take('a', 'token two', 60_000)).toBe(false)
    expect(await one.extend('a', 'token one', 30)).toBe(true)
    await until(() => two.take('a', 'token two', 60_000))
    expect(await one.extend('a', 'token one', 60_000)).toBe(false)
  })

  it('wake who waits in another process, and nobody else', async () => {
    const prefix = freshNamespace()
    const [one, two] = await Promise.all([start(prefix), start(prefix)])
    const ends: [string, LeaseEnd][] = []
    const stop = two.onRelease('a', (end) => ends.push(['a', end]))
    two.onRelease('b', (end) => ends.push(['b', end]))
    await one.take('a', 'token', 60_000)
    await one.release('a', 'not the token', 'stored')
    await one.release('a', 'token', 'stored')
    await until(() => ends.length > 0)
    stop()
    await one.take('a', 'token', 60_000)
    await one.release('a', 'token', 'none')
    await one.take('b', 'token', 60_000)
    await one.release('b', 'token', 'none')
    await until(() => ends.length > 1)
    expect(ends).toEqual([
      ['a', 'stored'],
      ['b', 'none'],
    ])
  })

  it('go to one of many who ask at once', async () => {
    const leases = await start(freshNamespace())
    const tokens = Array.from({ length: 50 }, (_, index) => `token ${index}`)
    const taken = await Promise.all(tokens.map((token) => leases.take('a', token, 60_000)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })
})
