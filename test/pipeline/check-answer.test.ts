import { describe, expect, it } from 'vitest'
import type { ProviderAnswer, ProviderCall } from '../../src/contracts/provider.js'
import type { ResponseFormat } from '../../src/contracts/request.js'
import { ProviderError } from '../../src/errors.js'
import { MAX_ANSWER_BYTES } from '../../src/features/dedup/chunk-writer.js'
import { InferenceClient } from '../../src/index.js'
import { checkAnswer } from '../../src/pipeline/check-answer.js'
import { mockProvider } from '../../src/testing/index.js'

const USAGE = { input: 1, cache_read: 0, cache_write: 0, output: 1, reasoning: 0 }

const answerOf = (over: Partial<ProviderAnswer> = {}): ProviderAnswer => ({
  text: 'Paris.',
  reasoning: undefined,
  tool_calls: [],
  finish_reason: 'stop',
  usage: USAGE,
  ...over,
})

/** Only the format of a call is looked at. */
const callFor = (response_format?: ResponseFormat): ProviderCall =>
  ({ response_format }) as ProviderCall

function check(over: Partial<ProviderAnswer>, format?: ResponseFormat): string {
  try {
    checkAnswer(answerOf(over), callFor(format))
    return 'ok'
  } catch (error) {
    if (!ProviderError.isInstance(error)) throw error
    expect(error.facts.usage).toEqual(USAGE)
    return error.facts.reason ?? 'none'
  }
}

describe('the size of an answer', () => {
  it.each([
    ['ASCII', 'a', 1],
    ['umlauts', 'ä', 2],
    ['ideographs', '語', 3],
    ['emoji', '😀', 4],
  ])('is counted in UTF-8 bytes: %s', (_, letter, bytes) => {
    const most = Math.floor(MAX_ANSWER_BYTES / bytes)
    expect(check({ text: letter.repeat(most) })).toBe('ok')
    expect(check({ text: letter.repeat(most + 1) })).toBe('answer_too_large')
  })

  it('is that of text, reasoning and tool calls together', () => {
    const call = { id: 'é', name: 'é', arguments: 'é'.repeat(1_000) }
    const rest = MAX_ANSWER_BYTES - 2_004 - 2_000
    const over = { reasoning: 'é'.repeat(1_000), tool_calls: [call] }
    expect(check({ ...over, text: 'a'.repeat(rest) })).toBe('ok')
    expect(check({ ...over, text: 'a'.repeat(rest + 1) })).toBe('answer_too_large')
  })

  it('has the same limit in a unary call and in a stream', async () => {
    const reasons: unknown[] = []
    for (const units of [MAX_ANSWER_BYTES / 4, MAX_ANSWER_BYTES / 4 + 1]) {
      const reply = { text: '語a'.repeat(units) }
      const client = new InferenceClient({
        providers: [mockProvider({ reply })],
        defaultModel: 'mock-model',
      })
      const reasonOf = (error: { details: { reason?: string } }): unknown => error.details.reason
      const unary = client.infer({ prompt: 'unary' }).then(() => 'ok', reasonOf)
      const streamed = client
        .stream({ prompt: 'streamed' })
        .response()
        .then(() => 'ok', reasonOf)
      reasons.push(await unary, await streamed)
      await client.close()
    }
    expect(reasons).toEqual(['ok', 'ok', 'answer_too_large', 'answer_too_large'])
  })
})

