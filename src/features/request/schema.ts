/** The zod schemas of a request and a batch, held equal to the contract by the compiler. */
import * as z from 'zod'
import type { BatchRequest, InferenceRequest, StrategyName } from '../../contracts/request.js'
import { once } from '../../util/once.js'
import { messageSchema } from './schema-messages.js'
import {
  choice,
  equals,
  flag,
  integer,
  jsonObject,
  jsonSchema,
  list,
  NAME,
  number,
  pattern,
  text,
} from './schema-parts.js'

const id = once(() =>
  pattern(/^[\x21-\x7e]{1,128}$/, '1-128 printable ASCII characters without spaces'),
)
const modelName = once(() =>
  pattern(
    /^[\x21-\x7e]{1,256}$/,
    'a model name of 1-256 printable ASCII characters without spaces',
  ),
)
const toolName = once(() => pattern(NAME, '1-64 characters of A-Z a-z 0-9 _ -'))

/** The documented titles beside the names that a parsed request holds. */
export const STRATEGY_NAMES = {
  lowest_cost: 'lowest_cost',
  fastest_response: 'fastest_response',
  balanced: 'balanced',
  quality_focused: 'quality_focused',
  budget_constrained: 'budget_constrained',
  'Lowest Cost': 'lowest_cost',
  'Fastest Response': 'fastest_response',
  Balanced: 'balanced',
  'Quality Focused': 'quality_focused',
  'Budget Constrained': 'budget_constrained',
} as const satisfies { readonly [spelling: string]: StrategyName }

const strategy = once(() =>
  z.enum(Object.keys(STRATEGY_NAMES) as (keyof typeof STRATEGY_NAMES)[], {
    error:
      'one of `lowest_cost`, `fastest_response`, `balanced`, `quality_focused`, `budget_constrained`',
  }),
)

const tool = once(() =>
  z.strictObject(
    {
      name: toolName(),
      description: text('a text that describes the tool').optional(),
      parameters: jsonSchema('a JSON Schema object'),
      strict: flag.optional(),
    },
    { error: 'a tool object' },
  ),
)

const toolChoice = once(() =>
  z.union(
    [
      choice(['auto', 'none', 'required']),
      z.strictObject({ name: toolName() }, { error: 'an object with a `name`' }),
    ],
    { error: '`auto`, `none`, `required` or { name }' },
  ),
)

const responseFormat = once(() =>
  z.discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        name: toolName().optional(),
        schema: jsonSchema('a JSON Schema object'),
        strict: flag.optional(),
      }),
    ],
    { error: 'an object whose `type` is `text`, `json_object` or `json_schema`' },
  ),
)

const stopText = once(() => text('a text of 1-1,024 characters', 1, 1_024))

const cacheOptions = once(() =>
  z.strictObject(
    {
      ttl_seconds: number('above 0, at most 2,592,000', { above: 0, max: 2_592_000 }).optional(),
      tags: list(text('a label of 1-128 characters', 1, 128), 'labels', 0, 16).optional(),
      refresh: flag.optional(),
      scope: choice(['workspace', 'user']).optional(),
      semantic: z
        .union(
          [
            flag,
            z.strictObject(
              { threshold: number('from 0 to 1', { min: 0, max: 1 }).optional() },
              { error: 'an object with a `threshold`' },
            ),
          ],
          { error: 'true, false or { threshold }' },
        )
        .optional(),
    },
    { error: 'an object of cache options' },
  ),
)

/** By provider name. Which fields a provider's object may not hold: see `provider-options.ts`. */
const providerOptions = once(() =>
  z.record(
    pattern(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'a provider name of 1-64 characters of a-z 0-9 _ -'),
    jsonObject('an object of fields for the request body'),
    { error: 'an object with one object per provider name' },
  ),
)

/**
 * One inference request; `null` means omitted. The rules that count bytes or levels, and the ones on
 * keys and text encoding, stand beside it: `json-copy.ts`, `text-size.ts`, `provider-options.ts`.
 */
export const requestSchema = once(() =>
  equals<InferenceRequest>()(
    z
      .strictObject(
        {
          prompt: text('a non-empty string', 1).nullish(),
          messages: list(messageSchema(), 'messages', 1, 1_000).nullish(),
          system: text('a string').nullish(),
          model_name: modelName().nullish(),
          temperature: number('from 0 to 2', { min: 0, max: 2 }).nullish(),
          max_tokens: integer('of at least 1', 1).nullish(),
          user_id: id().nullish(),
          workspace_id: id().nullish(),
          priority: integer('from 1 to 10', 1, 10).nullish(),
          stream: flag.nullish(),
          timeout_seconds: number('above 0, at most 3,600', { above: 0, max: 3_600 }).nullish(),
          use_cache: flag.nullish(),
          cost_optimize: flag.nullish(),
          strategy: strategy().nullish(),
          budget_limit: number('of at least 0', { min: 0 }).nullish(),
          metadata: jsonObject('an object').nullish(),
          tools: list(tool(), 'tools').nullish(),
          tool_choice: toolChoice().nullish(),
          response_format: responseFormat().nullish(),
          top_p: number('from 0 to 1', { min: 0, max: 1 }).nullish(),
          stop: z
            .union([stopText(), list(stopText(), 'texts', 1, 4)], {
              error: 'a text of 1-1,024 characters, or an array of 1 to 4 of them',
            })
            .nullish(),
          seed: integer('within ±(2^53 - 1)').nullish(),
          provider_options: providerOptions().nullish(),
          cache: cacheOptions().nullish(),
          substitution: choice(['never', 'same_model', 'equivalent', 'any']).nullish(),
          fallback: list(modelName(), 'model names', 0, 16).nullish(),
        },
        { error: 'an object' },
      )
      .check(({ value, issues }) => {
        const prompt = typeof value.prompt === 'string'
        const messages = Array.isArray(value.messages)
        if (prompt === messages) {
          issues.push({
            code: 'custom',
            input: value,
            path: [prompt ? 'messages' : 'prompt'],
            message: prompt ? 'omitted beside `prompt`' : 'a non-empty string, or `messages` given',
            params: { validation: prompt ? 'exclusive' : 'required' },
          })
        }
      })
      .meta({
        oneOf: [
          { required: ['prompt'], properties: { prompt: { type: 'string' } } },
          { required: ['messages'], properties: { messages: { type: 'array' } } },
        ],
      }),
  ),
)

const batchFields = once(() => ({
  batch_id: id().nullish(),
  max_batch_size: integer('from 1 to 1,000', 1, 1_000).nullish(),
  timeout_seconds: number('above 0, at most 86,400', { above: 0, max: 86_400 }).nullish(),
  deduplicate: flag.nullish(),
  parallel_processing: flag.nullish(),
  fail_fast: flag.nullish(),
}))

/** Most requests of one batch. */
export const MAX_BATCH_REQUESTS = 100_000

/** A batch with its requests, as OpenAPI shows it. */
export const batchSchema = once(() =>
  equals<BatchRequest>()(
    z.strictObject({
      requests: list(requestSchema(), 'requests', 1, MAX_BATCH_REQUESTS),
      ...batchFields(),
    }),
  ),
)

/** A batch without its requests: each of those is judged alone, so that one bad item fails alone. */
export const batchFieldsSchema = once(() =>
  equals<Omit<BatchRequest, 'requests'>>()(z.strictObject(batchFields(), { error: 'an object' })),
)
