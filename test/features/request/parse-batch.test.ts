import { describe, expect, it } from 'vitest'
import { parseBatch } from '../../../src/features/request/parse-batch.js'
import { failure } from './failure.js'

const refused = (input: unknown) => failure(() => parseBatch(input))

describe('parsing a batch', () => {
  it('fills in the documented defaults', () => {
    expect(parseBatch({ requests: [{ prompt: 'x' }] })).toEqual({
      requests: [{ prompt: 'x' }],
      batch_id: undefined,
      max_batch_size: 10,
      timeout_seconds: 600,
      deduplicate: true,
      parallel_processing: true,
      fail_fast: false,
    })
  })

  it('keeps what is given and takes null for omitted', () => {
    const given = {
      batch_id: 'batch_def456',
      max_batch_size: 1_000,
      timeout_seconds: 0.5,
      deduplicate: false,
      parallel_processing: false,
      fail_fast: true,
    }
    expect(parseBatch({ requests: [1], ...given })).toMatchObject(given)
    const nulls = Object.fromEntries(Object.keys(given).map((key) => [key, null]))
    expect(parseBatch({ requests: [1], ...nulls })).toEqual(parseBatch({ requests: [1] }))
  })

  it('leaves bad items to be judged alone', () => {
    const requests = [{ prompt: 'x' }, null, { promt: '' }, 5]
    expect(parseBatch({ requests }).requests).toEqual(requests)
  })

  it('does not see requests that are added later', () => {
    const requests = [{ prompt: 'x' }]
    const batch = parseBatch({ requests })
    requests.push({ prompt: 'y' })
    expect(batch.requests).toHaveLength(1)
  })

  it('takes up to 100,000 requests', () => {
    const many = (count: number) => ({ requests: Array<object>(count).fill({}) })
    expect(parseBatch(many(100_000)).requests).toHaveLength(100_000)
    expect(refused(many(100_001)).details).toEqual({ field: 'requests', validation: 'size' })
  })

  it.each([
    [
      {},
      'requests',
      'required',
      'Expected `requests` to be an array of 1 to 100000 requests, got nothing',
    ],
    [
      { requests: [] },
      'requests',
      'size',
      'Expected `requests` to be an array of 1 to 100000 requests, got an array of 0 items',
    ],
    [
      { requests: {} },
      'requests',
      'type',
      'Expected `requests` to be an array of 1 to 100000 requests, got an object',
    ],
    [
      { requests: [1], max_batch_size: 0 },
      'max_batch_size',
      'range',
      'Expected `max_batch_size` to be an integer from 1 to 1000, got `0` (number)',
    ],
    [
      { requests: [1], timeout_seconds: 86_401 },
      'timeout_seconds',
      'range',
      'Expected `timeout_seconds` to be a number above 0, at most 86400, got `86401` (number)',
    ],
    [
      { requests: [1], batch_id: 'a b' },
      'batch_id',
      'format',
      'Expected `batch_id` to be 1-128 printable ASCII characters without spaces, got a string',
    ],
    [
      { requests: [1], prompt: 'x' },
      'prompt',
      'unknown_field',
      'Expected only known fields, got `prompt`. Check its spelling or remove it',
    ],
    [[], 'batch', 'type', 'Expected the batch to be an object, got an array of 0 items'],
  ])('names field, rule and what came: %j', (input, field, validation, message) => {
    const error = failure(() => parseBatch(input, 'batch_1'))
    expect(error.details).toEqual({ field, validation })
    expect(error.message.replaceAll(',', '')).toBe(message.replaceAll(',', ''))
    expect(error.request_id).toBe('batch_1')
  })

  it('fails with its own error for hostile input', () => {
    const hostile = new Proxy([], {
      get: (_target, key) => {
        if (key === 'length') return 3
        throw new Error('my secret')
      },
    })
    expect(JSON.stringify(refused({ requests: hostile }))).not.toContain('secret')
    expect(refused(JSON.parse('{"requests":[1],"__proto__":{}}')).details.validation).toBe(
      'forbidden_key',
    )
  })
})
