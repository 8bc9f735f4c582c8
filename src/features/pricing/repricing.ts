/** Extra request fields that change what a call costs. */

/** Values that leave the standard price in force. */
const STANDARD_TIERS: readonly unknown[] = [undefined, null, 'default', 'standard', 'standard_only']

/** Fields that are billed on top of, or instead of, the price per token, whatever their value. */
const BILLED_APART = ['web_search_options', 'speed', 'inference_geo', 'container', 'prediction']

/**
 * True when `provider_options` hold something whose price is not the catalogue's: the cost of such a
 * call is unknown, which is what it is reported as.
 */
export function changesPrice(options: { readonly [field: string]: unknown } | undefined): boolean {
  if (!options) return false
  const tier = options['service_tier'] ?? options['serviceTier']
  return (
    !STANDARD_TIERS.includes(tier) || BILLED_APART.some((field) => options[field] !== undefined)
  )
}
