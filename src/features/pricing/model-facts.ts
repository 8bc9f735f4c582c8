/**
 * The dated table of what is known of the main models of three vendors, one source per row.
 *
 * `quality` is one scale for all vendors. Its two fixed points are the documented API's examples
 * (gpt-3.5-turbo 0.85, gpt-4 0.95); every other score, reliability and typical time is raptorflow's
 * prior: nobody measured it. Priors rise with generation and size inside a vendor, small models of
 * today stay below gpt-4's 0.95, and the steps between classes exceed the 0.02 that substitution
 * tolerates. Override them per model where you know better.
 * Requests per minute depend on the account's tier, so only the documented examples have a number.
 */
import type { ModelCapabilities } from '../../contracts/model.js'

/** The day the table was last compared with its sources. */
export const MODEL_FACTS_AS_OF = '2026-11-22'

export interface ModelFacts {
  readonly id: string
  readonly vendor: string
  /** Other names of the very same model: `id` is what is sent upstream. */
  readonly aliases: readonly string[]
  /** Dated versions: the same facts, sent upstream under their own name. */
  readonly snapshots: readonly string[]
  readonly tier: 'basic' | 'pro'
  /** 0-1. */
  readonly qualityScore: number
  /** 0-1. */
  readonly reliabilityScore: number
  /** Seconds for a typical answer. */
  readonly estimatedTime: number
  readonly requestsPerMinute: number | null
  readonly contextWindow: number | null
  readonly maxOutputTokens: number | null
  /** Only what differs from the vendor's usual abilities. */
  readonly capabilities: Partial<ModelCapabilities>
  readonly source: string
}

const PRIOR = 'scores and time: raptorflow prior, not measured'
const DOCUMENTED = 'documented API example; context: genai-prices 0.1.8'
const OPENAI = `id: openai 6.49 SDK type list; limits: gpt-tokenizer 4.0.0; ${PRIOR}`
const OPENAI_PRICED = `id: genai-prices 0.1.8; limits: gpt-tokenizer 4.0.0; ${PRIOR}`
const OPENAI_6 = `id, context: genai-prices 0.1.8; output: vendor model page; ${PRIOR}`
const ANTHROPIC = `id: @anthropic-ai/sdk 1.12 type list; context: genai-prices 0.1.8; output: vendor model page; ${PRIOR}`
const ANTHROPIC_NEW = `id: @anthropic-ai/sdk 1.12 type list; limits: vendor model page; ${PRIOR}`
const ANTHROPIC_BARE = `id: @anthropic-ai/sdk 1.12 type list; limits: not found; ${PRIOR}`
const GOOGLE = `id: @google/genai 2.32 SDK type list; limits: vendor model page; ${PRIOR}`

type Traits = Partial<ModelCapabilities>
const USUAL: Traits = {}
const TEXT_ONLY: Traits = { images: false, files: false, jsonSchema: false }
const TEXT_NO_JSON: Traits = { ...TEXT_ONLY, jsonObject: false }
const NO_SCHEMA: Traits = { files: false, jsonSchema: false }
/** Sampling is accepted while reasoning is off, which is these models' default. */
const NO_STOP: Traits = { stop: false }
const REASONING: Traits = { maxTemperature: null, topP: false, stop: false }
/** A temperature or a top_p, not both: vendor's migration guide of the 4.5 generation. */
const CLAUDE_4: Traits = { maxTemperature: 1, temperatureWithTopP: false }
/** Sampling parameters answer 400 since Opus 4.7: vendor's migration guides. */
const CLAUDE_5: Traits = { maxTemperature: null, topP: false, temperatureWithTopP: false }
/** Forced tool use answers 400, too: vendor's migration guides of the 5.5 generation. */
const CLAUDE_5_FREE_TOOLS: Traits = { ...CLAUDE_5, toolChoice: false }

type Row = readonly [
  id: string,
  tier: 'basic' | 'pro',
  quality: number,
  reliability: number,
  seconds: number,
  requestsPerMinute: number | null,
  context: number | null,
  output: number | null,
  traits: Traits,
  source: string,
  snapshotSuffixes?: readonly string[],
  aliases?: readonly string[],
]

