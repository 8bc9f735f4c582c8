/** The smaller public operations, and the guard every one of them runs behind. */
import { RaptorflowError } from '../errors.js'
import type { TokenCount } from '../contracts/response.js'
import { countInputTokens } from '../features/pricing/tokenizer.js'
import { parseRequest } from '../features/request/parse.js'
import type { SplitCall } from './call-arguments.js'
import type { PipelineDependencies } from './dependencies.js'
import { unlessAborted } from './patience.js'
import { inputOf } from './provider-call.js'
import { publicForm } from './reporter.js'

/** Runs it so that nothing but a RaptorflowError comes out, always as a rejection. */
export async function guarded<T>(operation: () => T | Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw publicForm(error, undefined)
  }
}

/** @throws RaptorflowError INVALID_REQUEST: there is no promise that could reject with it */
export function checkListener(name: unknown, listener: unknown): void {
  const field = typeof name !== 'string' ? 'name' : 'listener'
  if (field === 'listener' && typeof listener === 'function') return
  throw new RaptorflowError(
    'INVALID_REQUEST',
    'Expected the name of an event and a function to call, got something else',
    { details: { field, validation: 'type' } },
  )
}

/** @throws RaptorflowError INVALID_REQUEST; ABORTED at once when the signal aborts */
export async function countTokens(
  { catalogue, defaultModel }: Pick<PipelineDependencies, 'catalogue' | 'defaultModel'>,
  { request: raw, options }: SplitCall,
): Promise<TokenCount> {
  const { fault, signal } = options
  if (fault) throw fault
  const request = parseRequest(raw)
  const { model_name } = request
  const name = model_name === undefined || model_name === 'auto' ? defaultModel : model_name
  const model = catalogue.find(name)[0]?.model.id ?? name
  const { tools, response_format } = request
  const input = { ...inputOf(request), tools, response_format }
  return unlessAborted(signal, () => countInputTokens(input, model, { signal }))
}
