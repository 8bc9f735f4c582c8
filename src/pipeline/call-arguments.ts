/** The two forms of a call, `(request, options)` and `(prompt, fields and options)`, as one. */
import type { CallOptions } from '../contracts/request.js'
import type { PipelineCallOptions } from './run.js'

export interface SplitCall {
  /** Not validated yet. */
  readonly request: unknown
  readonly options: PipelineCallOptions
}

const NO_OPTIONS: PipelineCallOptions = Object.freeze({})

/** Anything that is not an object counts as no options: the request's own check speaks for itself. */
export function splitCall(request: unknown, options: object | undefined): SplitCall {
  const given = typeof options === 'object' ? (options as CallOptions | null) : undefined
  if (typeof request !== 'string') return { request, options: given ?? NO_OPTIONS }
  if (!given) return { request: { prompt: request }, options: NO_OPTIONS }
  const { signal, request_id, key_id, ...fields } = given
  return { request: { ...fields, prompt: request }, options: { signal, request_id, key_id } }
}