// prettier-ignore
const OPENAI_ROWS: readonly Row[] = [
  ['gpt-3.5-turbo', 'basic', 0.85, 0.95, 1.5, 3_500, 16_385, 4_096, TEXT_ONLY, DOCUMENTED, ['0125', '1106']],
  ['gpt-4', 'pro', 0.95, 0.98, 3, 200, 8_192, 8_192, TEXT_NO_JSON, DOCUMENTED, ['0613']],
  ['gpt-4-turbo', 'pro', 0.952, 0.98, 3, null, 128_000, 4_096, NO_SCHEMA, OPENAI, ['2024-04-09']],
  ['gpt-4o-mini', 'basic', 0.9, 0.97, 1.5, null, 128_000, 16_384, USUAL, OPENAI, ['2024-07-18']],
  ['gpt-4o', 'pro', 0.955, 0.98, 2, null, 128_000, 16_384, USUAL, OPENAI, ['2024-05-13', '2024-08-06', '2024-11-20']],
  ['gpt-4.1-nano', 'basic', 0.88, 0.97, 1, null, 1_047_576, 32_768, USUAL, OPENAI, ['2025-04-14']],
  ['gpt-4.1-mini', 'basic', 0.915, 0.97, 1.5, null, 1_047_576, 32_768, USUAL, OPENAI, ['2025-04-14']],
  ['gpt-4.1', 'pro', 0.96, 0.98, 2.5, null, 1_047_576, 32_768, USUAL, OPENAI, ['2025-04-14']],
  ['o4-mini', 'basic', 0.935, 0.97, 6, null, 200_000, 100_000, REASONING, OPENAI, ['2025-04-16']],
  ['o3', 'pro', 0.965, 0.98, 10, null, 200_000, 100_000, REASONING, OPENAI, ['2025-04-16']],
  ['gpt-5-nano', 'basic', 0.89, 0.97, 3, null, 400_000, 128_000, REASONING, OPENAI, ['2025-08-07']],
  ['gpt-5-mini', 'basic', 0.93, 0.97, 4, null, 400_000, 128_000, REASONING, OPENAI, ['2025-08-07']],
  ['gpt-5', 'pro', 0.97, 0.98, 8, null, 400_000, 128_000, REASONING, OPENAI, ['2025-08-07']],
  ['gpt-5.1', 'pro', 0.972, 0.98, 4, null, 400_000, 128_000, NO_STOP, OPENAI, ['2025-11-13']],
  ['gpt-5.2', 'pro', 0.975, 0.98, 4, null, 400_000, 128_000, NO_STOP, OPENAI, ['2025-12-11']],
  ['gpt-5.4-nano', 'basic', 0.905, 0.97, 1, null, 400_000, 128_000, NO_STOP, OPENAI, ['2026-03-17']],
  ['gpt-5.4-mini', 'basic', 0.94, 0.97, 1.5, null, 400_000, 128_000, NO_STOP, OPENAI, ['2026-03-17']],
  ['gpt-5.4', 'pro', 0.98, 0.98, 4, null, 1_050_000, 128_000, NO_STOP, OPENAI, ['2026-03-05']],
  ['gpt-5.5', 'pro', 0.984, 0.98, 8, null, 1_050_000, 128_000, REASONING, OPENAI_PRICED, ['2026-04-23']],
  ['gpt-5.6-luna', 'basic', 0.943, 0.97, 3, null, 1_050_000, 128_000, REASONING, OPENAI],
  ['gpt-5.6-terra', 'pro', 0.982, 0.98, 6, null, 1_050_000, 128_000, REASONING, OPENAI],
  ['gpt-5.6-sol', 'pro', 0.987, 0.98, 8, null, 1_050_000, 128_000, REASONING, OPENAI, [], ['gpt-5.6']],
  ['gpt-6-luna', 'basic', 0.948, 0.97, 3, null, 1_050_000, 128_000, REASONING, OPENAI_6],
  ['gpt-6-sol', 'pro', 0.99, 0.98, 8, null, 1_050_000, 128_000, REASONING, OPENAI_6],
  ['gpt-6-astra', 'pro', 0.995, 0.98, 12, null, 1_050_000, 128_000, REASONING, OPENAI_6],
]

