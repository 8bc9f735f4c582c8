/** What is wrong with a scripted reply: a field or a fault that would silently have no effect. */
import { closest } from '../../util/closest.js'
import type { MockFault } from './mock-faults.js'
import type { ScriptedAnswer } from '../scripted-answer.js'

type Fields = Readonly<Record<string, unknown>>

const REPLY_FIELDS: Readonly<Record<keyof ScriptedAnswer | 'fault', true>> = {
  text: true,
  reasoning: true,
  tool_calls: true,
  finish_reason: true,
  usage: true,
  chunks: true,
  latencyMs: true,
  firstByteMs: true,
  betweenChunksMs: true,
  fault: true,
}

/** What each fault must say besides its kind, and what it may. */
const FAULTS: Readonly<
  Record<MockFault['kind'], { readonly needs?: string; readonly takes?: readonly string[] }>
> = {
  status: { needs: 'status', takes: ['retryAfterMs', 'type'] },
  network: {},
  connection_reset: {},
  bad_response: {},
  empty: {},
  content_filter: {},
  context_length: {},
  stall: {},
  stall_after: { needs: 'chunks' },
  truncated: { needs: 'chunks' },
}

/** A sentence that says what came and what may; undefined for a good reply. */
export function replyProblem(reply: unknown): string | undefined {
  if (typeof reply === 'string') return undefined
  if (!isFields(reply)) return `got ${reply === null ? 'null' : typeof reply}.`
  return (
    unknownName('field', Object.keys(reply), Object.keys(REPLY_FIELDS)) ??
    (reply['fault'] === undefined ? undefined : faultProblem(reply['fault']))
  )
}

function faultProblem(fault: unknown): string | undefined {
  const kind = isFields(fault) ? fault['kind'] : fault
  if (!isFields(fault) || typeof kind !== 'string') {
    return "expected its `fault` to be an object with a `kind`, for instance { kind: 'network' }."
  }
  const kinds = Object.keys(FAULTS)
  const wrong = unknownName('fault', [kind], kinds)
  if (wrong !== undefined) return wrong
  const { needs, takes = [] } = FAULTS[kind as MockFault['kind']]
  if (needs !== undefined && typeof fault[needs] !== 'number') {
    return `expected the fault \`${kind}\` to have the number \`${needs}\`.`
  }
  const fields = ['kind', ...(needs === undefined ? [] : [needs]), ...takes]
  return unknownName(`field of the fault \`${kind}\`:`, Object.keys(fault), fields)
}

function unknownName(
  what: string,
  given: readonly string[],
  known: readonly string[],
): string | undefined {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return undefined
  const meant = closest(unknown, known)
  const hint = meant === undefined ? '' : ` Did you mean \`${meant}\`?`
  return `unknown ${what} \`${unknown}\`.${hint} Known: ${known.join(', ')}.`
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
