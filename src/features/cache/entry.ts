/** Cache entries: made from an answer, or taken over from a tier after a check; frozen either way. */
import type { CacheEntry, SemanticRecord, StoredAnswer } from '../../contracts/cache-tier.js'
import type { Random } from '../../contracts/clock.js'
import { isCacheable, isObject } from './cacheable.js'
import { adoptSemantic } from './semantic-record.js'

export interface EntryOptions {
  /** Seconds the answer is fresh, before jitter; >= 0. */
  readonly ttl_seconds: number
  /** Seconds it may be served after that when every provider fails; >= 0. */
  readonly graceSeconds: number
  /** Epoch milliseconds. */
  readonly now: number
  readonly random: Random
  readonly tags?: readonly string[] | undefined
  /** Left out when it is not valid. */
  readonly semantic?: SemanticRecord | undefined
}

const JITTER = 0.1
/** The objects, arrays, key and list links around the texts: about 500 bytes in V8. */
const OVERHEAD_BYTES = 512

/** Entries made or checked here. They are frozen, so one check lasts. */
const checked = new WeakSet<object>()

/**
 * A frozen copy of the answer with its times. The time to live, the default as well as a request's
 * own, varies by +-10 % so that answers stored together do not expire together.
 */
export function createEntry(answer: StoredAnswer, options: EntryOptions): CacheEntry {
  const ttl = options.ttl_seconds * (1 - JITTER + 2 * JITTER * options.random())
  const fresh_until = Math.round(options.now + ttl * 1_000)
  const stale_until = fresh_until + Math.round(options.graceSeconds * 1_000)
  const { now: created_at, tags = [], semantic } = options
  return seal({ answer, tags, semantic, created_at, fresh_until, stale_until })
}

/**
 * What a tier gave back as an entry, or undefined when it is none: unknown version, wrong shape,
 * times out of order, or an answer that may not be stored. Foreign objects are copied and frozen.
 */
export function adoptEntry(value: unknown): CacheEntry | undefined {
  if (!isObject(value)) return undefined
  if (isChecked(value)) return value
  const { v, answer, tags, semantic, created_at, fresh_until, stale_until } = value
  if (v !== 1 || !isTextList(tags) || !isCacheable(answer)) return undefined
  if (!isTime(created_at) || !isTime(fresh_until) || !isTime(stale_until)) return undefined
  if (created_at > fresh_until || fresh_until > stale_until) return undefined
  return seal({ answer, tags, semantic, created_at, fresh_until, stale_until })
}

const isChecked = (value: object): value is CacheEntry => checked.has(value)
const isTime = (value: unknown): value is number => Number.isFinite(value)
const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

type Parts = Pick<CacheEntry, 'answer' | 'tags' | 'created_at' | 'fresh_until' | 'stale_until'> & {
  readonly semantic: unknown
}

function seal({ answer, tags, semantic: given, ...times }: Parts): CacheEntry {
  const semantic = given === undefined ? undefined : adoptSemantic(given)
  const entry: CacheEntry = Object.freeze({
    v: 1 as const,
    answer: frozenAnswer(answer),
    created_at: times.created_at,
    fresh_until: times.fresh_until,
    stale_until: times.stale_until,
    size: sizeOf(answer, tags) + semanticSize(semantic),
    tags: Object.freeze([...tags]),
    ...(semantic && { semantic }),
  })
  checked.add(entry)
  return entry
}

/** Field by field, so that nothing but the contract's fields is kept or served. */
function frozenAnswer(answer: StoredAnswer): StoredAnswer {
  const { usage } = answer
  return Object.freeze({
    text: answer.text,
    reasoning: answer.reasoning,
    tool_calls: Object.freeze(
      answer.tool_calls.map((call) =>
        Object.freeze({ id: call.id, name: call.name, arguments: call.arguments }),
      ),
    ),
    finish_reason: answer.finish_reason,
    usage: Object.freeze({
      input: usage.input,
      cache_read: usage.cache_read,
      cache_write: usage.cache_write,
      output: usage.output,
      reasoning: usage.reasoning,
    }),
    model_used: answer.model_used,
    provider_used: answer.provider_used,
    requested_model: answer.requested_model,
    substitution: answer.substitution,
    substitution_reason: answer.substitution_reason,
    cost: answer.cost,
  })
}

/** Bytes of memory, estimated from above: V8 keeps ASCII in one byte a character, else up to two. */
function sizeOf(answer: StoredAnswer, tags: readonly string[]): number {
  let bytes = OVERHEAD_BYTES + bytesOf(answer.text) + bytesOf(answer.reasoning)
  for (const call of answer.tool_calls) {
    bytes += 64 + bytesOf(call.id) + bytesOf(call.name) + bytesOf(call.arguments)
  }
  for (const tag of tags) bytes += 16 + bytesOf(tag)
  return bytes
}

function semanticSize(semantic: SemanticRecord | undefined): number {
  if (!semantic) return 0
  const { scope, embedder, text, vector } = semantic
  return 256 + bytesOf(scope) + bytesOf(embedder) + bytesOf(text) + vector.byteLength
}

function bytesOf(text: string | undefined): number {
  if (text === undefined) return 0
  return Buffer.byteLength(text) === text.length ? text.length : text.length * 2
}
