/** Tells a usable price from nonsense, before money is computed with it. */
import type { ModelPrice } from '../../contracts/model.js'
import { invalidOption } from '../../util/invalid-option.js'

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration` */
export function checkPrice(option: string, price: unknown): void {
  if (isPrice(price)) return
  throw invalidOption(
    option,
    'a price { input, output, cacheRead?, cacheWrite?, tiers? } of USD per million tokens, all >= 0, tiers by ascending aboveInputTokens',
    price,
  )
}

/** True for finite rates >= 0 and tiers in ascending order. */
export function isPrice(value: unknown): value is ModelPrice {
  if (!isRates(value)) return false
  const tiers = 'tiers' in value ? value.tiers : undefined
  if (tiers === undefined) return true
  if (!Array.isArray(tiers)) return false
  let above = -1
  for (const tier of tiers as readonly unknown[]) {
    if (!isRates(tier) || !('aboveInputTokens' in tier)) return false
    const start = tier.aboveInputTokens
    if (!isRate(start) || start <= above) return false
    above = start
  }
  return true
}

function isRates(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const rates: { readonly [key: string]: unknown } = { ...value }
  return (
    isRate(rates['input']) &&
    isRate(rates['output']) &&
    (rates['cacheRead'] === undefined || isRate(rates['cacheRead'])) &&
    (rates['cacheWrite'] === undefined || isRate(rates['cacheWrite']))
  )
}

function isRate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
