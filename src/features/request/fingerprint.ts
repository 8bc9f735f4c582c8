/** Which requests have the same answer (cache key) and which may share one call (flight key). */
import { hash } from 'node:crypto'
import type { ContentPart, Message, ParsedRequest } from '../../contracts/request.js'
import { RaptorflowError } from '../../errors.js'
import { canonicalJson } from './canonical.js'

/** Changes whenever the encoding below does, so that no old entry is taken for a new one. */
const VERSION = 'raptorflow1'
const DEFAULT_WORKSPACE = 'default'
const OMITTED = '~'

/**
 * The sha-256 of `preimage`, 43 characters of base64url. Not in it: what changes who is asked when,
 * but not the answer (priority, timeout_seconds, metadata, budget_limit, cache.ttl_seconds, …).
 * @param defaultModel the client's; it decides the answer when no model is named
 * @throws RaptorflowError INVALID_REQUEST when `cache.scope` is `user` and no `user_id` is given
 */
export function cacheKey(request: ParsedRequest, defaultModel: string): string {
  return hash('sha256', preimage(request, defaultModel), 'base64url')
}

/**
 * The cache key with what else two callers must share to share one running call: the cache's version,
 * substitution, fallback, strategy, cost_optimize, budget_limit, semantic matching and `refresh`.
 */
export function flightKey(cacheKey: string, request: ParsedRequest, version: number): string {
  const key = sharedBy(cacheKey, request, version)
  // An ordinary call may end with an older answer: one that means the same, or one past its time.
  return request.cache?.refresh === true ? `${key};refresh` : key
}

function sharedBy(cacheKey: string, request: ParsedRequest, version: number): string {
  const { substitution = OMITTED, budget_limit = OMITTED, cache, fallback } = request
  const options = `${substitution};${budget_limit};${semantic(cache?.semantic)};${texts(fallback)}`
  return `${cacheKey};${version};${routing(request)};${options}`
}

/** What processes call the work of one cache key; the cache's version is each process's own. */
export function leaseName(cacheKey: string, request: ParsedRequest): string {
  return hash('sha256', sharedBy(cacheKey, request, 0), 'base64url')
}

/**
 * Everything that changes the answer, the tenant first. Each text stands behind its length and
 * each optional part has a mark of its own, so that no two different requests give the same string.
 */
export function preimage(request: ParsedRequest, defaultModel: string): string {
  return `${VERSION};${scope(request)}${model(request, defaultModel)}${sampling(request)}${structured(
    request,
  )}${text(request.system)}${conversation(request)}`
}

function scope(request: ParsedRequest): string {
  const workspace = text(request.workspace_id ?? DEFAULT_WORKSPACE)
  if (request.cache?.scope !== 'user') return `w${workspace}`
  if (request.user_id !== undefined) return `u${workspace}${text(request.user_id)}`
  throw new RaptorflowError(
    'INVALID_REQUEST',
    'Expected `user_id` to be given with `cache.scope` `user`, got nothing',
    { details: { field: 'user_id', validation: 'required' } },
  )
}

/** Omitted and `auto` mean the same: routing chooses, by strategy, above the default model's floor. */
function model(request: ParsedRequest, defaultModel: string): string {
  const { model_name } = request
  if (model_name !== undefined && model_name !== 'auto') return `n${text(model_name)}`
  return `a${text(defaultModel)}${routing(request)};`
}

function routing({ strategy = 'balanced', cost_optimize = true }: ParsedRequest): string {
  return cost_optimize ? strategy : `${strategy}!`
}

function sampling({ temperature, top_p, max_tokens, seed, stop }: ParsedRequest): string {
  return `${temperature ?? OMITTED};${max_tokens ?? OMITTED};${top_p ?? OMITTED};${
    seed ?? OMITTED
  };${texts(stop)}`
}

function structured(request: ParsedRequest): string {
  const { tools, tool_choice, response_format, provider_options } = request
  return json(tools) + json(tool_choice) + json(response_format) + json(provider_options)
}

function conversation({ prompt, messages }: ParsedRequest): string {
  if (messages === undefined) return `p${text(prompt)}`
  return `m${messages.length};${messages.map(message).join('')}`
}

function message(held: Message): string {
  switch (held.role) {
    case 'system':
      return `s${text(held.content)}`
    case 'user':
      if (typeof held.content === 'string') return `u${text(held.content)}`
      return `c${held.content.length};${held.content.map(part).join('')}`
    case 'assistant': {
      const calls = held.tool_calls ?? []
      const encoded = calls.map((call) => text(call.id) + text(call.name) + text(call.arguments))
      return `a${text(held.content)}${calls.length};${encoded.join('')}`
    }
    case 'tool':
      return `t${text(held.tool_call_id)}${text(held.content)}`
  }
}

function part(held: ContentPart): string {
  switch (held.type) {
    case 'text':
      return `t${text(held.text)}`
    case 'image':
      return `i${text(held.url)}${text(held.data)}${text(held.media_type)}`
    case 'file':
      return `f${text(held.url)}${text(held.data)}${text(held.media_type)}${text(held.filename)}`
  }
}

function semantic(option: NonNullable<ParsedRequest['cache']>['semantic']): string {
  if (typeof option !== 'object') return String(option ?? OMITTED)
  return `>${option.threshold ?? OMITTED}`
}

function json(value: unknown): string {
  return value === undefined ? OMITTED : text(canonicalJson(value))
}

function texts(values: readonly string[] | undefined): string {
  return values === undefined ? OMITTED : `${values.length};${values.map(text).join('')}`
}

/** Never JSON.stringify: it is what makes long keys slow (16 KB: 48 us against 15 us for all). */
function text(value: string | null | undefined): string {
  return value === undefined || value === null ? OMITTED : `${value.length}:${value}`
}
