/** Checks of the options that all providers share, and what custom wire formats are assumed to carry. */
import type { ModelCapabilities, ModelOptions, ModelPrice } from '../../contracts/model.js'
import { EVERY_CAPABILITY } from '../../util/capabilities.js'
import { invalidOption } from '../../util/invalid-option.js'
import { refuseUnknown } from '../../util/option-checks.js'

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** RFC 9110 5.6.2: what a header's name may hold. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Text in, text out, with the usual sampling parameters. */
export const TEXT_CAPABILITIES: ModelCapabilities = {
  ...EVERY_CAPABILITY,
  tools: false,
  toolChoice: false,
  images: false,
  files: false,
  fileUrls: false,
  jsonObject: false,
  jsonSchema: false,
}

/** Every option there is; one that is forgotten here does not compile. */
export type Known<Options extends object> = Readonly<Record<keyof Options & string, true>>

const MODEL_FIELDS: Known<ModelOptions> = {
  id: true,
  aliases: true,
  price: true,
  contextWindow: true,
  maxOutputTokens: true,
  capabilities: true,
  qualityScore: true,
  reliabilityScore: true,
  estimatedTime: true,
  requestsPerMinute: true,
  tier: true,
}
const RATES = { input: true, output: true, cacheRead: true, cacheWrite: true } as const
const PRICE_FIELDS: Known<ModelPrice> = { ...RATES, tiers: true }
const TIER_FIELDS: Known<NonNullable<ModelPrice['tiers']>[number]> = {
  ...RATES,
  aboveInputTokens: true,
}
const CAPABILITIES = Object.fromEntries(
  Object.keys(EVERY_CAPABILITY).map((name) => [name, true]),
) as Known<ModelCapabilities>

/**
 * Refuses what would otherwise have no effect: a misspelt `baseURL` would send everything elsewhere.
 * @param what whose options these are, for instance `openai()`
 * @param path where they stand, for instance `models.0.price.`
 */
export function checkKnown<Options extends object>(
  what: string,
  options: Options,
  known: Known<Options>,
  path = '',
): void {
  refuseUnknown(what, options, Object.keys(known), path)
}

/** What models can do, by name. */
export function checkCapabilities(what: string, value: unknown, path: string): void {
  if (value !== undefined) checkKnown(what, value as ModelCapabilities, CAPABILITIES, `${path}.`)
}

/** A provider's name. */
export function checkName(value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalidOption(
    'name',
    '1-64 characters of a-z, 0-9, _ and -, not beginning with _ or -',
    value,
  )
}

/** A value that must not be left out; the other checks here let undefined pass. */
export function checkGiven(option: string, value: unknown): void {
  if (value === undefined) throw invalidOption(option, 'given', value)
}

/** A value that may be left out, but not be empty. */
export function checkText(option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  throw invalidOption(option, 'a string that is not empty', value)
}

export function checkFunction(option: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw invalidOption(option, 'a function', value)
}

/** An address may not hold credentials: it appears in places a key must not. */
export function checkURL(option: string, value: unknown): void {
  if (value === undefined) return
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (isWeb && url.username === '' && url.password === '') return
  throw invalidOption(option, 'an http or https URL without credentials in it', value)
}

export function checkHeaders(option: string, value: unknown): void {
  if (value === undefined) return
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const good = (entry: [string, unknown]): boolean =>
    HEADER_NAME.test(entry[0]) && typeof entry[1] === 'string'
  if (isRecord && Object.entries(value).every(good)) return
  throw invalidOption(option, 'an object of header names and string values', value)
}

/** Models as names or with their facts; a name alone leaves the facts to the catalogue. */
export function checkModels(what: string, value: unknown): readonly ModelOptions[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidOption('models', 'an array of at least one model', value)
  }
  const seen = new Set<string>()
  return (value as unknown[]).map((item, index) => {
    const path = `models.${index}`
    const model = typeof item === 'string' ? { id: item } : item
    if (!isModelOptions(model)) {
      throw invalidOption(path, 'a model name or an object with an `id`', item)
    }
    checkModel(what, model, `${path}.`)
    if (seen.has(model.id)) throw invalidOption(path, 'a model that is not listed yet', item)
    seen.add(model.id)
    return model
  })
}

/** Names only: what a price's rates may be, the catalogue checks. */
function checkModel(what: string, model: ModelOptions, path: string): void {
  checkKnown(what, model, MODEL_FIELDS, path)
  checkCapabilities(what, model.capabilities, `${path}capabilities`)
  if (model.price === undefined) return
  checkKnown(what, model.price, PRICE_FIELDS, `${path}price.`)
  const tiers: unknown = model.price.tiers ?? []
  if (!Array.isArray(tiers)) throw invalidOption(`${path}price.tiers`, 'an array', tiers)
  for (const [index, tier] of (tiers as NonNullable<ModelPrice['tiers']>).entries()) {
    checkKnown(what, tier, TIER_FIELDS, `${path}price.tiers.${index}.`)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isModelOptions(value: unknown): value is ModelOptions {
  if (!isObject(value) || !('id' in value)) return false
  return typeof value.id === 'string' && value.id !== ''
}

/** Fills what the models leave open, so that a model may both widen and narrow the provider's abilities. */
export function withCapabilities(
  models: readonly ModelOptions[],
  defaults: ModelCapabilities,
): readonly ModelOptions[] {
  return models.map((model) => ({
    ...model,
    capabilities: { ...defaults, ...model.capabilities },
  }))
}

/** What at least one of the models can: a provider's own abilities bound those of its models. */
export function widest(
  defaults: ModelCapabilities,
  models: readonly ModelOptions[],
): ModelCapabilities {
  const all = [defaults, ...models.map((model) => ({ ...defaults, ...model.capabilities }))]
  const some = (name: keyof Omit<ModelCapabilities, 'maxTemperature'>): boolean =>
    all.some((capabilities) => capabilities[name])
  const temperatures = all.flatMap(({ maxTemperature }) => maxTemperature ?? [])
  return {
    tools: some('tools'),
    toolChoice: some('toolChoice'),
    images: some('images'),
    files: some('files'),
    fileUrls: some('fileUrls'),
    jsonObject: some('jsonObject'),
    jsonSchema: some('jsonSchema'),
    stop: some('stop'),
    seed: some('seed'),
    topP: some('topP'),
    maxTemperature: temperatures.length === 0 ? null : Math.max(...temperatures),
    temperatureWithTopP: some('temperatureWithTopP'),
    stream: some('stream'),
  }
}
