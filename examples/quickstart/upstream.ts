/** Who answers: the real providers whose keys are set, or three local servers in their place. */
import type { Provider } from '../../src/index.js' // published: 'raptorflow'
import { anthropic } from '../../src/features/providers/anthropic.js' // 'raptorflow/providers/anthropic'
import { google } from '../../src/features/providers/google.js' // 'raptorflow/providers/google'
import { openai } from '../../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { fakeVendors } from '../../src/testing/index.js' // 'raptorflow/testing'
import { createPlug } from './plug.js'
import { SEED, seededRandom } from './traffic.js'

export interface Upstream {
  readonly live: boolean
  readonly providers: readonly Provider[]
  /** One model of each provider, in the same order. */
  readonly models: readonly string[]
  /** Calls that went out and arrived somewhere, counted at the wire. */
  calls(): number
  /** Takes the first provider down, running calls included. */
  takeDown(): Promise<void>
  bringBack(): Promise<void>
  close(): Promise<void>
}

// Small models that do not spend their output on reasoning unless asked to.
const OPENAI_MODEL = 'gpt-5.4-mini'
const ANTHROPIC_MODEL = 'claude-haiku-4-5'
const GOOGLE_MODEL = 'gemini-3.5-flash-lite'

/** Milliseconds the local servers take to answer: long enough to see, short enough to wait for. */
export const LOCAL_LATENCY = { least: 30, most: 120 } as const

function isSet(...names: readonly string[]): boolean {
  return names.some((name) => (process.env[name] ?? '') !== '')
}

export async function connect(): Promise<Upstream> {
  return realProviders() ?? localServers()
}

/** Undefined when no key is set. */
function realProviders(): Upstream | undefined {
  const plug = createPlug()
  const offers = [
    isSet('OPENAI_API_KEY') && {
      model: OPENAI_MODEL,
      create: (fetch: typeof globalThis.fetch) => openai({ models: [OPENAI_MODEL], fetch }),
    },
    isSet('ANTHROPIC_API_KEY') && {
      model: ANTHROPIC_MODEL,
      create: (fetch: typeof globalThis.fetch) => anthropic({ models: [ANTHROPIC_MODEL], fetch }),
    },
    isSet('GEMINI_API_KEY', 'GOOGLE_API_KEY') && {
      model: GOOGLE_MODEL,
      create: (fetch: typeof globalThis.fetch) => google({ models: [GOOGLE_MODEL], fetch }),
    },
  ].filter((offer) => offer !== false)
  if (offers.length === 0) return undefined
  return {
    live: true,
    providers: offers.map(({ create }, index) =>
      create(index === 0 ? plug.pluggedFetch : plug.countedFetch),
    ),
    models: offers.map(({ model }) => model),
    calls: () => plug.calls(),
    // The vendor itself stays up, of course: our way to it is cut.
    takeDown: async () => {
      plug.pull()
    },
    bringBack: async () => {
      plug.putIn()
    },
    close: async () => undefined,
  }
}

async function localServers(): Promise<Upstream> {
  const random = seededRandom(SEED)
  const { least, most } = LOCAL_LATENCY
  const vendors = await fakeVendors({
    latencyMs: () => least + (most - least) * random(),
    chunkCount: 16,
    chunkDelayMs: 60,
    seed: SEED,
  })
  return {
    live: false,
    providers: [
      openai({ ...vendors.openai, models: [OPENAI_MODEL] }),
      anthropic({ ...vendors.anthropic, models: [ANTHROPIC_MODEL] }),
      google({ ...vendors.google, models: [GOOGLE_MODEL] }),
    ],
    models: [OPENAI_MODEL, ANTHROPIC_MODEL, GOOGLE_MODEL],
    calls: () => vendors.hits(),
    takeDown: () => vendors.down('openai'),
    bringBack: () => vendors.up('openai'),
    close: () => vendors.close(),
  }
}
