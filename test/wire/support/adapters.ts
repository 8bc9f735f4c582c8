/** The adapters of the wire tests: one model each, with the price its money is checked against. */
import type { Provider, Usage } from '../../../src/contracts/provider.js'
import { anthropic } from '../../../src/features/providers/anthropic.js'
import { google } from '../../../src/features/providers/google.js'
import { googleGenerativeAI } from '../../../src/features/providers/google-generative-ai.js'
import { openai } from '../../../src/features/providers/openai.js'
import type { FakeVendors, Vendor } from '../../../src/testing/index.js'

export interface Connection {
  readonly apiKey: string
  readonly baseURL: string
}

/** USD per million tokens, as the vendors publish them. */
export interface PublishedPrice {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly output: number
}

export interface Adapter {
  /** Unique in a test's title. */
  readonly id: 'openai' | 'anthropic' | 'google' | 'google-generative-ai'
  readonly vendor: Vendor
  readonly model: string
  readonly price: PublishedPrice
  readonly create: (connection: Connection) => Provider
}

export const OPENAI: Adapter = {
  id: 'openai',
  vendor: 'openai',
  model: 'gpt-4o',
  price: { input: 2.5, cacheRead: 1.25, cacheWrite: 2.5, output: 10 },
  create: (connection) => openai({ ...connection, models: ['gpt-4o'] }),
}

const ANTHROPIC: Adapter = {
  id: 'anthropic',
  vendor: 'anthropic',
  model: 'claude-sonnet-4-6',
  price: { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 },
  create: (connection) => anthropic({ ...connection, models: ['claude-sonnet-4-6'] }),
}

const GOOGLE: Adapter = {
  id: 'google',
  vendor: 'google',
  model: 'gemini-2.5-flash',
  price: { input: 0.3, cacheRead: 0.03, cacheWrite: 0.3, output: 2.5 },
  create: (connection) => google({ ...connection, models: ['gemini-2.5-flash'] }),
}

const GOOGLE_GENERATIVE_AI: Adapter = {
  ...GOOGLE,
  id: 'google-generative-ai',
  create: (connection) => googleGenerativeAI({ ...connection, models: ['gemini-2.5-flash'] }),
}

export const ADAPTERS: readonly Adapter[] = [OPENAI, ANTHROPIC, GOOGLE, GOOGLE_GENERATIVE_AI]

/** Who steps in for whom. The windows grow from OpenAI over Anthropic to Google. */
export const SUBSTITUTE: Readonly<Record<Vendor, Adapter>> = {
  openai: ANTHROPIC,
  anthropic: GOOGLE,
  google: OPENAI,
}

export function connectionOf(vendors: FakeVendors, vendor: Vendor): Connection {
  return { apiKey: KEY, baseURL: vendors[vendor].baseURL }
}

/** Any key opens the fake vendors; this one can be told when it turns up where it must not. */
export const KEY = 'sk-CANARY-key-4b1d'

/** Nano-USD of counts the vendor reported, by the published prices; reasoning is output. */
export function nanoUsd({ price }: Pick<Adapter, 'price'>, usage: Partial<Usage>): number {
  const { input = 0, cache_read = 0, cache_write = 0, output = 0, reasoning = 0 } = usage
  const perMillion =
    input * price.input +
    cache_read * price.cacheRead +
    cache_write * price.cacheWrite +
    (output + reasoning) * price.output
  return Math.round(perMillion * 1_000)
}
