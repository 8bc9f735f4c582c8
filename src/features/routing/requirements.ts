/** What a request needs of a model, and the first thing a model lacks. */
import type { ModelCapabilities } from '../../contracts/model.js'
import type { ContentPart, ParsedRequest } from '../../contracts/request.js'
import type { Offer } from '../../contracts/provider.js'

/** Why a candidate was left out, with the request field that did it. */
export interface Rejection {
  readonly reason: string
  readonly field: string
}

interface Requirement {
  readonly field: string
  readonly capability: keyof ModelCapabilities
}

/** The abilities a request cannot do without: only what it names counts, defaults do not. */
export function requirementsOf(request: ParsedRequest): readonly Requirement[] {
  const needs: Requirement[] = []
  const need = (field: string, capability: keyof ModelCapabilities, needed: boolean): void => {
    if (needed) needs.push({ field, capability })
  }
  const choice = request.tool_choice
  const format = request.response_format?.type
  need('tools', 'tools', request.tools !== undefined && request.tools.length > 0)
  need('tool_choice', 'toolChoice', choice === 'required' || typeof choice === 'object')
  need(
    'messages',
    'images',
    hasPart(request, (part) => part.type === 'image'),
  )
  need(
    'messages',
    'files',
    hasPart(request, (part) => part.type === 'file'),
  )
  need('messages', 'fileUrls', hasPart(request, isLinkedFile))
  need('response_format', 'jsonObject', format === 'json_object')
  need('response_format', 'jsonSchema', format === 'json_schema')
  need('stop', 'stop', request.stop !== undefined)
  need('seed', 'seed', request.seed !== undefined)
  need('top_p', 'topP', request.top_p !== undefined)
  return needs
}

/** The first reason why this offer cannot serve the request; undefined when it can. */
export function rejectionOf(
  offer: Offer,
  request: ParsedRequest,
  needs: readonly Requirement[],
  inputTokens: number,
): Rejection | undefined {
  const { capabilities } = offer.model
  const missing = needs.find(({ capability }) => capabilities[capability] === false)
  if (missing) return { reason: `capability:${missing.capability}`, field: missing.field }
  return temperatureRejection(capabilities, request) ?? sizeRejection(offer, request, inputTokens)
}

function temperatureRejection(
  capabilities: ModelCapabilities,
  request: ParsedRequest,
): Rejection | undefined {
  if (request.temperature === undefined) return undefined
  const { maxTemperature } = capabilities
  if (maxTemperature === null || request.temperature > maxTemperature) {
    return { reason: 'capability:temperature', field: 'temperature' }
  }
  if (request.top_p !== undefined && !capabilities.temperatureWithTopP) {
    return { reason: 'capability:temperatureWithTopP', field: 'top_p' }
  }
  return undefined
}

function sizeRejection(
  { model }: Offer,
  request: ParsedRequest,
  inputTokens: number,
): Rejection | undefined {
  if (model.maxOutputTokens !== null && (request.max_tokens ?? 0) > model.maxOutputTokens) {
    return { reason: 'max_output', field: 'max_tokens' }
  }
  if (
    model.contextWindow !== null &&
    inputTokens + (request.max_tokens ?? 0) > model.contextWindow
  ) {
    return { reason: 'context_length', field: request.prompt === undefined ? 'messages' : 'prompt' }
  }
  return undefined
}

function isLinkedFile(part: ContentPart): boolean {
  return part.type === 'file' && part.url !== undefined
}

function hasPart(request: ParsedRequest, wanted: (part: ContentPart) => boolean): boolean {
  return (request.messages ?? []).some(
    ({ content }) => Array.isArray(content) && content.some(wanted),
  )
}
