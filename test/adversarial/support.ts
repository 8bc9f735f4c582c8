/** What the hostile tests share: seeded chance, strange values, providers that keep no promise. */
import type { ModelCapabilities } from '../../src/contracts/model.js'
import {
  InferenceClient,
  RaptorflowError,
  type Delta,
  type InferenceClientOptions,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  type Usage,
} from '../../src/index.js'
import { FakeClock } from '../../src/testing/index.js'
import { EVERY_CAPABILITY } from '../../src/util/capabilities.js'

/** A text that must never show up where it was not put on purpose. */
export const CANARY = 'canary-7f3a9c'

/** mulberry32: small, seeded, good enough to shuffle with. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A proxy that throws itself, whatever is done with it. */
export function untouchable(): object {
  const shout = (): never => {
    throw proxy as Error
  }
  const proxy: object = new Proxy(
    {},
    {
      get: shout,
      has: shout,
      ownKeys: shout,
      getPrototypeOf: shout,
      getOwnPropertyDescriptor: shout,
    },
  )
  return proxy
}

export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What the first message of a call says. */
export function asked({ messages }: ProviderCall): string {
  const content = messages[0]?.content
  return typeof content === 'string' ? content : ''
}

export const never = (): Promise<never> => new Promise(() => undefined)

export const USAGE: Usage = { input: 10, cache_read: 0, cache_write: 0, output: 5, reasoning: 0 }

export const ANSWER: ProviderAnswer = {
  text: 'hello',
  reasoning: undefined,
  tool_calls: [],
  finish_reason: 'stop',
  usage: USAGE,
}

export const FINISH: Delta = { type: 'finish', finish_reason: 'stop', usage: USAGE }

const CAPABILITIES: ModelCapabilities = EVERY_CAPABILITY

/** A provider as JavaScript could hand it in: nothing about its two functions is checked. */
export function rawProvider(
  name: string,
  functions: { readonly call?: unknown; readonly stream?: unknown },
): Provider {
  const unused = (): never => {
    throw new Error('not expected to be called')
  }
  return {
    specVersion: 'v1',
    name,
    vendor: null,
    models: [
      { id: 'm', price: { input: 1, output: 2 }, contextWindow: 1_000_000, maxOutputTokens: 1_000 },
    ],
    capabilities: CAPABILITIES,
    call: (functions.call ?? unused) as Provider['call'],
    stream: (functions.stream ?? unused) as Provider['stream'],
  }
}

export interface World {
  readonly clock: FakeClock
  readonly client: InferenceClient
  /** Everything that left the client sideways: log fields and messages, event payloads. */
  readonly told: unknown[]
}

const EVENTS = [
  'request:start',
  'request:end',
  'request:error',
  'cache:hit',
  'cache:miss',
  'flight:join',
  'attempt:failed',
  'provider:failover',
  'price:unknown',
] as const

/** A client on a fake clock that listens to everything. */
export function worldOf(
  providers: readonly Provider[],
  options: Partial<InferenceClientOptions> = {},
): World {
  const clock = new FakeClock()
  const told: unknown[] = []
  const note = (fields: object, message: string): void => void told.push(fields, message)
  const client = new InferenceClient({
    providers,
    defaultModel: 'm',
    clock,
    random: () => 0.5,
    logger: { debug: note, info: note, warn: note, error: note },
    ...options,
  })
  for (const name of EVENTS) client.on(name, (payload) => told.push(payload))
  return { clock, client, told }
}

/** How a promise stands, without waiting for it. */
export type Standing<T> =
  | { readonly state: 'pending' }
  | { readonly state: 'resolved'; readonly value: T }
  | { readonly state: 'rejected'; readonly error: unknown }

export function follow<T>(promise: Promise<T>): () => Standing<T> {
  let standing: Standing<T> = { state: 'pending' }
  promise.then(
    (value) => (standing = { state: 'resolved', value }),
    (error: unknown) => (standing = { state: 'rejected', error }),
  )
  return () => standing
}

/** Safe for anything that can be thrown. */
export function isRaptorflowError(value: unknown): value is RaptorflowError {
  try {
    return value instanceof RaptorflowError
  } catch {
    return false
  }
}
