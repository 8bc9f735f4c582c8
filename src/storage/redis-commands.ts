/** What is asked of Redis, and of what node-redis makes to ask it. Types only. */

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
  eval(script: string, call: { keys: string[]; arguments: string[] }): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
  zAdd(key: string, member: ScoredMember): Promise<number>
  zRem(key: string, members: string[]): Promise<number>
  zRange(key: string, from: string, to: string, options: NewestFirst): Promise<string[]>
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
  on(event: string, listener: (cause?: unknown) => void): unknown
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
  /** False when the client is the user's and was open before: then it was closed on purpose. */
  readonly mayConnect: boolean
  /** A new client, not connected, or the user's. */
  main(): Promise<RedisHandle>
  /** Tells of what may be a loss, until the returned function is called. */
  watch(main: RedisHandle, listener: (cause?: unknown) => void): () => void
  /** A new client to the same server, for subscriptions. */
  subscriber(main: RedisHandle): Promise<RedisSubscriber>
  commands(main: RedisHandle): RedisCommands
  values(main: RedisHandle): Promise<RedisValues>
}
