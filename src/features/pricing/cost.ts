/** What a call costs, in integer nano-USD: the only arithmetic on prices. */
import type { ModelPrice } from '../../contracts/model.js'
import type { Usage } from '../../contracts/provider.js'

type Rates = Omit<ModelPrice, 'tiers'>

/** USD per million tokens times 1,000 is nano-USD per token. */
const NANO_PER_TOKEN = 1_000

/**
 * Nano-USD of a finished call, rounded once to the nearest. The tier is chosen by the whole input
 * (plain, read from and written to the vendor's cache) and prices the whole call; reasoning is
 * billed as output. Cache prices that are not given equal `input`. Counts that are not positive
 * finite numbers count as 0.
 */
export function costOf(usage: Usage, price: ModelPrice): number {
  const input = count(usage.input)
  const read = count(usage.cache_read)
  const write = count(usage.cache_write)
  const rates = ratesAt(price, input + read + write)
  const usdPerMillion =
    input * rates.input +
    read * (rates.cacheRead ?? rates.input) +
    write * (rates.cacheWrite ?? rates.input) +
    (count(usage.output) + count(usage.reasoning)) * rates.output
  return Math.round(usdPerMillion * NANO_PER_TOKEN)
}

/** Nano-USD to expect before the call, without any vendor cache. */
export function estimatedCost(
  inputTokens: number,
  outputTokens: number,
  price: ModelPrice,
): number {
  return costOf(
    { input: inputTokens, cache_read: 0, cache_write: 0, output: outputTokens, reasoning: 0 },
    price,
  )
}

/**
 * Nano-USD that a call of at most this size cannot exceed; rounded up. No credit for cache reads;
 * every input token at the dearest of the plain, cache-write and cache-read rates, because vendors
 * write their caches unasked; every tier the input might reach counts, because the true input may be
 * smaller than the bound. Infinite when a bound is unknown (`Infinity`) and its rate is not 0.
 */
export function worstCaseCost(
  inputTokens: number,
  maxOutputTokens: number,
  price: ModelPrice,
): number {
  const dearest = dearestRates(price, bound(inputTokens))
  const usdPerMillion =
    product(bound(inputTokens), dearest.input) + product(bound(maxOutputTokens), dearest.output)
  return Math.ceil(usdPerMillion * NANO_PER_TOKEN)
}

/**
 * Most output tokens with which `worstCaseCost` stays within `limitNano`; 0 when the input alone
 * uses it up, `Number.MAX_SAFE_INTEGER` when output is free.
 */
export function affordableOutputTokens(
  limitNano: number,
  inputTokens: number,
  price: ModelPrice,
): number {
  const left = limitNano - worstCaseCost(inputTokens, 0, price)
  if (!(left > 0)) return 0
  const rate = dearestRates(price, bound(inputTokens)).output
  if (rate === 0) return Number.MAX_SAFE_INTEGER
  let tokens = Math.min(Math.floor(left / (rate * NANO_PER_TOKEN)), Number.MAX_SAFE_INTEGER)
  // Floating point may put the product one nano-dollar above the limit.
  while (tokens > 0 && worstCaseCost(inputTokens, tokens, price) > limitNano) {
    tokens -= Math.max(1, Math.ceil(tokens * 1e-12))
  }
  return tokens
}

function ratesAt(price: ModelPrice, inputTokens: number): Rates {
  let rates: Rates = price
  for (const tier of price.tiers ?? []) {
    if (inputTokens > tier.aboveInputTokens) rates = tier
  }
  return rates
}

function dearestRates(
  price: ModelPrice,
  inputTokens: number,
): { readonly input: number; readonly output: number } {
  const reachable: readonly Rates[] = [
    price,
    ...(price.tiers ?? []).filter((tier) => inputTokens > tier.aboveInputTokens),
  ]
  return {
    input: Math.max(
      ...reachable.map((rates) =>
        Math.max(rates.input, rates.cacheWrite ?? 0, rates.cacheRead ?? 0),
      ),
    ),
    output: Math.max(...reachable.map((rates) => rates.output)),
  }
}

/** A reported count: nonsense is 0, so that no sum becomes NaN or negative. */
function count(tokens: number): number {
  return Number.isFinite(tokens) && tokens > 0 ? tokens : 0
}

/** An upper bound: one that is no number bounds nothing. */
function bound(tokens: number): number {
  return Number.isNaN(tokens) ? Infinity : Math.max(0, tokens)
}

/** 0 x Infinity is NaN; an unbounded amount of something free is free. */
function product(tokens: number, rate: number): number {
  return rate === 0 || tokens === 0 ? 0 : tokens * rate
}
