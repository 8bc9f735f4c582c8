/** Which requests may be asked again without their caller. */
import type { Message, ParsedRequest } from '../../contracts/request.js'

/** UTF-16 units of text one tracked request may hold: with 1,000 keys, at most some 32 MB in all. */
const MOST_UNITS = 16_384

/** What the caller kept out of the cache says nothing about what the cache will be asked. */
export function usesCache({ use_cache, cache }: ParsedRequest): boolean {
  return use_cache !== false && cache?.refresh !== true
}

/**
 * True when nobody is harmed by asking again: the answer belongs to no single user, no tool can act,
 * nothing is fetched (images, files), no vendor switch of unknown effect is set, and it is small enough
 * to be kept.
 */
export function isRepeatable(request: ParsedRequest): boolean {
  const { prompt, messages, system, tools, provider_options, cache } = request
  if (!usesCache(request) || request.stream === true) return false
  if (cache?.scope === 'user' || (tools !== undefined && tools.length > 0)) return false
  if (provider_options !== undefined) return false
  const texts = (prompt?.length ?? 0) + (system?.length ?? 0)
  if (texts > MOST_UNITS) return false
  return texts + unitsOf(messages ?? []) + structuredUnits(request) <= MOST_UNITS
}

/** Infinity for a conversation with anything but text in it. */
function unitsOf(messages: readonly Message[]): number {
  let units = 0
  for (const message of messages) {
    if (message.role === 'tool') return Infinity
    if (message.role === 'assistant' && message.tool_calls?.length) return Infinity
    const { content } = message
    if (typeof content === 'string') units += content.length
    else {
      for (const part of content ?? []) {
        if (part.type !== 'text') return Infinity
        units += part.text.length
      }
    }
  }
  return units
}

function structuredUnits({ metadata, response_format, fallback, stop }: ParsedRequest): number {
  let units = 0
  for (const value of [metadata, response_format, fallback, stop]) {
    if (value !== undefined) units += JSON.stringify(value).length
  }
  return units
}
