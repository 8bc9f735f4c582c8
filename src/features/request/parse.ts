/** From whatever a caller passed to a request in which every field can be trusted. */
/// <reference lib="es2024.string" />
import * as z from 'zod'
import type { ParsedRequest, StrategyName } from '../../contracts/request.js'
import { explain, unknownField } from './explain.js'
import { assertWellFormed, isForbiddenKey, isPlainObject } from './json-copy.js'
import { assertTextSize, copyField } from './limits.js'
import { compile, type Predicate } from './predicates.js'
import { assertBodyOnly } from './provider-options.js'
import { requestSchema, STRATEGY_NAMES } from './schema.js'
import { described, dotted, invalidRequest, Violation } from './violation.js'

/** A parsed request on its way: the same fields, not yet judged. */
type Draft = { -readonly [Field in keyof ParsedRequest]: unknown }

/** All fields in one order, so that every request has the same hidden class. */
function blank(): Draft {
  return {
    prompt: undefined,
    messages: undefined,
    system: undefined,
    model_name: undefined,
    temperature: undefined,
    max_tokens: undefined,
    user_id: undefined,
    workspace_id: undefined,
    priority: undefined,
    stream: undefined,
    timeout_seconds: undefined,
    use_cache: undefined,
    cost_optimize: undefined,
    strategy: undefined,
    budget_limit: undefined,
    metadata: undefined,
    tools: undefined,
    tool_choice: undefined,
    response_format: undefined,
    top_p: undefined,
    stop: undefined,
    seed: undefined,
    provider_options: undefined,
    cache: undefined,
    substitution: undefined,
    fallback: undefined,
  }
}

interface Field {
  readonly name: keyof ParsedRequest
  readonly accepts: Predicate
}

let derived: ReadonlyMap<string, Field> | undefined

/** Derived at the first request: importing the package stays cheap. */
function fields(): ReadonlyMap<string, Field> {
  if (derived) return derived
  const { properties = {} } = z.toJSONSchema(requestSchema(), { io: 'input' })
  const names = Object.keys(blank()) as (keyof ParsedRequest)[]
  derived = new Map(names.map((name) => [name, { name, accepts: compile(properties[name]) }]))
  return derived
}

/**
 * Checks and copies one request; defaults are not applied, so that omitted stays distinguishable.
 * Nothing structured in the result is shared with the input.
 * @throws RaptorflowError INVALID_REQUEST with `details.field` and `details.validation`; never else
 */
export function parseRequest(input: unknown, request_id?: string): ParsedRequest {
  try {
    return parse(input)
  } catch (thrown) {
    throw invalidRequest(thrown, 'request', request_id)
  }
}

function parse(input: unknown): ParsedRequest {
  assertPlain(input, 'request')
  const known = fields()
  const draft = blank()
  let accepted = true
  let messageUnits = 0
  for (const key of Object.keys(input)) {
    const field = known.get(key)
    if (field === undefined) throw strangeKey(key)
    let value = input[key]
    if (value === undefined || value === null) continue
    if (typeof value === 'string') assertWellFormed(key, value)
    else if (typeof value === 'object') {
      const copy = copyField(key, value)
      value = copy.value
      if (key === 'messages') messageUnits = copy.texts
    }
    draft[field.name] = value
    if (accepted) accepted = field.accepts(value)
  }
  const oneInput = (draft.prompt === undefined) !== (draft.messages === undefined)
  if (!accepted || !oneInput) judge(draft)
  const request = finish(draft)
  assertTextSize(request, messageUnits)
  if (request.provider_options) assertBodyOnly(request.provider_options)
  return request
}

/** Zod has the last word, and the words for the error. */
function judge(draft: Draft): void {
  const { error } = requestSchema().safeParse(draft, { jitless: true })
  if (error) throw explain(error.issues, draft, 'request')
}

/** The draft was accepted as an `InferenceRequest` without nulls: two fields have a second spelling. */
function finish(draft: Draft): ParsedRequest {
  if (draft.strategy !== undefined) draft.strategy = strategyName(draft.strategy)
  if (typeof draft.stop === 'string') draft.stop = [draft.stop]
  return draft as ParsedRequest
}

function strategyName(spelling: unknown): StrategyName {
  return STRATEGY_NAMES[spelling as keyof typeof STRATEGY_NAMES]
}

/** @throws Violation unless the input is an object literal or the like */
export function assertPlain(
  input: unknown,
  root: string,
): asserts input is Readonly<Record<string, unknown>> {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    if (isPlainObject(input)) return
    const advice = `a plain object, got an instance of a class. Pass { ...${root} }`
    throw new Violation(root, 'type', `Expected the ${root} to be ${advice}`)
  }
  throw new Violation(root, 'type', `Expected the ${root} to be an object, got ${described(input)}`)
}

/** A key that no field has. */
export function strangeKey(key: string): Violation {
  if (!isForbiddenKey(key)) return unknownField([key])
  const field = dotted([key])
  return new Violation(field, 'forbidden_key', `Expected no property named \`${field}\`. Remove it`)
}
