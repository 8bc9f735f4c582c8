/** The arguments of a call, in both forms, as one: each option is read once and checked. */
import { RaptorflowError } from '../errors.js'
import type { BatchCallOptions, CallOptions } from '../contracts/request.js'
import { REQUEST_ID } from '../util/id.js'
import type { PipelineCallOptions } from './run.js'

export interface SplitCall {
  /** Not validated yet. */
  readonly request: unknown
  readonly options: PipelineCallOptions
}

type Given = { readonly [Name in keyof BatchCallOptions]?: unknown }

const NO_OPTIONS: CallOptions = Object.freeze({})

/**
 * `(request, options)` and `(prompt, fields and options)` alike. Never throws: what is wrong with the
 * options is their `fault`, with which the call then fails. Anything that is not an object counts as
 * no options: the request's own check speaks for itself.
 */
export function splitCall(request: unknown, options: unknown): SplitCall {
  const prompt = typeof request === 'string'
  if (!isGiven(options))
    return { request: prompt ? { prompt: request } : request, options: NO_OPTIONS }
  if (!prompt) return { request, options: readOptions(options) }
  try {
    const { signal, request_id, key_id, ...fields } = options
    return {
      request: { ...fields, prompt: request },
      options: readOptions({ signal, request_id, key_id }),
    }
  } catch {
    return { request, options: { fault: unreadable() } }
  }
}

/** @throws RaptorflowError INVALID_REQUEST, naming the option */
export function batchOptions(options: unknown): BatchCallOptions {
  if (!isGiven(options)) return NO_OPTIONS
  const { fault, ...own } = readOptions(options)
  if (fault) throw fault
  const { onProgress } = options
  if (onProgress === undefined || onProgress === null) return own
  if (!isFunction(onProgress)) throw badOption('onProgress', 'a function', 'type')
  return { ...own, onProgress }
}

/** `null` means omitted, as in a request. */
function readOptions(options: Given): PipelineCallOptions {
  try {
    const { signal, request_id, key_id } = options
    const own = {
      signal: signal ?? undefined,
      request_id: request_id ?? undefined,
      key_id: key_id ?? undefined,
    }
    return isValid(own) ? own : { fault: faultOf(own) }
  } catch {
    // A getter of the caller's may throw anything: nothing of it is passed on.
    return { fault: unreadable() }
  }
}

function isValid(options: Given): options is CallOptions {
  const { signal, request_id, key_id } = options
  return (
    (signal === undefined || isSignal(signal)) &&
    (request_id === undefined || isRequestId(request_id)) &&
    (key_id === undefined || typeof key_id === 'string')
  )
}

function faultOf({ signal, request_id }: Given): RaptorflowError {
  if (signal !== undefined && !isSignal(signal))
    return badOption('signal', 'an AbortSignal', 'type')
  if (request_id !== undefined && !isRequestId(request_id)) {
    return badOption('request_id', '1-64 characters of A-Z a-z 0-9 _ . -', 'format')
  }
  return badOption('key_id', 'a string', 'type')
}

function badOption(field: string, expected: string, validation: string): RaptorflowError {
  return new RaptorflowError(
    'INVALID_REQUEST',
    `Expected \`${field}\` to be ${expected}, got something else`,
    { details: { field, validation } },
  )
}

function unreadable(): RaptorflowError {
  return badOption('options', 'an object whose fields can be read', 'type')
}

function isGiven(options: unknown): options is Given {
  return typeof options === 'object' && options !== null
}

/** By its shape: the signal of a DOM emulation or a polyfill is not an instance of Node's own. */
function isSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>
  return (
    typeof aborted === 'boolean' && isFunction(addEventListener) && isFunction(removeEventListener)
  )
}

function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && REQUEST_ID.test(value)
}

function isFunction(value: unknown): value is () => unknown {
  return typeof value === 'function'
}
