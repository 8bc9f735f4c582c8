/** The one place that loads `@keyv/redis`: makes the clients, and what is asked of them. */
import type { RedisClientConnectionType, RedisClientOptions } from '@keyv/redis'
import { lazyPackage } from '../util/load-package.js'
import type {
  RedisCommands,
  RedisHandle,
  RedisSource,
  RedisSubscriber,
  RedisValues,
} from './redis-commands.js'
import type { CheckedPlace } from './redis-options.js'

/** More than a thousand operations of a few commands each: a second line behind our own bound. */
const MOST_QUEUED = 8_000
const CONNECT_MS = 1_000
/** node-redis' number for "$", bulk strings: given back as they came, not decoded as UTF-8. */
const BYTES = { 36: Buffer }

/**
 * For good: an error nobody listens to would end the process, and node-redis' clients, being proxies of
 * one emitter, lose other listeners when one is taken off.
 */
function listen(handle: RedisHandle, listener: (cause?: unknown) => void): void {
  for (const event of ['error', 'end', 'reconnecting']) handle.on(event, listener)
}

const ignore = (): void => undefined

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
  let watcher: (cause?: unknown) => void = ignore
  if (place.kind === 'existing') {
    listen(asHandle(place.client), (cause) => {
      watcher(cause)
    })
  }
  let wasOpen = false
  return {
    owned: place.kind !== 'existing',
    get mayConnect() {
      return place.kind !== 'existing' || !wasOpen
    },
    main: async () => asHandle(await makeMain(place)),
    watch(main, listener) {
      watcher = listener
      if (place.kind !== 'existing') listen(main, listener)
      return () => {
        if (watcher === listener) watcher = ignore
      }
    },
    async subscriber(main) {
      const node = await anyNode(main as unknown as Loose)
      const subscriber = node.duplicate(ownOptions(node.options ?? {}))
      subscriber.unref()
      return subscriber as unknown as RedisSubscriber
    },
    commands(main) {
      wasOpen = true
      const client = main as unknown as Loose
      // A user's client may have a mapping of its own; that of sentinels is one for all.
      return (isSentinel(client) ? client : client.withTypeMapping({})) as RedisCommands
    },
    values: (main) => {
      const client = main as unknown as Loose
      return isSentinel(client) ? Promise.resolve(sentinelValues(client)) : keyvValues(client)
    },
  }
}

async function keyvValues(client: Loose): Promise<RedisValues> {
  const { default: KeyvRedis } = await loadRedis()
  // It would add four listeners each time, and nobody hears them.
  const quiet = Object.create(client.withTypeMapping(BYTES) as object, {
    on: { value: () => quiet },
  }) as RedisClientConnectionType
  const values = new KeyvRedis(quiet, { throwOnErrors: true, throwOnConnectError: true })
  values.on('error', ignore)
  const get = (key: string): Promise<unknown> => values.get(key)
  return {
    get,
    // The adapter asks the nodes of a cluster for text, which harms bytes.
    getMany: (keys) => (values.isCluster() ? Promise.all(keys.map(get)) : values.getMany(keys)),
    set: (key, value, ttlMs) => values.set(key, value as never, ttlMs),
  }
}

/** Without the adapter: a mapping of sentinels holds for everything that is asked of them. */
function sentinelValues(sentinel: Sentinel): RedisValues {
  const ask = (readonly: boolean, ...words: (string | Uint8Array)[]): Promise<unknown> =>
    sentinel.sendCommand(readonly, words, { typeMapping: BYTES })
  return {
    get: async (key) => (await ask(true, 'GET', key)) ?? undefined,
    async getMany(keys) {
      const found = (await ask(true, 'MGET', ...keys)) as unknown[]
      return found.map((value) => value ?? undefined)
    },
    set: async (key, value, ttlMs) => {
      await ask(false, 'SET', key, value, 'PX', String(ttlMs))
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
}

interface Sentinel extends Loose {
  getSentinelNode(): unknown
  sendCommand(readonly: boolean, words: readonly unknown[], options: object): Promise<unknown>
  _execute<T>(readonly: boolean, run: (client: Loose) => Promise<T>): Promise<T>
}

const isSentinel = (client: Loose): client is Sentinel => 'getSentinelNode' in client

/** Messages reach every node of a cluster: any master will do. */
async function anyNode(main: Loose): Promise<Loose> {
  const { masters } = main
  if (masters !== undefined && main.nodeClient !== undefined) {
    return main.nodeClient(masters[Math.floor(Math.random() * masters.length)])
  }
  // Sentinels know the present master; a client knows itself.
  return isSentinel(main) ? main._execute(false, (client) => Promise.resolve(client)) : main
}
