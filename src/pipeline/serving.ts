/** Whether a stored answer may be served to a request. */
import type { ParsedRequest } from '../contracts/request.js'
import type { CacheHit } from '../features/cache/stack.js'
import { satisfies } from '../features/routing/substitution.js'
import type { PipelineDependencies } from './dependencies.js'

type Dependencies = Pick<PipelineDependencies, 'catalogue' | 'fallback'>

/** Its model must satisfy the request's policy, and text that should be JSON must still be JSON. */
export function mayServe(deps: Dependencies, hit: CacheHit, request: ParsedRequest): boolean {
  const { answer } = hit.entry
  const { catalogue, fallback } = deps
  if (!satisfies(answer, request, { fallback, find: (name) => catalogue.find(name) })) return false
  const format = request.response_format?.type
  if (format !== 'json_object' && format !== 'json_schema') return true
  return answer.finish_reason !== 'stop' || isJson(answer.text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
