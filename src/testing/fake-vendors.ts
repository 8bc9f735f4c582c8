/** A local server that speaks the wire formats of OpenAI, Anthropic and Gemini, faults included. */
import { checkKnown } from '../features/providers/vendor-options.js'
import type { Known } from '../features/providers/vendor-options.js'
import { systemClock } from '../util/clock.js'
import { Listener } from './fake-vendors/listener.js'
import { VendorServer } from './fake-vendors/vendor-server.js'
import type { Clock } from '../contracts/clock.js'
import type { DownMode, VendorRule } from './fake-vendors/faults.js'
import type { Vendor, VendorAnswer, VendorRequest } from './fake-vendors/types.js'

export interface FakeVendorsOptions {
  /**
   * What every request gets that no rule answers: a text (cut at the request's token limit), an
   * answer in parts, or a function of the request.
   * @default a short customer-support answer, the same for the same model and prompt; a value that
   * fits the schema where structured output or a tool call is demanded
   */
  readonly answer?: VendorAnswer | undefined
  /** Milliseconds before an answer begins. @default 0 */
  readonly latencyMs?: number | ((request: VendorRequest) => number) | undefined
  /** Most pieces a streamed text is cut into, an integer >= 1. @default 8 */
  readonly chunkCount?: number | undefined
  /** Milliseconds between the pieces of a streamed answer. @default 0 */
  readonly chunkDelayMs?: number | undefined
  /** Of default answers, ids and the rules' probabilities. @default 1 */
  readonly seed?: number | undefined
  /** Where latencies run. @default the system's */
  readonly clock?: Clock | undefined
}

/** What a provider's options take: `openai(vendors.openai)`. */
export interface VendorAccess {
  readonly apiKey: string
  readonly baseURL: string
}

export interface FakeVendors extends AsyncDisposable {
  /** Speaks all three formats, told apart by the path; without a version or a slash at the end. */
  readonly url: string
  readonly openai: VendorAccess
  readonly anthropic: VendorAccess
  readonly google: VendorAccess
  /** Generation requests that arrived, oldest first. */
  readonly requests: readonly VendorRequest[]
  /** How many of them there are, of one vendor or of all. */
  hits(vendor?: Vendor): number
  /**
   * Adds rules. A request takes the first one that fits and is not used up.
   * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
   */
  script(...rules: readonly VendorRule[]): void
  /**
   * Takes a vendor down, running requests included, until `up`. At the shared `url` a refused
   * vendor's connections are closed instead, because its port serves the others.
   * @param how @default 'refused'
   */
  down(vendor: Vendor, how?: DownMode): Promise<void>
  /** Puts a vendor up again on the same port. */
  up(vendor: Vendor): Promise<void>
  /** Forgets requests and rules and puts every vendor up. */
  reset(): Promise<void>
  /** Ends every connection and frees the ports. */
  close(): Promise<void>
}

const KNOWN: Known<FakeVendorsOptions> = {
  answer: true,
  latencyMs: true,
  chunkCount: true,
  chunkDelayMs: true,
  seed: true,
  clock: true,
}

const VENDORS: readonly Vendor[] = ['openai', 'anthropic', 'google']

type Listeners = Readonly<Record<Vendor | 'all', Listener>>

function createListeners(server: VendorServer): Listeners {
  const create = (): Listener =>
    new Listener((request, response) => {
      void server.handle(request, response, (vendor) => listeners[vendor].down)
    })
  const listeners: Listeners = {
    all: create(),
    openai: create(),
    anthropic: create(),
    google: create(),
  }
  return listeners
}

/**
 * Starts the server on 127.0.0.1, each vendor on a free port of its own so that one of them can
 * refuse connections. It does not keep the process alive.
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for an unknown option
 */
export async function fakeVendors(options: FakeVendorsOptions = {}): Promise<FakeVendors> {
  checkKnown('fakeVendors()', options, KNOWN)
  const server = new VendorServer({
    answer: options.answer,
    latencyMs: options.latencyMs ?? 0,
    chunkCount: options.chunkCount ?? 8,
    chunkDelayMs: options.chunkDelayMs ?? 0,
    seed: options.seed ?? 1,
    clock: options.clock ?? systemClock,
  })
  const listeners = createListeners(server)
  await Promise.all(Object.values(listeners).map((listener) => listener.start()))

  const close = async (): Promise<void> => {
    await Promise.all(Object.values(listeners).map((listener) => listener.stop()))
  }
  const up = (vendor: Vendor): Promise<void> => listeners[vendor].putUp()
  return {
    url: listeners.all.url,
    openai: { apiKey: 'fake-openai-key', baseURL: `${listeners.openai.url}/v1` },
    anthropic: { apiKey: 'fake-anthropic-key', baseURL: listeners.anthropic.url },
    google: { apiKey: 'fake-google-key', baseURL: listeners.google.url },
    requests: server.requests,
    hits: (vendor) =>
      server.requests.filter((request) => vendor === undefined || request.vendor === vendor).length,
    script: (...rules) => {
      server.script.add(rules)
    },
    down: (vendor, how = 'refused') => listeners[vendor].takeDown(how),
    up,
    reset: async () => {
      server.requests.length = 0
      server.script.clear()
      await Promise.all(VENDORS.map(up))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
