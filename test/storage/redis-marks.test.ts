import { afterEach, beforeAll, afterAll, expect, it } from 'vitest'
import type { Mark } from '../../src/contracts/coordination.js'
import { redisSource } from '../../src/storage/redis-client.js'
import { RedisConnection } from '../../src/storage/redis-connection.js'
import { RedisMarks } from '../../src/storage/redis-marks.js'
import { systemClock } from '../../src/util/clock.js'
import { describeRedis, freshNamespace, startRedis, until } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'

interface Process {
  readonly connection: RedisConnection
  readonly marks: RedisMarks
  /** What a subscriber was told, and what happened in between. */
  readonly told: (readonly Mark[])[]
}

describeRedis('marks in Redis', () => {
  let server: RedisServer
  const open: RedisConnection[] = []
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close()
  })

  function start(prefix: string, mostMarks?: number): Process {
    const connection = new RedisConnection({
      source: redisSource({ kind: 'client', options: { url: server.url } }),
      clock: systemClock,
      random: Math.random,
      onState: () => undefined,
      onMissing: () => undefined,
    })
    open.push(connection)
    const told: (readonly Mark[])[] = []
    const onMarks = (): void => undefined
    const marks = new RedisMarks({ connection, prefix, clock: systemClock, onMarks, mostMarks })
    marks.subscribe((list) => told.push(list))
    return { connection, marks, told }
  }
  const isReady = ({ connection }: Process) => until(() => connection.ready)
  const all = ({ told }: Process): Mark[] => told.flat()

  it('reach other processes, and later ones when they begin', async () => {
    const prefix = freshNamespace()
    const [one, two] = [start(prefix), start(prefix)]
    await Promise.all([isReady(one), isReady(two)])
    expect([one.told, two.told]).toEqual([[[]], [[]]])
    const at = Date.now()
    await one.marks.put([
      { label: 't:geo', at },
      { label: 'k:ключ', at },
    ])
    await until(() => two.told.length > 1)
    expect(two.told[1]).toEqual([
      { label: 't:geo', at },
      { label: 'k:ключ', at },
    ])
    expect(one.told).toHaveLength(1)
    const three = start(prefix)
    await isReady(three)
    expect(three.told[0]).toHaveLength(2)
  })

  it('keep the later of two', async () => {
    const prefix = freshNamespace()
    const one = start(prefix)
    await isReady(one)
    const now = Date.now()
    await one.marks.put([{ label: 'l1', at: now }])
    await one.marks.put([{ label: 'l1', at: now - 5_000 }])
    await Promise.all([-2, 3, 1].map((add) => one.marks.put([{ label: 'l3', at: now + add }])))
    const two = start(prefix)
    await isReady(two)
    expect(two.told[0]).toHaveLength(2)
    expect(two.told[0]).toEqual(
      expect.arrayContaining([
        { label: 'l1', at: now },
        { label: 'l3', at: now + 3 },
      ]),
    )
  })

  it('that were missed while the subscription was cut arrive before reads are answered', async () => {
    const prefix = freshNamespace()
    const [one, two] = [start(prefix), start(prefix)]
    await Promise.all([isReady(one), isReady(two)])
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until(() => !one.connection.ready && !two.connection.ready)
    // Directly, as a third process would, while nobody listens.
    const at = Date.now()
    await server.command('ZADD', `${prefix}:marks`, String(at), 'l1')
    let answeredBefore = false
    await until(async () => {
      try {
        await two.connection.read(({ commands }) => commands.ping())
        answeredBefore = all(two).length === 0
        return true
      } catch {
        return false
      }
    })
    expect(answeredBefore).toBe(false)
    expect(all(two)).toEqual([{ label: 'l1', at }])
  })

  it('put while Redis is away are refused, kept, and sent before reads are answered', async () => {
    const prefix = freshNamespace()
    const own = await startRedis()
    const kept = server
    server = own
    const [one, two] = [start(prefix), start(prefix)]
    server = kept
    await Promise.all([isReady(one), isReady(two)])
    await own.kill()
    await until(() => !one.connection.ready)
    const at = Date.now()
    await expect(one.marks.put([{ label: 't:x', at }])).rejects.toThrow()
    await expect(one.marks.put([{ label: 't:x', at: at - 1 }])).rejects.toThrow()
    await own.restart()
    await isReady(one)
    expect(await own.command('ZRANGE', `${prefix}:marks`, '0', '-1', 'WITHSCORES')).toEqual([
      't:x',
      String(at),
    ])
    await until(() => all(two).some(({ label }) => label === 't:x'))
    await own.close()
  })

  it('give way to one for everything when they are too many, and go when they are old', async () => {
    const prefix = freshNamespace()
    const [one, two] = [start(prefix, 10), start(prefix)]
    await Promise.all([isReady(one), isReady(two)])
    const now = Date.now()
    await one.marks.put([{ label: 'ancient', at: now - 40 * 86_400_000 }])
    await one.marks.put(
      Array.from({ length: 10 }, (_, index) => ({ label: `t:${index}`, at: now + index })),
    )
    expect(await server.command('ZCARD', `${prefix}:marks`)).toBe(10)
    await one.marks.put([{ label: 't:10', at: now + 10 }])
    const left = await server.command('ZRANGE', `${prefix}:marks`, '0', '-1')
    const later = Array.from({ length: 8 }, (_, index) => `t:${index + 3}`)
    expect(left).toEqual(['*', ...later])
    const everything = { label: '*', at: now + 2 }
    expect(all(one)).toEqual([everything])
    await until(() => all(two).some(({ label }) => label === '*'))
    expect(all(two)).toContainEqual(everything)
  })

  it('of single keys are just forgotten when they are too many', async () => {
    const prefix = freshNamespace()
    const one = start(prefix, 10)
    await isReady(one)
    const now = Date.now()
    const put = (labels: readonly string[], from: number) =>
      one.marks.put(labels.map((label, index) => ({ label, at: now - 1_000 + from + index })))
    const keys = Array.from({ length: 12 }, (_, index) => `k:${index}`)
    await put(keys, 0)
    expect(all(one)).toEqual([])
    expect(await server.command('ZRANGE', `${prefix}:marks`, '0', '-1')).toEqual(keys.slice(4))
    await put(['t:a', 't:b', 't:c'], 12)
    expect(all(one)).toEqual([])
  })

  it('of a clock that was far ahead do not stay so, once another process has seen them', async () => {
    const prefix = freshNamespace()
    const [one, two] = [start(prefix), start(prefix)]
    await Promise.all([isReady(one), isReady(two)])
    const tomorrow = Date.now() + 86_400_000
    const score = async (): Promise<number> =>
      Number(await server.command('ZSCORE', `${prefix}:marks`, '*'))
    await one.marks.put([{ label: '*', at: tomorrow }])
    await until(async () => (await score()) < tomorrow)
    expect(Math.abs((await score()) - Date.now())).toBeLessThan(5_000)
    await server.command('ZADD', `${prefix}:marks`, String(tomorrow), '*')
    await isReady(start(prefix))
    expect(await score()).toBeLessThan(tomorrow)
  })

  it('are not confused by messages that are none', async () => {
    const prefix = freshNamespace()
    const one = start(prefix)
    await isReady(one)
    for (const message of ['', '{', 'null', '{"marks":[1]}', '{"marks":[["a","b"]]}', '[]']) {
      await server.command('PUBLISH', `${prefix}:inv`, message)
    }
    await server.command('PUBLISH', `${prefix}:inv`, '{"source":"x","marks":[["l1",5]]}')
    await until(() => all(one).length > 0)
    expect(all(one)).toEqual([{ label: 'l1', at: 5 }])
    expect(one.connection.ready).toBe(true)
  })
})
