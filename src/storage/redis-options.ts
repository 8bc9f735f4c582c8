/** Where a Redis is, as users say it, and the check of that. */
import type {
  RedisClientConnectionType,
  RedisClientOptions,
  RedisClusterOptions,
  createSentinel,
} from '@keyv/redis'
import { invalidOption } from '../util/invalid-option.js'
import { record, text, withMethods } from '../util/option-checks.js'

/** One of `url` (with `clientOptions` perhaps), `clientOptions`, `client`, `cluster`, `sentinel`. */
export interface RedisPlace {
  /** `redis://` or, with TLS, `rediss://`. @default redis://127.0.0.1:6379 */
  readonly url?: string | undefined
  /**
   * Options of node-redis: credentials, `database`, `socket` with TLS. How it reconnects, queues and
   * pings is decided here.
   */
  readonly clientOptions?: RedisClientOptions | undefined
  /**
   * A client, cluster or sentinel of `@keyv/redis` or node-redis 5. It is connected when it is not
   * open, and never closed. It reconnects as it was told to, and one without `pingInterval` and
   * `socketTimeout` notices a frozen Redis late.
   */
  readonly client?: RedisClientConnectionType | undefined
  /** Options of node-redis for a cluster. */
  readonly cluster?: RedisClusterOptions | undefined
  /** Options of node-redis for sentinels. */
  readonly sentinel?: RedisSentinelOptions | undefined
}

export type RedisSentinelOptions = Parameters<typeof createSentinel>[0]

export const REDIS_PLACE_NAMES = ['url', 'clientOptions', 'client', 'cluster', 'sentinel'] as const

const DEFAULT_URL = 'redis://127.0.0.1:6379'

/** A copy in which one way to connect is named. */
export type CheckedPlace =
  | { readonly kind: 'client'; readonly options: RedisClientOptions }
  | { readonly kind: 'existing'; readonly client: RedisClientConnectionType }
  | { readonly kind: 'cluster'; readonly options: RedisClusterOptions }
  | { readonly kind: 'sentinel'; readonly options: RedisSentinelOptions }

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration` */
export function checkPlace(given: RedisPlace): CheckedPlace {
  const { url, clientOptions, client, cluster, sentinel } = given
  const ways = [url ?? clientOptions, client, cluster, sentinel].filter((way) => way !== undefined)
  if (ways.length > 1) {
    throw invalidOption('url', 'given alone, without `client`, `cluster` or `sentinel`', url)
  }
  if (client !== undefined) {
    const methods = ['connect', 'withTypeMapping', 'on'] as const
    return {
      kind: 'existing',
      client: withMethods<RedisClientConnectionType>('client', client, methods),
    }
  }
  if (cluster !== undefined) {
    if (!Array.isArray(record('cluster', cluster).rootNodes) || cluster.rootNodes.length === 0) {
      throw invalidOption('cluster.rootNodes', 'an array of at least one node', undefined)
    }
    return { kind: 'cluster', options: cluster }
  }
  if (sentinel !== undefined) {
    text('sentinel.name', record('sentinel', sentinel).name)
    if (!Array.isArray(sentinel.sentinelRootNodes) || sentinel.sentinelRootNodes.length === 0) {
      throw invalidOption('sentinel.sentinelRootNodes', 'an array of at least one node', undefined)
    }
    return { kind: 'sentinel', options: sentinel }
  }
  const options = clientOptions === undefined ? {} : record('clientOptions', clientOptions)
  if (url !== undefined) return { kind: 'client', options: { ...options, url: checkUrl(url) } }
  const placed = options.url !== undefined || options.socket !== undefined
  return { kind: 'client', options: placed ? options : { ...options, url: DEFAULT_URL } }
}

function checkUrl(url: unknown): string {
  const protocol = typeof url === 'string' && URL.canParse(url) ? new URL(url).protocol : undefined
  if (typeof url === 'string' && (protocol === 'redis:' || protocol === 'rediss:')) return url
  throw invalidOption('url', 'a URL that begins with redis:// or rediss://', url)
}
