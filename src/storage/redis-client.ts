/** The one place that loads `@keyv/redis`: makes the clients, and what is asked of them. */
import type { RedisClientConnectionType, RedisClientOptions } from '@keyv/redis'
import { lazyPackage } from '../util/load-package.js'
import type { CheckedPlace } from './redis-options.js'

export interface ScoredMember {
  readonly score: number
  readonly value: string
}

/** The commands used here, alike in a client, a cluster and sentinels. Each names its keys. */
export interface RedisCommands {
  ping(): Promise<unknown>
  set(key: string, value: string, options: { NX: true; PX: number }): Promise<string | null>
  unlink(key: string): Promise<number>
  strLen(key: string): Promise<number>
  pExpire(key: string, ms: number): Promise<number>
  eval(script: string, call: { keys: string[]; arguments: string[] }): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
  zAdd(key: string, member: ScoredMember): Promise<number>
  zRem(key: string, members: string[]): Promise<number>
  zRange(key: string, from: string, to: string, options: NewestFirst): Promise<string[]>
  zRemRangeByRank(key: string, from: number, to: number): Promise<number>
  zScan(key: string, cursor: string, options: { COUNT: number }): Promise<ScannedMembers>
}

interface NewestFirst {
  BY: 'SCORE'
  REV: true
  LIMIT: { offset: 0; count: number }
}

interface ScannedMembers {
  readonly cursor: string
  readonly members: readonly ScoredMember[]
}

/** Values as bytes, through the Keyv adapter, which also splits a cluster's keys by slot. */
export interface RedisValues {
  get(key: string): Promise<unknown>
  getMany(keys: string[]): Promise<unknown[]>
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>
}

/** What a client, a cluster and sentinels have in common. */
export interface RedisHandle {
  readonly isOpen: boolean
  /** Clusters have none. */
  readonly isReady?: boolean
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

export interface RedisSubscriber extends RedisHandle {
  ping(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

export interface RedisSource {
  /** False for a client of the user's, which is not ours to close. */
  readonly owned: boolean
  /** A new client, not connected, or the user's. */
  main(): Promise<RedisHandle>
  /** A new client to the same server, for subscriptions. */
  subscriber(main: RedisHandle): Promise<RedisSubscriber>
  commands(main: RedisHandle): RedisCommands
  values(main: RedisHandle): Promise<RedisValues>
}

/** More than a thousand operations of a few commands each: a second line behind our own bound. */
const MOST_QUEUED = 8_000
const CONNECT_MS = 1_000
/** node-redis' number for "$", bulk strings: given back as they came, not decoded as UTF-8. */
const BYTES = { 36: Buffer }

const loadRedis = lazyPackage('@keyv/redis', () => import('@keyv/redis'))

/**
 * node-redis waits for its next attempt and its next ping with timers that keep the process alive,
 * and starts over after a loss without telling what was missed: a lost client is replaced instead.
 */
function ownOptions(given: RedisClientOptions): RedisClientOptions {
  const { pingInterval: _, socket, ...rest } = given
  return {
    ...rest,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_QUEUED,
    socket: { connectTimeout: CONNECT_MS, ...socket, reconnectStrategy: false, socketTimeout: 0 },
  }
}

export function redisSource(place: CheckedPlace): RedisSource {
  return {
    owned: place.kind !== 'existing',
    main: async () => asHandle(await makeMain(place)),
    async subscriber(main) {
      const node = await anyNode(main as unknown as Loose)
      const subscriber = node.duplicate(ownOptions(node.options ?? {}))
      subscriber.unref()
      return subscriber as unknown as RedisSubscriber
    },
    // A user's client may have a mapping of its own.
    commands: (main) => (main as unknown as Loose).withTypeMapping({}) as RedisCommands,
    async values(main) {
      const { default: KeyvRedis } = await loadRedis()
      // It would add four listeners each time, and nobody hears them.
      const quiet = Object.create((main as unknown as Loose).withTypeMapping(BYTES) as object, {
        on: { value: () => quiet },
      }) as RedisClientConnectionType
      const values = new KeyvRedis(quiet, { throwOnErrors: true, throwOnConnectError: true })
      values.on('error', () => undefined)
      return values as unknown as RedisValues
    },
  }
}

async function makeMain(place: CheckedPlace): Promise<RedisClientConnectionType> {
  const { createClient, createCluster, createSentinel } = await loadRedis()
  switch (place.kind) {
    case 'existing':
      return place.client
    case 'client': {
      const client = createClient(ownOptions(place.options))
      client.unref()
      return client
    }
    case 'cluster': {
      const defaults = { disableOfflineQueue: true, commandsQueueMaxLength: MOST_QUEUED }
      const options = { ...place.options, defaults: { ...place.options.defaults, ...defaults } }
      const cluster = createCluster(options)
      cluster.on('node-ready', () => {
        for (const { client } of [...cluster.masters, ...cluster.replicas]) client?.unref()
      })
      return cluster
    }
    case 'sentinel':
      return createSentinel(place.options)
  }
}

const asHandle = (client: RedisClientConnectionType): RedisHandle => client

/** The parts of the three kinds whose types do not agree. */
interface Loose {
  withTypeMapping(mapping: object): unknown
  readonly options?: RedisClientOptions
  duplicate(options: RedisClientOptions): { unref(): void }
  readonly masters?: readonly unknown[]
  nodeClient?(node: unknown): Promise<Loose>
  _execute?<T>(readonly: boolean, run: (client: Loose) => Promise<T>): Promise<T>
}

/** Messages reach every node of a cluster: any master will do. */
async function anyNode(main: Loose): Promise<Loose> {
  const { masters } = main
  if (masters !== undefined && main.nodeClient !== undefined) {
    return main.nodeClient(masters[Math.floor(Math.random() * masters.length)])
  }
  // Sentinels know the present master; a client knows itself.
  return main._execute !== undefined && main.options === undefined
    ? main._execute(false, (client) => Promise.resolve(client))
    : main
}