// prettier-ignore
const ANTHROPIC_ROWS: readonly Row[] = [
  ['claude-haiku-4-5', 'basic', 0.92, 0.97, 1.5, null, 200_000, 64_000, CLAUDE_4, ANTHROPIC, ['20251001']],
  ['claude-haiku-5-5', 'basic', 0.945, 0.97, 2, null, 1_000_000, 128_000, CLAUDE_5, ANTHROPIC_NEW],
  ['claude-sonnet-4-5', 'pro', 0.966, 0.98, 3, null, 200_000, 64_000, CLAUDE_4, ANTHROPIC, ['20250929']],
  ['claude-sonnet-4-6', 'pro', 0.97, 0.98, 3, null, 1_000_000, 64_000, CLAUDE_4, ANTHROPIC],
  ['claude-sonnet-5', 'pro', 0.976, 0.98, 4, null, 1_000_000, 128_000, CLAUDE_5, ANTHROPIC],
  ['claude-sonnet-5-5', 'pro', 0.981, 0.98, 3, null, 1_000_000, 128_000, CLAUDE_5_FREE_TOOLS, ANTHROPIC_NEW],
  ['claude-opus-4-5', 'pro', 0.973, 0.98, 4, null, 200_000, 64_000, CLAUDE_4, ANTHROPIC, ['20251101']],
  ['claude-opus-4-6', 'pro', 0.977, 0.98, 4, null, 1_000_000, 128_000, CLAUDE_4, ANTHROPIC],
  ['claude-opus-4-7', 'pro', 0.98, 0.98, 5, null, 1_000_000, 128_000, CLAUDE_5, ANTHROPIC],
  ['claude-opus-4-8', 'pro', 0.983, 0.98, 5, null, 1_000_000, 128_000, CLAUDE_5, ANTHROPIC],
  ['claude-opus-5', 'pro', 0.986, 0.98, 6, null, 1_000_000, 128_000, CLAUDE_5, ANTHROPIC],
  ['claude-opus-5-5', 'pro', 0.99, 0.98, 6, null, 1_000_000, 128_000, CLAUDE_5_FREE_TOOLS, ANTHROPIC],
  ['claude-fable-5', 'pro', 0.99, 0.98, 10, null, 1_000_000, 128_000, CLAUDE_5_FREE_TOOLS, ANTHROPIC],
  ['claude-fable-5-1', 'pro', 0.993, 0.98, 10, null, 1_000_000, 128_000, CLAUDE_5_FREE_TOOLS, ANTHROPIC],
  ['claude-fable-5-2', 'pro', 0.995, 0.98, 10, null, null, null, CLAUDE_5_FREE_TOOLS, ANTHROPIC_BARE],
]

// prettier-ignore
const GOOGLE_ROWS: readonly Row[] = [
  ['gemini-2.5-flash-lite', 'basic', 0.89, 0.97, 1, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-2.5-flash', 'basic', 0.92, 0.97, 1.5, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-2.5-pro', 'pro', 0.965, 0.98, 6, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.1-flash-lite', 'basic', 0.905, 0.97, 1, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.1-pro-preview', 'pro', 0.975, 0.95, 6, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.5-flash-lite', 'basic', 0.915, 0.97, 1, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.5-flash', 'basic', 0.94, 0.97, 2, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.6-flash', 'basic', 0.942, 0.97, 2, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.7-flash', 'basic', 0.945, 0.97, 2, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-3.8-flash', 'basic', 0.948, 0.97, 2, null, 1_048_576, 65_536, USUAL, GOOGLE],
  ['gemini-4-argon', 'pro', 0.99, 0.98, 8, null, 1_048_576, 65_536, USUAL, GOOGLE],
]

/** Every row of the table. */
export const MODEL_FACTS: readonly ModelFacts[] = [
  ...OPENAI_ROWS.map((row) => toFacts('openai', row)),
  ...ANTHROPIC_ROWS.map((row) => toFacts('anthropic', row)),
  ...GOOGLE_ROWS.map((row) => toFacts('google', row)),
]

function toFacts(vendor: string, row: Row): ModelFacts {
  const [id, tier, quality, reliability, seconds, rpm, context, output, traits, source] = row
  return {
    id,
    vendor,
    aliases: row[11] ?? [],
    snapshots: (row[10] ?? []).map((suffix) => `${id}-${suffix}`),
    tier,
    qualityScore: quality,
    reliabilityScore: reliability,
    estimatedTime: seconds,
    requestsPerMinute: rpm,
    contextWindow: context,
    maxOutputTokens: output,
    capabilities: traits,
    source,
  }
}
