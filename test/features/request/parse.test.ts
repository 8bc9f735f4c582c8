import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RaptorflowError } from '../../../src/errors.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { requestSchema } from '../../../src/features/request/schema.js'
import { fieldNames, junkRequest, mutatedRequest, validRequest } from './arbitraries.js'
import { failure } from './failure.js'

const refused = (input: unknown) => failure(() => parseRequest(input))
const broken = (fields: object) => refused({ prompt: 'hello', ...fields })
const inMessage = (content: unknown) => refused({ messages: [{ role: 'user', content }] })

describe('parsing a request', () => {
  it('takes the documented example as it is', () => {
    const request = {
      prompt: 'What is the capital of France?',
      model_name: 'gpt-3.5-turbo',
      temperature: 0.7,
      max_tokens: 500,
      user_id: 'user_123',
      workspace_id: 'workspace_456',
      priority: 5,
      stream: false,
      timeout_seconds: 300,
      use_cache: true,
      cost_optimize: true,
      strategy: 'balanced',
      budget_limit: 1.0,
      metadata: { source: 'web_app', session_id: 'sess_789' },
    }
    expect(parseRequest(request)).toMatchObject(request)
  })

  it('gives every result the same fields in the same order, omitted ones undefined', () => {
    const short = parseRequest({ temperature: 1, prompt: 'x' })
    const other = parseRequest({ messages: [{ role: 'user', content: 'x' }], seed: 1 })
    expect(Object.keys(short)).toEqual(Object.keys(other))
    expect(Object.keys(short)).toHaveLength(26)
    expect(Object.entries(short).filter(([, value]) => value !== undefined)).toEqual([
      ['prompt', 'x'],
      ['temperature', 1],
    ])
  })

  it('takes null and undefined for omitted in every optional field', () => {
    const empty = parseRequest({ prompt: 'x' })
    for (const nothing of [null, undefined]) {
      const all = Object.fromEntries([...fieldNames, 'messages'].map((name) => [name, nothing]))
      expect(parseRequest({ ...all, prompt: 'x' })).toEqual(empty)
    }
  })

  it('applies no defaults and keeps stream', () => {
    const request = parseRequest({ prompt: 'x', stream: true })
    expect(request.stream).toBe(true)
    expect(request.temperature).toBeUndefined()
    expect(request.strategy).toBeUndefined()
  })

  it('turns strategy titles into names and a single stop into a list', () => {
    const titles = [
      'Lowest Cost',
      'Fastest Response',
      'Balanced',
      'Quality Focused',
      'Budget Constrained',
    ]
    const names = titles.map((strategy) => parseRequest({ prompt: 'x', strategy }).strategy)
    expect(names).toEqual([
      'lowest_cost',
      'fastest_response',
      'balanced',
      'quality_focused',
      'budget_constrained',
    ])
    expect(parseRequest({ prompt: 'x', stop: 'END' }).stop).toEqual(['END'])
  })

  it('shares nothing structured with the caller, so that later changes cannot reach the call', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'first' }] }]
    const metadata = { deep: { list: [1] } }
    const request = parseRequest({ messages, metadata, stop: ['a'] })
    messages[0]!.content[0]!.text = 'second'
    messages.push({ role: 'user', content: [] })
    metadata.deep.list.push(2)
    expect(request.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'first' }] }])
    expect(request.metadata).toEqual({ deep: { list: [1] } })
  })

  it('accepts exactly what the schema accepts', () => {
    fc.assert(
      fc.property(fc.oneof(validRequest, mutatedRequest, junkRequest), (input) => {
        const data: unknown = JSON.parse(JSON.stringify(input))
        let accepted = true
        try {
          parseRequest(data)
        } catch (error) {
          accepted = false
          const rule = (error as RaptorflowError).details.validation
          // Rules beside the schema: the generators reach only this one of them.
          if (rule === 'well_formed' || rule === 'forbidden_key') return
        }
        expect(accepted).toBe(requestSchema().safeParse(data).success)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('a refused request', () => {
  it('matches the documented error for an empty prompt', () => {
    const error = failure(() => parseRequest({ prompt: '' }, 'req_abc123'))
    expect(error.toJSON().error).toEqual({
      code: 'INVALID_REQUEST',
      message: 'Prompt cannot be empty',
      details: { field: 'prompt', validation: 'required' },
      request_id: 'req_abc123',
      timestamp: expect.any(String) as string,
    })
    expect(error.retryable).toBe(false)
  })

  it.each([
    [
      {},
      'prompt',
      'required',
      'Expected `prompt` to be a non-empty string, or `messages` given, got nothing',
    ],
    [
      { prompt: null },
      'prompt',
      'required',
      'Expected `prompt` to be a non-empty string, or `messages` given, got nothing',
    ],
    [
      { prompt: 'x', messages: [{ role: 'user', content: 'y' }] },
      'messages',
      'exclusive',
      'Expected `messages` to be omitted beside `prompt`, got an array of 1 item',
    ],
    [
      { prompt: 5 },
      'prompt',
      'type',
      'Expected `prompt` to be a non-empty string, got `5` (number)',
    ],
    [
      { messages: [] },
      'messages',
      'size',
      'Expected `messages` to be an array of 1 to 1000 messages, got an array of 0 items',
    ],
    [
      { messages: 'hi' },
      'messages',
      'type',
      'Expected `messages` to be an array of 1 to 1000 messages, got a string',
    ],
    ['text', 'request', 'type', 'Expected the request to be an object, got a string'],
    [null, 'request', 'type', 'Expected the request to be an object, got null'],
    [undefined, 'request', 'type', 'Expected the request to be an object, got nothing'],
    [[], 'request', 'type', 'Expected the request to be an object, got an array of 0 items'],
    [
      new Date(),
      'request',
      'type',
      'Expected the request to be a plain object, got an instance of a class. Pass { ...request }',
    ],
  ])('names field, rule and what came: %j', (input, field, validation, message) => {
    const error = refused(input)
    expect(error.details).toEqual({ field, validation })
    expect(error.message).toBe(message)
  })

  it.each([
    ['priority', 11, 'range', 'an integer from 1 to 10, got `11` (number)'],
    ['priority', 0, 'range', 'an integer from 1 to 10, got `0` (number)'],
    ['priority', 1.5, 'type', 'an integer from 1 to 10, got `1.5` (number)'],
    ['priority', '5', 'type', 'an integer from 1 to 10, got a string'],
    ['temperature', 2.1, 'range', 'a number from 0 to 2, got `2.1` (number)'],
    ['temperature', -0.1, 'range', 'a number from 0 to 2, got `-0.1` (number)'],
    ['temperature', NaN, 'type', 'a number from 0 to 2, got `NaN` (number)'],
    ['timeout_seconds', 0, 'range', 'a number above 0, at most 3,600, got `0` (number)'],
    ['timeout_seconds', 3_600.5, 'range', 'a number above 0, at most 3,600, got `3600.5` (number)'],
    ['budget_limit', -1, 'range', 'a number of at least 0, got `-1` (number)'],
    ['budget_limit', Infinity, 'type', 'a number of at least 0, got `Infinity` (number)'],
    ['max_tokens', 0, 'range', 'an integer of at least 1, got `0` (number)'],
    ['top_p', 1.01, 'range', 'a number from 0 to 1, got `1.01` (number)'],
    ['seed', 2 ** 53, 'range', 'an integer within ±(2^53 - 1), got `9007199254740992` (number)'],
    ['stream', 'yes', 'type', 'true or false, got a string'],
    ['use_cache', 1, 'type', 'true or false, got `1` (number)'],
    ['cost_optimize', 10n, 'type', 'true or false, got a bigint'],
    ['user_id', 'a b', 'format', '1-128 printable ASCII characters without spaces, got a string'],
    [
      'workspace_id',
      'x'.repeat(129),
      'format',
      '1-128 printable ASCII characters without spaces, got a string',
    ],
    [
      'workspace_id',
      '',
      'format',
      '1-128 printable ASCII characters without spaces, got an empty string',
    ],
    [
      'model_name',
      () => 'x',
      'type',
      'a model name of 1-256 printable ASCII characters without spaces, got a function',
    ],
    [
      'strategy',
      'cheapest',
      'enum',
      'one of `lowest_cost`, `fastest_response`, `balanced`, `quality_focused`, `budget_constrained`, got `cheapest` (string)',
    ],
    [
      'substitution',
      'sk-live-1234567890',
      'enum',
      'one of `never`, `same_model`, `equivalent`, `any`, got a string',
    ],
    ['metadata', 'x', 'type', 'an object, got a string'],
    ['metadata', [], 'type', 'an object, got an array of 0 items'],
    ['stop', [], 'size', 'an array of 1 to 4 texts, got an array of 0 items'],
    [
      'stop',
      ['a', 'b', 'c', 'd', 'e'],
      'size',
      'an array of 1 to 4 texts, got an array of 5 items',
    ],
    [
      'fallback',
      Array<string>(17).fill('gpt-4'),
      'size',
      'an array of 0 to 16 model names, got an array of 17 items',
    ],
    ['tool_choice', 'any', 'enum', '`auto`, `none`, `required` or { name }, got `any` (string)'],
  ])('for `%s` of %s', (field, value, validation, rest) => {
    const error = broken({ [field]: value })
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.details).toEqual({ field, validation })
    expect(error.message).toBe(`Expected \`${field}\` to be ${rest}`)
  })

  it.each([
    [{ cache: { ttl_seconds: 0 } }, 'cache.ttl_seconds', 'range'],
    [{ cache: { ttl_seconds: 2_592_001 } }, 'cache.ttl_seconds', 'range'],
    [{ cache: { tags: [''] } }, 'cache.tags.0', 'size'],
    [{ cache: { tags: Array<string>(17).fill('t') } }, 'cache.tags', 'size'],
    [{ cache: { scope: 'global' } }, 'cache.scope', 'enum'],
    [{ cache: { semantic: { threshold: 2 } } }, 'cache.semantic.threshold', 'range'],
    [{ cache: { ttl: 5 } }, 'cache.ttl', 'unknown_field'],
    [{ tools: [{ name: 'a b', parameters: {} }] }, 'tools.0.name', 'format'],
    [{ tools: [{ name: 'a' }] }, 'tools.0.parameters', 'required'],
    [{ tool_choice: { name: '' } }, 'tool_choice.name', 'format'],
    [{ response_format: { type: 'xml' } }, 'response_format.type', 'enum'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.schema', 'required'],
    [
      { response_format: { type: 'json_object', schema: {} } },
      'response_format.schema',
      'unknown_field',
    ],
    [{ fallback: ['gpt-4', ''] }, 'fallback.1', 'format'],
    [{ provider_options: { OpenAI: {} } }, 'provider_options.OpenAI', 'format'],
    [{ provider_options: { openai: 1 } }, 'provider_options.openai', 'type'],
    [{ promt: 'x' }, 'promt', 'unknown_field'],
    [{ 'my secret text': 1 }, '*', 'unknown_field'],
  ])('names nested fields: %j', (fields, field, validation) => {
    expect(broken(fields).details).toEqual({ field, validation })
  })

  it.each([
    [{ role: 'user' }, 'messages.0.content', 'required'],
    [{ role: 'robot', content: '' }, 'messages.0.role', 'enum'],
    [{ content: 'x' }, 'messages.0.role', 'required'],
    ['x', 'messages.0', 'type'],
    [{ role: 'user', content: [] }, 'messages.0.content', 'size'],
    [{ role: 'assistant' }, 'messages.0.content', 'required'],
    [{ role: 'assistant', content: null, tool_calls: [] }, 'messages.0.content', 'required'],
    [
      { role: 'assistant', tool_calls: [{ id: 'a', name: 'b', arguments: {} }] },
      'messages.0.tool_calls.0.arguments',
      'type',
    ],
    [{ role: 'tool', content: 'x' }, 'messages.0.tool_call_id', 'required'],
    [{ role: 'user', content: 'x', name: 'bob' }, 'messages.0.name', 'unknown_field'],
  ])('finds what is wrong in the message %j', (message, field, validation) => {
    expect(refused({ messages: [message] }).details).toEqual({ field, validation })
  })

  it.each([
    [{ type: 'image' }, '', 'exclusive'],
    [{ type: 'image', url: 'https://x', data: 'QUJD', media_type: 'image/png' }, '', 'exclusive'],
    [{ type: 'image', url: 'ftp://x/y' }, '.url', 'format'],
    [{ type: 'image', url: 'data:image/png;base64,QUJD' }, '.url', 'format'],
    [{ type: 'image', data: 'QUJD' }, '.media_type', 'required'],
    [{ type: 'image', data: 'not base64!', media_type: 'image/png' }, '.data', 'format'],
    [{ type: 'image', data: 'QUJDQ', media_type: 'image/png' }, '.data', 'format'],
    [{ type: 'image', data: 'QUJD', media_type: 'png' }, '.media_type', 'format'],
    [{ type: 'file', data: 'QUJD' }, '.media_type', 'required'],
    [{ type: 'file', media_type: 'a/b' }, '', 'exclusive'],
    [{ type: 'audio' }, '.type', 'enum'],
    [{ type: 'text', text: 5 }, '.text', 'type'],
  ])('finds what is wrong in the part %j', (part, field, validation) => {
    expect(inMessage([part]).details).toEqual({ field: `messages.0.content.0${field}`, validation })
  })

  it('always has words of its own', () => {
    let refusals = 0
    fc.assert(
      fc.property(fc.oneof(mutatedRequest, junkRequest), (input) => {
        try {
          parseRequest(input)
        } catch (error) {
          refusals += 1
          expect((error as Error).message).toMatch(/^(Expected|Prompt cannot be empty$)/)
          expect((error as Error).message).not.toMatch(/Invalid|Too (big|small)|Unrecognized/)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(refusals).toBeGreaterThan(500)
  })

  it('never repeats text of the caller', () => {
    const secret = 'correct horse battery staple'
    const inputs = [
      { prompt: secret, strategy: `${secret} 1` },
      { prompt: secret, priority: secret },
      { prompt: secret, metadata: { [secret]: () => secret } },
      { prompt: secret, [secret]: 1 },
      { prompt: secret, model_name: secret, system: 1 },
      { prompt: secret, provider_options: { [secret]: {} } },
      { prompt: secret, provider_options: { openai: { headers: { authorization: secret } } } },
      { messages: [{ role: secret.repeat(2), content: secret }] },
      { messages: [{ role: 'user', content: [{ type: 'image', url: secret }] }] },
      { prompt: `${secret}\ud800` },
    ]
    for (const input of inputs) expect(JSON.stringify(refused(input))).not.toContain('horse')
    fc.assert(
      fc.property(mutatedRequest, (input) => {
        const marked: unknown = JSON.parse(
          JSON.stringify(input, (key, value: unknown) =>
            ['text', 'content', 'prompt', 'arguments'].includes(key) && typeof value === 'string'
              ? `${value}${secret}`
              : value,
          ),
        )
        try {
          parseRequest(marked)
        } catch (error) {
          expect(JSON.stringify(error)).not.toContain('horse')
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
