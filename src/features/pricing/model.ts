/** One model with every field settled: the provider's listing, the table, the wire's limits. */
import type { Model, ModelCapabilities, ModelOptions } from '../../contracts/model.js'

/** What the table may know; `ModelFacts` is one such. */
export type KnownFacts = Omit<Model, 'id' | 'price' | 'capabilities'> & {
  readonly capabilities: Partial<ModelCapabilities>
}

const NOTHING_KNOWN: KnownFacts = {
  aliases: [],
  contextWindow: null,
  maxOutputTokens: null,
  capabilities: {},
  qualityScore: null,
  reliabilityScore: null,
  estimatedTime: null,
  requestsPerMinute: null,
  tier: 'basic',
}

/**
 * What the listing says comes first, then the table. Of abilities, the wire format's are the limit
 * of both: a model cannot be sent what its provider cannot carry.
 */
export function toModel(
  options: ModelOptions,
  wire: ModelCapabilities,
  facts: KnownFacts = NOTHING_KNOWN,
): Model {
  // Providers are handed it with every call: what one of them writes must not be everybody's.
  return Object.freeze({
    id: options.id,
    aliases: options.aliases ?? facts.aliases,
    price: options.price ?? null,
    contextWindow: options.contextWindow ?? facts.contextWindow,
    maxOutputTokens: options.maxOutputTokens ?? facts.maxOutputTokens,
    capabilities: intersect(wire, facts.capabilities, options.capabilities ?? {}),
    qualityScore: options.qualityScore ?? facts.qualityScore,
    reliabilityScore: options.reliabilityScore ?? facts.reliabilityScore,
    estimatedTime: options.estimatedTime ?? facts.estimatedTime,
    requestsPerMinute: options.requestsPerMinute ?? facts.requestsPerMinute,
    tier: options.tier ?? facts.tier,
  })
}

type Ability = Exclude<keyof ModelCapabilities, 'maxTemperature'>

function intersect(
  wire: ModelCapabilities,
  facts: Partial<ModelCapabilities>,
  own: Partial<ModelCapabilities>,
): ModelCapabilities {
  const can = (ability: Ability): boolean =>
    wire[ability] && (own[ability] ?? facts[ability] ?? true)
  // Null refuses the parameter, undefined has no opinion.
  const limit = own.maxTemperature !== undefined ? own.maxTemperature : facts.maxTemperature
  return Object.freeze({
    tools: can('tools'),
    toolChoice: can('toolChoice'),
    images: can('images'),
    files: can('files'),
    fileUrls: can('fileUrls'),
    jsonObject: can('jsonObject'),
    jsonSchema: can('jsonSchema'),
    stop: can('stop'),
    seed: can('seed'),
    topP: can('topP'),
    maxTemperature: lower(wire.maxTemperature, limit),
    temperatureWithTopP: can('temperatureWithTopP'),
    stream: can('stream'),
  })
}

function lower(wire: number | null, limit: number | null | undefined): number | null {
  if (limit === undefined) return wire
  return wire === null || limit === null ? null : Math.min(wire, limit)
}
