/** Requests for property tests: valid ones, and ways to spoil them. */
import fc from 'fast-check'

type JsonObject = Record<string, unknown>

/** Strings that look like pieces of an encoding, so that sloppy ones collide. */
export const trickyText = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'b', '1', '2', ':', ';', '~', 'p', 'm', 'ż'),
    maxLength: 6,
  }),
  fc.constantFrom('1:a', '2:ab', '~', '~;~;', 'p1:a', 'm1;u1:a', '0:', 'default', 'auto'),
)

const someText = fc.oneof(trickyText, fc.string({ unit: 'binary', maxLength: 12 }))
const filled = someText.filter((text) => text.length > 0)
const id = fc.string({
  unit: fc.constantFrom('a', 'b', '1', '~', '!', ':', ';'),
  minLength: 1,
  maxLength: 5,
})
const name = fc.string({
  unit: fc.constantFrom('a', 'B', '0', '_', '-'),
  minLength: 1,
  maxLength: 5,
})
const schema = fc.constantFrom<JsonObject>(
  {},
  { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
  { type: 'object', additionalProperties: false },
)

const record = (
  required: Record<string, fc.Arbitrary<unknown>>,
  extra: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<JsonObject> =>
  fc.record({ ...required, ...extra }, { requiredKeys: Object.keys(required) })

const url = fc.constantFrom('https://example.com/a.png', 'http://x', 'HTTPS://example.com?q=1')
const data = fc.constantFrom('QUJD', 'QUI=', 'QQ==')
const mediaType = fc.constantFrom('image/png', 'application/pdf', 'text/x.y+z')
const typed = (type: string) => fc.constant(type)

const part = fc.oneof(
  record({ type: typed('text'), text: someText }),
  record({ type: typed('image'), url }, { media_type: mediaType }),
  record({ type: typed('image'), data, media_type: mediaType }),
  record({ type: typed('file'), url, media_type: mediaType }, { filename: filled }),
  record({ type: typed('file'), data, media_type: mediaType }, { filename: filled }),
)
const toolCall = record({ id: filled, name: filled, arguments: someText })

export const message = fc.oneof(
  record({ role: typed('system'), content: someText }),
  record({ role: typed('user'), content: someText }),
  record({ role: typed('user'), content: fc.array(part, { minLength: 1, maxLength: 3 }) }),
  record({ role: typed('assistant'), content: someText }),
  record(
    { role: typed('assistant'), tool_calls: fc.array(toolCall, { minLength: 1, maxLength: 2 }) },
    { content: fc.oneof(someText, fc.constant(null)) },
  ),
  record({ role: typed('tool'), tool_call_id: filled, content: someText }),
)

/** Prototype keys never reach a schema: reading the input refuses them first. */
const isOrdinary = (value: unknown): boolean =>
  !/"(__proto__|constructor|prototype)"/.test(JSON.stringify(value))

const plainJson = fc
  .jsonValue({ maxDepth: 2 })
  .filter(isOrdinary)
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const safeKey = fc.string({ unit: fc.constantFrom('x', 'y', '_', '1'), minLength: 1, maxLength: 4 })
const json = fc.dictionary(safeKey, fc.oneof(fc.integer(), someText, fc.constant(null)), {
  maxKeys: 3,
})

const fields: Record<string, fc.Arbitrary<unknown>> = {
  system: someText,
  model_name: fc.oneof(id, fc.constantFrom('auto', 'gpt-4', 'openai/gpt-4')),
  temperature: fc.constantFrom(0, 0.7, 1, 2),
  max_tokens: fc.constantFrom(1, 12, 500),
  user_id: id,
  workspace_id: fc.oneof(id, fc.constant('default')),
  priority: fc.constantFrom(1, 5, 10),
  stream: fc.boolean(),
  timeout_seconds: fc.constantFrom(0.001, 300, 3_600),
  use_cache: fc.boolean(),
  cost_optimize: fc.boolean(),
  strategy: fc.constantFrom('balanced', 'Lowest Cost', 'lowest_cost', 'quality_focused'),
  budget_limit: fc.constantFrom(0, 0.5, 1e9),
  metadata: json,
  tools: fc.array(
    record({ name, parameters: schema }, { description: someText, strict: fc.boolean() }),
    {
      maxLength: 2,
    },
  ),
  tool_choice: fc.oneof(fc.constantFrom('auto', 'none', 'required'), record({ name })),
  response_format: fc.oneof(
    record({ type: typed('text') }),
    record({ type: typed('json_object') }),
    record({ type: typed('json_schema'), schema }, { name, strict: fc.boolean() }),
  ),
  top_p: fc.constantFrom(0, 0.5, 1),
  stop: fc.oneof(filled, fc.array(filled, { minLength: 1, maxLength: 4 })),
  seed: fc.constantFrom(-1, 0, 1, 12),
  provider_options: fc.dictionary(
    fc.constantFrom('openai', 'my-provider'),
    fc.dictionary(fc.constantFrom('reasoning_effort', 'thinking'), fc.integer(), { maxKeys: 2 }),
    { maxKeys: 2 },
  ),
  cache: record(
    {},
    {
      ttl_seconds: fc.constantFrom(0.5, 2_592_000),
      tags: fc.array(filled, { maxLength: 3 }),
      refresh: fc.boolean(),
      scope: fc.constantFrom('workspace', 'user'),
      semantic: fc.oneof(fc.boolean(), record({}, { threshold: fc.constantFrom(0, 0.9, 1) })),
    },
  ),
  substitution: fc.constantFrom('never', 'same_model', 'equivalent', 'any'),
  fallback: fc.array(id, { maxLength: 3 }),
}

/** Every optional field on its own. */
export const fieldNames = Object.keys(fields)
export const fieldValue = (field: string): fc.Arbitrary<unknown> => fields[field]!

const options = fc.record(
  Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [
      field,
      // Most fields are omitted most of the time, as in life.
      fc.option(value, { freq: 1, nil: undefined }),
    ]),
  ),
)

