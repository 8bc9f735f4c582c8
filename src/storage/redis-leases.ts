/** Named locks in Redis, with a lifetime and an owner's token. */
import type { LeaseEnd, LeaseStore } from '../contracts/coordination.js'
import type { RedisConnection } from './redis-connection.js'

const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`

type Listener = (end: LeaseEnd) => void

export interface RedisLeasesOptions {
  readonly connection: RedisConnection
  /** Before all names. */
  readonly prefix: string
}

/** One channel tells of all releases. */
export function redisLeases({ connection, prefix }: RedisLeasesOptions): LeaseStore {
  const keyOf = (name: string): string => `${prefix}:lease:${name}`
  const channel = `${prefix}:wake`
  const listeners = new Map<string, Set<Listener>>()

  connection.listen(channel, (message) => {
    const found = parseMessage(message)
    if (found === undefined) return
    for (const listener of listeners.get(found.name) ?? []) listener(found.end)
  })

  return {
    get available() {
      return connection.writable
    },
    async take(name, token, ttlMs) {
      const taken = await connection.write(({ commands }) =>
        commands.set(keyOf(name), token, { NX: true, PX: ttlMs }),
      )
      return taken !== null
    },
    async extend(name, token, ttlMs) {
      const call = { keys: [keyOf(name)], arguments: [token, String(ttlMs)] }
      return (await connection.write(({ commands }) => commands.eval(EXTEND, call))) === 1
    },
    async release(name, token, end) {
      const message = JSON.stringify({ name, end })
      const call = { keys: [keyOf(name)], arguments: [token, channel, message] }
      await connection.write(({ commands }) => commands.eval(RELEASE, call))
    },
    onRelease(name, listener) {
      const known = listeners.get(name) ?? new Set()
      listeners.set(name, known.add(listener))
      return () => {
        known.delete(listener)
        if (known.size === 0 && listeners.get(name) === known) listeners.delete(name)
      }
    },
  }
}

/** Undefined for what is none. */
function parseMessage(message: string): { name: string; end: LeaseEnd } | undefined {
  try {
    const { name, end } = JSON.parse(message) as { name: unknown; end: unknown }
    if (typeof name !== 'string' || (end !== 'stored' && end !== 'none')) return undefined
    return { name, end }
  } catch {
    return undefined
  }
}
