/** From whatever a caller passed to a batch: its own fields checked, its requests as they came. */
import { explain } from './explain.js'
import { assertPlain, strangeKey } from './parse.js'
import { batchFieldsSchema, MAX_BATCH_REQUESTS } from './schema.js'
import { described, invalidRequest, mismatch, Violation } from './violation.js'

/** A batch with the documented defaults filled in. */
export interface ParsedBatch {
  /** Each still to be parsed, so that a bad one fails alone; the array is a copy. */
  readonly requests: readonly unknown[]
  /** Undefined when one is to be generated. */
  readonly batch_id: string | undefined
  readonly max_batch_size: number
  readonly timeout_seconds: number
  readonly deduplicate: boolean
  readonly parallel_processing: boolean
  readonly fail_fast: boolean
}

/** @throws RaptorflowError INVALID_REQUEST with `details.field` and `details.validation`; never else */
export function parseBatch(input: unknown, request_id?: string): ParsedBatch {
  try {
    return parse(input)
  } catch (thrown) {
    throw invalidRequest(thrown, 'batch', request_id)
  }
}

function parse(input: unknown): ParsedBatch {
  assertPlain(input, 'batch')
  const schema = batchFieldsSchema()
  const names = ['requests', ...Object.keys(schema.shape)]
  const held: Record<string, unknown> = {}
  for (const key of Object.keys(input)) {
    if (!names.includes(key)) throw strangeKey(key)
    held[key] = input[key]
  }
  const { requests, ...own } = held
  const copies = copyRequests(requests)
  const { data, error } = schema.safeParse(own, { jitless: true })
  if (error) throw explain(error.issues, own, 'batch')
  return {
    requests: copies,
    batch_id: data.batch_id ?? undefined,
    max_batch_size: data.max_batch_size ?? 10,
    timeout_seconds: data.timeout_seconds ?? 600,
    deduplicate: data.deduplicate ?? true,
    parallel_processing: data.parallel_processing ?? true,
    fail_fast: data.fail_fast ?? false,
  }
}

function copyRequests(requests: unknown): readonly unknown[] {
  const expected = `an array of 1 to ${MAX_BATCH_REQUESTS} requests`
  if (!Array.isArray(requests)) {
    const rule = requests === undefined || requests === null ? 'required' : 'type'
    throw new Violation('requests', rule, mismatch('requests', expected, described(requests)))
  }
  const { length } = requests
  if (!(length >= 1 && length <= MAX_BATCH_REQUESTS)) {
    const got = `an array of ${String(length)} items`
    throw new Violation('requests', 'size', mismatch('requests', expected, got))
  }
  // By index: a subclass or proxy of an array may iterate as it likes.
  const copies: unknown[] = []
  for (let index = 0; index < length; index += 1) copies.push(requests[index])
  return copies
}
