/** The default source of prices: the data of `@pydantic/genai-prices`, loaded on first need. */
import type { calcPrice } from '@pydantic/genai-prices'
import type { Clock } from '../../contracts/clock.js'
import type { Logger } from '../../contracts/logger.js'
import type { ModelPrice, PriceSource } from '../../contracts/model.js'
import { errorKind } from '../../util/error-kind.js'

export interface GenaiPricesDeps {
  readonly clock: Clock
  /** Told once when the package cannot be loaded or read; every price is unknown from then on. */
  readonly logger: Logger
}

/** A number, or a base price with steps, as the package writes it. */
type Entry = number | { readonly base: number; readonly tiers: readonly Step[] }
interface Step {
  /** Applies when the whole input is larger. */
  readonly start: number
  readonly price: number
}

/** Prices per unit that `ModelPrice` cannot express: leaving them out would undercount. */
const INEXPRESSIBLE = [
  'requests_kcount',
  'input_text_messages_kcount',
  'output_reasoning_mtok',
  'output_citation_mtok',
]

/**
 * Prices in USD per million tokens from the installed data: no network.
 * Importing it costs about 120 ms, so that happens at the first question; later answers are
 * synchronous. Prices that start on a date or hold at a time of day are those of the moment of the
 * question. Vendors are named as in the data (`openai`, `anthropic`, `google`, `deepseek`, …).
 * Cache writes are priced at the vendor's default lifetime.
 */
export function genaiPrices(deps: GenaiPricesDeps): PriceSource {
  let calculate: typeof calcPrice | undefined
  let loading: Promise<void> | undefined
  let failed = false

  const fail = (error: unknown): void => {
    if (failed) return
    failed = true
    const kind = errorKind(error)
    deps.logger.warn({ error: kind }, 'the price data could not be read: prices are unknown')
  }
  const load = (): Promise<void> => {
    loading ??= import('@pydantic/genai-prices').then((loaded) => {
      calculate = loaded.calcPrice
    }, fail)
    return loading
  }
  const read = (vendor: string, model: string): ModelPrice | null => {
    if (failed || !calculate) return null
    try {
      // Asking for the price of nothing resolves names, dates and fallbacks by the package's rules.
      const found = calculate({ input_tokens: 0, output_tokens: 0 }, model, {
        providerId: vendor,
        timestamp: new Date(deps.clock.now()),
      })
      return found === null ? null : toModelPrice(found.model_price)
    } catch (error) {
      fail(error)
      return null
    }
  }

  return {
    priceOf: (vendor, model) =>
      calculate || failed ? read(vendor, model) : load().then(() => read(vendor, model)),
  }
}

/** Null unless both directions have a price and no other charge applies. */
function toModelPrice(prices: { readonly [key: string]: Entry | undefined }): ModelPrice | null {
  if (INEXPRESSIBLE.some((key) => prices[key] !== undefined)) return null
  const input = prices['input_mtok']
  const output = prices['output_mtok']
  if (input === undefined || output === undefined) return null
  const read = prices['cache_read_mtok']
  const write = prices['cache_write_mtok']

  const at = (inputTokens: number): Omit<ModelPrice, 'tiers'> => ({
    input: entryAt(input, inputTokens),
    output: entryAt(output, inputTokens),
    ...(read !== undefined && { cacheRead: entryAt(read, inputTokens) }),
    ...(write !== undefined && { cacheWrite: entryAt(write, inputTokens) }),
  })
  const starts = new Set(
    [input, output, read, write].flatMap((entry) =>
      typeof entry === 'object' ? entry.tiers.map((step) => step.start) : [],
    ),
  )
  if (starts.size === 0) return at(0)
  const tiers = [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({ aboveInputTokens: start, ...at(start + 1) }))
  return { ...at(0), tiers }
}

function entryAt(entry: Entry, inputTokens: number): number {
  if (typeof entry === 'number') return entry
  const passed = entry.tiers.filter((step) => inputTokens > step.start)
  return passed.sort((a, b) => a.start - b.start).at(-1)?.price ?? entry.base
}
