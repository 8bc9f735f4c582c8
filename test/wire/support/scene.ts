/** A client on fake vendors over real sockets, and everything a call to it makes visible. */
import { InferenceClient, RaptorflowError } from '../../../src/index.js'
import type {
  ClientEvents,
  Clock,
  InferenceClientOptions,
  InferenceResponse,
  LogMethod,
  StreamChunk,
} from '../../../src/index.js'
import { fakeVendors, type FakeVendors } from '../../../src/testing/index.js'
import { systemClock } from '../../../src/util/clock.js'
import { ADAPTERS, connectionOf, type Adapter } from './adapters.js'
import { ANSWER, PROMPT } from './leaks.js'
import type { Mode } from './expectations.js'

/** Limits of an impatient client, milliseconds. */
export const LIMIT_MS = 250
/** Tokens every answer reports. */
export const USAGE = { input: 100, output: 20 }
/** The healthy answer of a vendor. */
export const answerOf = (vendor: string): string => `${ANSWER} one two three four by ${vendor}`

export interface SceneOptions {
  readonly adapter: Adapter
  /** Steps in when the first one fails. */
  readonly substitute?: Adapter | undefined
  readonly tls?: boolean | undefined
  /** Short limits, for faults that wait for them. */
  readonly impatient?: boolean | undefined
  /** Generous limits once somebody failed: a busy machine must not fail the healthy substitute. */
  readonly relents?: boolean | undefined
  readonly client?: Partial<InferenceClientOptions>
}

export interface Outcome {
  readonly response: InferenceResponse | undefined
  readonly error: RaptorflowError | undefined
  readonly chunks: readonly StreamChunk[]
  /** The text of the `data` chunks. */
  readonly text: string
  readonly elapsedMs: number
}

export interface Scene extends AsyncDisposable {
  readonly vendors: FakeVendors
  readonly client: InferenceClient
  readonly failures: readonly ClientEvents['attempt:failed'][]
  readonly failovers: readonly ClientEvents['provider:failover'][]
  /** Everything that was logged or emitted. */
  readonly said: readonly unknown[]
  ask(mode: Mode): Promise<Outcome>
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { adapter, substitute, tls, impatient, relents } = options
  const vendors = await fakeVendors({
    answer: ({ vendor }) => ({ text: answerOf(vendor), usage: USAGE }),
  })
  const said: unknown[] = []
  const failures: ClientEvents['attempt:failed'][] = []
  const log: LogMethod = (...words: readonly unknown[]) => void said.push(words)
  const connection = connectionOf(vendors, adapter.vendor)
  const baseURL = tls ? connection.baseURL.replace('http:', 'https:') : connection.baseURL
  const client = new InferenceClient({
    providers: [
      adapter.create({ ...connection, baseURL }),
      ...(substitute ? [substitute.create(connectionOf(vendors, substitute.vendor))] : []),
    ],
    defaultModel: adapter.model,
    fallback: substitute ? [substitute.model] : [],
    timeouts: impatient
      ? { attemptMs: LIMIT_MS, firstByteMs: LIMIT_MS, idleMs: LIMIT_MS }
      : { attemptMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 },
    ...(relents && { clock: clockThatRelents(() => failures.length > 0) }),
    logger: { debug: log, info: log, warn: log, error: log },
    random: () => 0,
    ...options.client,
  })
  const failovers: ClientEvents['provider:failover'][] = []
  client.on('attempt:failed', (event) => failures.push(event))
  client.on('provider:failover', (event) => failovers.push(event))
  client.on('request:error', (event) => said.push(event))
  return {
    vendors,
    client,
    failures,
    failovers,
    said,
    ask: (mode) => ask(client, adapter.model, mode),
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await vendors.close()
    },
  }
}

const GENEROSITY = 40

function clockThatRelents(now: () => boolean): Clock {
  return {
    ...systemClock,
    schedule: (ms, run, options) =>
      systemClock.schedule(now() ? ms * GENEROSITY : ms, run, options),
  }
}

async function ask(client: InferenceClient, model_name: string, mode: Mode): Promise<Outcome> {
  const started = performance.now()
  const chunks: StreamChunk[] = []
  let response: InferenceResponse | undefined
  let error: RaptorflowError | undefined
  try {
    if (mode === 'unary') response = await client.infer({ prompt: PROMPT, model_name })
    else {
      for await (const chunk of client.stream({ prompt: PROMPT, model_name })) chunks.push(chunk)
      const last = chunks.at(-1)
      if (last?.type === 'complete') response = last.data
    }
  } catch (thrown) {
    if (!RaptorflowError.isInstance(thrown)) throw thrown
    error = thrown
  }
  const elapsedMs = performance.now() - started
  const text = chunks.map((chunk) => (chunk.type === 'data' ? chunk.data : '')).join('')
  return { response, error, chunks, text, elapsedMs }
}

/** The SDKs load on their first call, which no limit of a test should pay for. */
export async function warmUp(): Promise<void> {
  for (const adapter of ADAPTERS) {
    await using scene = await openScene({ adapter })
    await scene.ask('unary')
    await scene.ask('stream')
  }
}

/** Waits until `holds`, at most `ms`; false when it never did. */
export async function eventually(holds: () => boolean, ms = 500): Promise<boolean> {
  const until = performance.now() + ms
  while (!holds() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return holds()
}
