/** Which entries a namespace holds: what Redis, asked by key only, could not say without a scan. */
import type { CacheEntry } from '../../contracts/cache-tier.js'
import type { RedisCommands } from '../../storage/redis-commands.js'

/** Entries of one scope that a match by meaning may look at. */
const MOST_IN_SCOPE = 5_000

/** Drops at most a thousand entries that have expired and counts the rest; names a few of them. */
const COUNT = `
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1000)
if #gone > 0 then
  redis.call('ZREM', KEYS[1], unpack(gone))
  redis.call('ZREM', KEYS[2], unpack(gone))
end
local some = redis.call('ZRANDMEMBER', KEYS[2], 16)
return { redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[1], '+inf'), some, #gone }`
const DROPPED_AT_ONCE = 1_000

/** Adds to a scope, which lives as long as its longest-lived entry. PEXPIRE has GT from Redis 7 only. */
const ADD = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end`

export interface EntryCount {
  readonly entries: number
  /** Estimated from a few entries. */
  readonly bytes: number
  /** True when there may be more that have expired. */
  readonly more: boolean
}

export interface RedisTierIndex {
  /** The name of the value. */
  valueKey(key: string): string
  /** @param life milliseconds until its value is gone */
  add(commands: RedisCommands, key: string, entry: CacheEntry, life: number): Promise<unknown>[]
  remove(commands: RedisCommands, keys: readonly string[]): Promise<unknown>[]
  /** Forgets all entries; they die by their time to live. */
  drop(commands: RedisCommands): Promise<unknown>[]
  count(commands: RedisCommands, now: number): Promise<EntryCount>
  /** Keys, newest first. */
  newest(commands: RedisCommands, limit: number): Promise<string[]>
  /** Keys of a scope created after `since`, newest first. */
  inScope(commands: RedisCommands, scope: string, since: number, limit: number): Promise<string[]>
  /** Keys whose entries turned out to be gone. */
  forget(commands: RedisCommands, scope: string | undefined, keys: string[]): Promise<unknown>[]
}

/**
 * Sorted sets: `{ns}:index` by creation, `{ns}:expiry` by end, and one by creation for each scope. In a
 * cluster the braces keep the first two in one slot, where a script may use both; each other command
 * names one key.
 */
export function redisTierIndex(prefix: string, namespace: string): RedisTierIndex {
  const created = `${prefix}:index`
  const expiry = `${prefix}:expiry`
  const scopeKey = (scope: string): string => `${namespace}:scope:${scope}`
  const valueKey = (key: string): string => `${namespace}:e:${key}`
  const newestFirst = (count: number) =>
    ({ BY: 'SCORE', REV: true, LIMIT: { offset: 0, count } }) as const

  return {
    valueKey,
    add(commands, key, entry, life) {
      const { created_at, stale_until, semantic } = entry
      const work: Promise<unknown>[] = [
        commands.zAdd(created, { score: created_at, value: key }),
        commands.zAdd(expiry, { score: stale_until, value: key }),
      ]
      if (semantic !== undefined) {
        const call = [created_at, key, -MOST_IN_SCOPE - 1, Math.ceil(life)].map(String)
        work.push(commands.eval(ADD, { keys: [scopeKey(semantic.scope)], arguments: call }))
      }
      return work
    },
    remove: (commands, keys) => [
      ...keys.map((key) => commands.unlink(valueKey(key))),
      commands.zRem(created, [...keys]),
      commands.zRem(expiry, [...keys]),
    ],
    drop: (commands) => [commands.unlink(created), commands.unlink(expiry)],
    async count(commands, now) {
      const call = { keys: [created, expiry], arguments: [String(now)] }
      const counted = (await commands.eval(COUNT, call)) as [number, string[], number]
      const [entries, some, dropped] = counted
      const lengths = await Promise.all(some.map((key) => commands.strLen(valueKey(key))))
      const known = lengths.filter((length) => length > 0)
      const total = known.reduce((sum, length) => sum + length, 0)
      return {
        entries,
        bytes: known.length === 0 ? 0 : Math.round((total / known.length) * entries),
        more: dropped >= DROPPED_AT_ONCE,
      }
    },
    newest: (commands, limit) => commands.zRange(created, '+inf', '-inf', newestFirst(limit)),
    inScope: (commands, scope, since, limit) =>
      commands.zRange(scopeKey(scope), '+inf', `(${since}`, newestFirst(limit)),
    forget(commands, scope, keys) {
      if (scope !== undefined) return [commands.zRem(scopeKey(scope), keys)]
      return [commands.zRem(created, keys), commands.zRem(expiry, keys)]
    },
  }
}