describe('an answer that was to be JSON', () => {
  const city = {
    type: 'json_schema',
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'City',
      type: 'object',
      properties: {
        city: { type: 'string', description: 'Its name', examples: ['Rome'], default: 'Paris' },
        founded: { type: ['integer', 'null'], minimum: 0, format: 'int32' },
      },
      required: ['city'],
      additionalProperties: false,
    },
  } as const

  it.each([
    ['{"city":"Paris"}', 'ok'],
    ['{"city":"Paris","founded":null}', 'ok'],
    ['{"city":"Paris","founded":250}', 'ok'],
    ['{"city":"Paris","founded":-1}', 'bad_response'],
    ['{"city":"Paris","founded":"250"}', 'bad_response'],
    ['{"city":5}', 'bad_response'],
    ['{"town":"Paris"}', 'bad_response'],
    ['{"city":"Paris","river":"Seine"}', 'bad_response'],
    ['["Paris"]', 'bad_response'],
    ['{"city":"Par', 'bad_response'],
    ['', 'bad_response'],
  ])('is held to its schema: %s is %s', (text, verdict) => {
    expect(check({ text }, city)).toBe(verdict)
  })

  it('is not held to it when it was cut off, filtered, or calls tools', () => {
    const text = '{"town":"Paris"}'
    expect(check({ text: '{"tow', finish_reason: 'length' }, city)).toBe('ok')
    expect(check({ text: '', finish_reason: 'content_filter' }, city)).toBe('ok')
    const tool_calls = [{ id: 'c', name: 'lookUp', arguments: '{}' }]
    expect(check({ text, tool_calls }, city)).toBe('ok')
    expect(check({ text: '', tool_calls, finish_reason: 'tool_calls' }, city)).toBe('ok')
  })

  it.each([
    ['$ref', { $ref: '#/$defs/city', $defs: { city: { type: 'string' } } }],
    ['pattern', { type: 'string', pattern: '^(a+)+$' }],
    [
      'patternProperties',
      { type: 'object', patternProperties: { '^(a+)+$': {} }, required: ['x'] },
    ],
    ['a keyword nobody knows', { type: 'string', nullable: true }],
  ])('is only held to be JSON under a schema with %s', (_, schema) => {
    expect(check({ text: '5' }, { type: 'json_schema', schema })).toBe('ok')
    expect(check({ text: `${'a'.repeat(40)}!` }, { type: 'json_schema', schema })).toBe(
      'bad_response',
    )
  })

  it('may be any JSON when no schema was given, and any text when none was asked for', () => {
    expect(check({ text: '{"town":5}' }, { type: 'json_object' })).toBe('ok')
    expect(check({ text: 'Paris' }, { type: 'json_object' })).toBe('bad_response')
    expect(check({ text: 'Paris' }, { type: 'text' })).toBe('ok')
    expect(check({ text: 'Paris' })).toBe('ok')
  })

  it('reads a schema once, however many answers are held to it', () => {
    let reads = 0
    const schema = {
      get type() {
        reads += 1
        return 'string'
      },
    }
    expect(check({ text: '"a"' }, { type: 'json_schema', schema })).toBe('ok')
    const afterFirst = reads
    expect(check({ text: '5' }, { type: 'json_schema', schema })).toBe('bad_response')
    expect(reads).toBe(afterFirst)
  })

  it('goes to the next provider when it breaks the schema, and is not cached', async () => {
    const wrong = mockProvider({ name: 'wrong', reply: '{"town":"Paris"}' })
    const right = mockProvider({ name: 'right', reply: '{"city":"Paris"}' })
    const client = new InferenceClient({ providers: [wrong, right], defaultModel: 'mock-model' })
    const request = { prompt: 'Capital?', response_format: city }
    const answer = await client.infer(request)
    expect(answer).toMatchObject({ provider_used: 'right', parsed: { city: 'Paris' } })
    expect(answer.attempts).toMatchObject([{ provider: 'wrong' }, { provider: 'right' }])
    expect((await client.infer(request)).parsed).toEqual({ city: 'Paris' })
    await client.close()

    const alone = mockProvider({ reply: '{"town":"Paris"}' })
    const refusing = new InferenceClient({ providers: [alone], defaultModel: 'mock-model' })
    for (const calls of [1, 2]) {
      await expect(refusing.infer(request)).rejects.toMatchObject({
        code: 'PROVIDER_UNAVAILABLE',
        details: { reason: 'bad_response' },
      })
      expect(alone.calls.length).toBeGreaterThanOrEqual(calls)
    }
    await refusing.close()
  })
})