/** A request that is valid by construction; some fields are explicitly null or undefined. */
export const validRequest: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.oneof(
      record({ prompt: filled }),
      record({ messages: fc.array(message, { minLength: 1, maxLength: 4 }) }),
    ),
    options,
    fc.subarray(fieldNames, { maxLength: 8 }),
    fc.constantFrom(undefined, null),
  )
  .map(([input, all, chosen, empty]) => {
    const request: JsonObject = { ...input }
    for (const field of chosen) request[field] = all[field] ?? empty
    return request
  })

const junk = fc.oneof(
  plainJson,
  fc.constantFrom(-1, 0, 1.5, 3, 11, 2 ** 60, '', 'auto', [], {}, null, true, 'x'.repeat(300)),
)

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, held]) =>
    pathsOf(held, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...inner]
}

function holderOf(root: unknown, path: Path): Record<string | number, unknown> {
  let holder = root
  for (const segment of path) holder = (holder as Record<string | number, unknown>)[segment]
  return holder as Record<string | number, unknown>
}

/** A valid request in which one place was replaced, removed, or given one more property. */
export const mutatedRequest: fc.Arbitrary<unknown> = fc
  .tuple(
    validRequest,
    fc.nat(),
    fc.constantFrom('replace', 'remove', 'add'),
    junk,
    fc.oneof(
      fc.constantFrom(...fieldNames, 'prompt', 'url', 'data', 'content'),
      fc.string().filter(isOrdinary),
    ),
  )
  .map(([request, at, how, value, key]) => {
    const copy: unknown = JSON.parse(JSON.stringify(request))
    const paths = pathsOf(copy)
    const path = paths[at % paths.length]!
    if (path.length === 0)
      return how === 'replace' ? value : { ...(copy as JsonObject), [key]: value }
    const holder = holderOf(copy, path.slice(0, -1))
    const last = path[path.length - 1]!
    if (how === 'replace') holder[last] = value
    else if (how === 'add' && !Array.isArray(holder)) holder[key] = value
    else if (Array.isArray(holder)) holder.splice(Number(last), 1)
    else Reflect.deleteProperty(holder, last)
    return copy
  })

/** JSON that need not resemble a request. */
export const junkRequest: fc.Arbitrary<unknown> = fc.oneof(
  plainJson,
  fc.dictionary(fc.constantFrom(...fieldNames, 'prompt', 'messages'), junk, { maxKeys: 4 }),
)
