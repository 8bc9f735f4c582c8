/** What is measured: the built package, with the types of its source. */
import type * as Core from '../../src/index.js'
import type * as OpenAIProvider from '../../src/features/providers/openai.js'

import type * as RedisTier from '../../src/features/cache/redis-tier.js'
import type * as SqliteTier from '../../src/features/cache/sqlite-tier.js'

export type { Delta, InferenceClient, Provider, ProviderAnswer } from '../../src/index.js'

/** The file of a built entry. @param entry without extension, for instance `index` */
export function builtFile(entry: string, extension: 'js' | 'cjs' = 'js'): string {
  return new URL(`../../dist/${entry}.${extension}`, import.meta.url).href
}

// Not a literal: the build need not exist for this file to type-check.
export const core = (await import(builtFile('index'))) as typeof Core
export const { openai } = (await import(builtFile('providers/openai'))) as typeof OpenAIProvider
export const { redis } = (await import(builtFile('cache/redis'))) as typeof RedisTier
export const { sqlite } = (await import(builtFile('cache/sqlite'))) as typeof SqliteTier
