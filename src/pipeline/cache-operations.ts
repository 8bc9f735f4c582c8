/** What callers do to stored answers: clear them, invalidate them by tag, judge them. */
import { RaptorflowError } from '../errors.js'
import type {
  ClearCacheResponse,
  FeedbackResponse,
  FeedbackVerdict,
  InvalidateTagsResponse,
} from '../contracts/response.js'
import { isoTime } from '../util/iso-time.js'
import type { PipelineDependencies } from './dependencies.js'
import { closedError } from './refusals.js'

type Dependencies = Pick<PipelineDependencies, 'cache' | 'clock' | 'closed'>

const MOST_PATIENCE_MS = 60_000

/** @throws RaptorflowError INVALID_REQUEST; PROVIDER_UNAVAILABLE, reason `closed` */
export async function levelsReady(
  { cache, closed }: Dependencies,
  ms: unknown = 1_000,
): Promise<boolean> {
  if (closed()) throw closedError()
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= MOST_PATIENCE_MS)) {
    throw invalid('ms', 'a number from 0 to 60,000', 'range')
  }
  return cache.ready(ms)
}

const LEVELS: readonly string[] = ['l1', 'l2', 'l3', 'all']

/**
 * A level that could not be cleared makes `success` false; its answers are not served all the same.
 * @throws RaptorflowError INVALID_REQUEST; PROVIDER_UNAVAILABLE, reason `closed`
 */
export async function clearCache(
  { cache, clock, closed }: Dependencies,
  level: 'l1' | 'l2' | 'l3' | 'all',
): Promise<ClearCacheResponse> {
  if (closed()) throw closedError()
  if (!LEVELS.includes(level)) {
    throw invalid('level', 'one of l1, l2, l3, all', 'enum')
  }
  const levels = await cache.clear(level)
  return {
    success: allWell(levels),
    level,
    timestamp: isoTime(clock.now()),
    levels,
  }
}

const MOST_TAGS = 1_000
/** As in a request. */
const LONGEST_TAG = 128

/**
 * From now on nothing with one of these tags is served, whatever level it is in. `success` is false
 * where a level could not record that: other processes that share it may not know yet.
 * @throws RaptorflowError INVALID_REQUEST; PROVIDER_UNAVAILABLE, reason `closed`
 */
export async function invalidateTags(
  { cache, clock, closed }: Dependencies,
  tags: unknown,
): Promise<InvalidateTagsResponse> {
  if (closed()) throw closedError()
  const own = ownTags(tags)
  if (own === undefined) {
    throw invalid('tags', `1-${MOST_TAGS} texts of 1-${LONGEST_TAG} characters`, 'type')
  }
  const levels = await cache.invalidateTags(own)
  return { success: allWell(levels), tags: own, timestamp: isoTime(clock.now()), levels }
}

/** A copy by position, which neither holes nor an iterator of the caller's can change. */
function ownTags(tags: unknown): readonly string[] | undefined {
  if (!Array.isArray(tags) || tags.length === 0 || tags.length > MOST_TAGS) return undefined
  const own = Array.from({ length: tags.length }, (_, index): unknown => tags[index])
  return own.every(isTag) ? own : undefined
}

const isTag = (tag: unknown): tag is string =>
  typeof tag === 'string' && tag.length > 0 && tag.length <= LONGEST_TAG

/**
 * What a caller thinks of an answer; what it has said before counts no second time. `bad` takes it out of the cache, wherever it is; after a match by
 * meaning, it also raises the similarity that is asked for from now on.
 * @throws RaptorflowError INVALID_REQUEST; NOT_FOUND for a request that is unknown, failed, or too long ago
 */
export function giveFeedback(
  deps: Dependencies & Pick<PipelineDependencies, 'judged' | 'ledger' | 'semantic'>,
  request_id: unknown,
  feedback: unknown,
): FeedbackResponse {
  if (deps.closed()) throw closedError()
  if (typeof request_id !== 'string') throw invalid('request_id', 'the id of a request', 'type')
  if (!isVerdict(feedback)) throw invalid('feedback', '`good` or `bad`', 'enum')
  const row = deps.ledger.requestOf(request_id)
  if (row?.outcome !== 'answered') throw unknownRequest(request_id)
  // Said twice, it must not take out the answer that came after.
  const before = deps.judged.get(request_id)
  const { served_key } = row
  const evicted = feedback === 'bad' && before?.evicted !== true && served_key !== undefined
  deps.judged.set(request_id, { last: feedback, evicted: evicted || before?.evicted === true })
  if (before?.last !== feedback) deps.semantic.feedback(request_id, feedback)
  if (evicted) {
    deps.cache.delete([served_key])
    deps.semantic.forget([served_key])
  }
  return { request_id, feedback, evicted, timestamp: isoTime(deps.clock.now()) }
}

const isVerdict = (feedback: unknown): feedback is FeedbackVerdict =>
  feedback === 'good' || feedback === 'bad'

function unknownRequest(request_id: string): RaptorflowError {
  return new RaptorflowError(
    'NOT_FOUND',
    'Expected `request_id` to be that of an answered request which is still remembered (`ledger.maxRows`), got another one',
    { details: { field: 'request_id', reason: 'unknown_request' }, request_id },
  )
}

function invalid(field: string, expected: string, validation: string): RaptorflowError {
  return new RaptorflowError(
    'INVALID_REQUEST',
    `Expected \`${field}\` to be ${expected}, got something else`,
    { details: { field, validation } },
  )
}

function allWell(levels: { readonly [level: string]: { readonly success: boolean } }): boolean {
  return Object.values(levels).every(({ success }) => success)
}
