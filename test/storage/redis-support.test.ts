import { createClient } from '@keyv/redis'
import { afterEach, expect, it } from 'vitest'
import { describeRedis, redisUrl, startFakeResp, startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'

describeRedis('the Redis of the tests', () => {
  let server: RedisServer | undefined
  afterEach(async () => {
    await server?.close()
  })

  it('is one server for all suites', async () => {
    const client = await createClient({ url: redisUrl() }).connect()
    expect(await client.ping()).toBe('PONG')
    client.destroy()
  })

  it('can be one of a test, killed, started again, frozen and thawed', async () => {
    server = await startRedis()
    await server.command('SET', 'a', '1')
    const first = server.pid
    await server.restart()
    expect(server.pid).not.toBe(first)
    expect(await server.command('GET', 'a')).toBeNull()
    server.stop()
    const ping = server.command('PING')
    const early = await Promise.race([ping, new Promise((run) => setTimeout(run, 50, 'frozen'))])
    expect(early).toBe('frozen')
    server.cont()
    expect(await ping).toBe('PONG')
  })

  it('can be a cluster of one node, and one with a password', async () => {
    server = await startRedis({ cluster: true, password: 'secret' })
    expect(await server.command('CLUSTER', 'INFO')).toContain('cluster_state:ok')
    await server.close()
    server = await startRedis({ maxmemory: '1mb' })
    await expect(server.command('SET', 'a', 'x'.repeat(2 ** 20))).rejects.toThrow('OOM')
  })

  it('has a double that answers as told', async () => {
    const fake = await startFakeResp(([command]) =>
      command === 'GET' ? { afterMs: 20, reply: '$2\r\nhi\r\n' } : undefined,
    )
    const client = await createClient({ url: fake.url }).connect()
    expect([await client.ping(), await client.get('key')]).toEqual(['PONG', 'hi'])
    expect(fake.commands).toContainEqual(['GET', 'key'])
    client.destroy()
    await fake.close()
  })
})
