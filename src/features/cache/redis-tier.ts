/** `raptorflow/cache/redis`: L2, a cache that processes and machines share. */
import type { CacheTier, TierContext } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import { redisSource } from '../../storage/redis-client.js'
import { RedisConnection } from '../../storage/redis-connection.js'
import { checkPlace, REDIS_PLACE_NAMES, type RedisPlace } from '../../storage/redis-options.js'
import { systemClock } from '../../util/clock.js'
import { configured } from '../../util/configured.js'
import { invalidOption } from '../../util/invalid-option.js'
import { silentLogger } from '../../util/logger.js'
import { refuseUnknown } from '../../util/option-checks.js'
import { warnOnce } from '../../util/warn-once.js'
import type { EncryptionOption } from './encryption.js'
import { createEntryCodec } from './entry-codec.js'
import { RedisTier } from './redis-tier-store.js'

export type { RedisPlace, RedisSentinelOptions } from '../../storage/redis-options.js'
export type { EncryptionKey } from './encryption.js'

/** Needs Redis 6.2 or newer, or Valkey. */
export interface RedisOptions extends RedisPlace, EncryptionOption {
  /** Before all names in Redis: 1 to 64 letters, digits, `.`, `_`, `:` and `-`. @default 'raptorflow' */
  readonly namespace?: string | undefined
}

const NAMES = [...REDIS_PLACE_NAMES, 'namespace', 'encryptionKey']
const NAMESPACE = /^[\w.:-]{1,64}$/

/**
 * A cache tier in Redis. Nothing waits for a connection: a read that takes over 100 ms is a miss, a
 * write that takes over 250 ms is dropped, and while Redis is away both cost nothing.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function redis(options: RedisOptions = {}): CacheTier {
  return configured('redis()', () => build(options))
}

function build(options: RedisOptions): CacheTier {
  refuseUnknown('redis()', options, NAMES)
  const { namespace = 'raptorflow', encryptionKey } = options
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace)) {
    throw invalidOption('namespace', '1 to 64 letters, digits, ".", "_", ":" and "-"', namespace)
  }
  let context: Pick<TierContext, 'clock' | 'random' | 'logger' | 'onState'> = {
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    onState: () => undefined,
  }
  const clock: Clock = {
    now: () => context.clock.now(),
    monotonic: () => context.clock.monotonic(),
    schedule: (ms, run, how) => context.clock.schedule(ms, run, how),
  }
  const connection = new RedisConnection({
    source: redisSource(checkPlace(options)),
    clock,
    random: () => context.random(),
    onState: (state, reason) => {
      context.onState(state, reason)
    },
    onMissing: ({ message }) => {
      context.logger.error({ level: 'l2' }, message)
      warnOnce(message)
    },
  })
  return new RedisTier({
    connection,
    clock,
    namespace,
    codec: createEntryCodec({ encryptionKey }),
    onOpen: (given) => {
      context = given
    },
  })
}
