import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { BatchCallOptions, BatchProgress } from '../../src/contracts/request.js'
import type { BatchResponse, InferenceResponse } from '../../src/contracts/response.js'
import { RaptorflowError } from '../../src/errors.js'
import type { ParsedBatch } from '../../src/features/request/parse-batch.js'
import { createBatchRunner } from '../../src/jobs/batch/batch.js'
import type { BatchDependencies, ItemCallOptions } from '../../src/jobs/batch/dependencies.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

interface Item {
  readonly prompt: string
  /** How long `infer` takes. */
  readonly ms?: number
  readonly fails?: boolean
  readonly shared?: false
  readonly answer?: Partial<InferenceResponse>
}

function answerTo(prompt: string, request_id: string, overrides: Partial<InferenceResponse> = {}) {
  const response: InferenceResponse = {
    request_id,
    response: `answer to ${prompt}`,
    model_used: 'm',
    provider_used: 'p',
    processing_time: 0.5,
    cache_hit: false,
    input_tokens: 1,
    output_tokens: 2,
    estimated_cost: 0.002,
    actual_cost: 0.001,
    timestamp: '2026-01-01T00:00:00.000Z',
    metadata: { strategy: 'balanced', optimization_enabled: true },
    finish_reason: 'stop',
    tool_calls: [],
    usage: { input: 1, cache_read: 0, cache_write: 0, output: 2, reasoning: 0 },
    cache: { level: null, age_seconds: 0, similarity: null, stale: false },
    cost_saved: 0,
    coalesced: false,
    attempts: [],
    ...overrides,
  }
  return response
}

/** A batch runner over a scripted `infer`: each item says what becomes of it. */
function setUp() {
  const clock = new FakeClock()
  const seen = {
    calls: [] as { item: Item; options: ItemCallOptions; at: number }[],
    running: 0,
    mostRunning: 0,
    aborted: [] as string[],
    copied: [] as string[],
    records: [] as [items: number, failed: number][],
  }
  let lastId = 0
  const newId = (prefix: string): string => `${prefix}_${String(++lastId)}`
  const infer: BatchDependencies['infer'] = async (raw, options) => {
    const item = raw as Item
    const { signal } = options
    seen.calls.push({ item, options, at: clock.monotonic() })
    seen.running += 1
    seen.mostRunning = Math.max(seen.mostRunning, seen.running)
    const request_id = newId('item')
    try {
      if (item.ms !== undefined) {
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => {
            seen.aborted.push(item.prompt)
            reject(new RaptorflowError('ABORTED', 'aborted', { request_id }))
          }
          signal?.addEventListener('abort', abort)
          clock.schedule(item.ms ?? 0, () => {
            signal?.removeEventListener('abort', abort)
            resolve()
          })
        })
      }
      if (item.fails) throw new RaptorflowError('PROVIDER_UNAVAILABLE', 'down', { request_id })
      return answerTo(item.prompt, request_id, item.answer)
    } finally {
      seen.running -= 1
    }
  }
  const dependencies: BatchDependencies = {
    infer,
    identity: (raw) => ((raw as Item).shared === false ? undefined : (raw as Item).prompt),
    copied: (_raw, outcome) => seen.copied.push(outcome.request_id ?? ''),
    clock,
    newId,
    record: (items, failed) => seen.records.push([items, failed]),
  }
  const start = (
    requests: readonly unknown[],
    fields: Partial<ParsedBatch> = {},
    options: BatchCallOptions = {},
    overrides: Partial<BatchDependencies> = {},
  ): Promise<BatchResponse> =>
    createBatchRunner({ ...dependencies, ...overrides })(
      {
        requests,
        batch_id: undefined,
        max_batch_size: 10,
        timeout_seconds: 600,
        deduplicate: true,
        parallel_processing: true,
        fail_fast: false,
        ...fields,
      },
      options,
    )
  return { clock, seen, start }
}

const items = (...prompts: string[]): Item[] => prompts.map((prompt) => ({ prompt }))
const failures = ({ errors }: BatchResponse) =>
  errors.map(({ index, error }) => [index, error.code, error.details.reason])

describe('a batch', () => {
  it('answers with every documented field', async () => {
    const { clock, seen, start } = setUp()
    const running = start(
      [
        { prompt: 'a', ms: 1_000 },
        { prompt: 'b', ms: 2_000, answer: { cache_hit: true, actual_cost: 0, cost_saved: 0.002 } },
        { prompt: 'c', fails: true },
        { prompt: 'a' },
      ],
      { batch_id: 'batch_mine' },
    )
    await clock.advance(2_000)
    const { responses, errors, ...totals } = await running
    expect(totals).toEqual({
      batch_id: 'batch_mine',
      total_requests: 4,
      successful_requests: 3,
      failed_requests: 1,
      duplicate_requests: 1,
      total_processing_time: 1.5,
      avg_processing_time: 0.5,
      total_estimated_cost: 0.006,
      total_actual_cost: 0.001,
      cache_hits: 1,
      cache_hit_rate: 1 / 3,
      timestamp: '2026-01-01T00:00:02.000Z',
      wall_time: 2,
    })
    expect(responses.map(({ response }) => response)).toEqual([
      'answer to a',
      'answer to b',
      'answer to a',
    ])
    expect(errors.map(({ index, error }) => [index, error.code])).toEqual([
      [2, 'PROVIDER_UNAVAILABLE'],
    ])
    expect(seen.records).toEqual([[4, 1]])
  })

  it('makes up a batch_id when none was given', async () => {
    const { start } = setUp()
    expect((await start(items('a'))).batch_id).toMatch(/^batch_/)
  })

  it('keeps the order of the requests, whichever is answered first', async () => {
    const { clock, start } = setUp()
    const running = start([
      { prompt: 'slow', ms: 300 },
      { prompt: 'fast', ms: 10 },
      { prompt: 'middle', ms: 100 },
    ])
    await clock.advance(300)
    expect((await running).responses.map(({ response }) => response)).toEqual([
      'answer to slow',
      'answer to fast',
      'answer to middle',
    ])
  })

  it('keeps at most max_batch_size items in flight, and that many', async () => {
    const { clock, seen, start } = setUp()
    const prompts = Array.from({ length: 20 }, (_, index) => ({
      prompt: String(index),
      ms: 100 + index,
    }))
    const running = start(prompts, { max_batch_size: 7 })
    await clock.advance(5_000)
    expect((await running).successful_requests).toBe(20)
    expect(seen.mostRunning).toBe(7)
  })

  it('runs one after the other, in order, without parallel_processing', async () => {
    const { clock, seen, start } = setUp()
    const running = start(
      [
        { prompt: 'a', ms: 100 },
        { prompt: 'b', ms: 100 },
        { prompt: 'c', ms: 100 },
      ],
      { parallel_processing: false },
    )
    await clock.advance(300)
    expect((await running).wall_time).toBe(0.3)
    expect(seen.calls.map(({ item, at }) => [item.prompt, at])).toEqual([
      ['a', 0],
      ['b', 100],
      ['c', 200],
    ])
  })

  it('lists bad items by index and answers the others', async () => {
    const { clock, start } = setUp()
    const running = start([
      { prompt: 'a', fails: true, ms: 50 },
      { prompt: 'b' },
      { prompt: 'c', fails: true },
    ])
    await clock.advance(50)
    const { errors, responses } = await running
    expect(errors.map(({ index }) => index)).toEqual([0, 2])
    expect(responses).toHaveLength(1)
  })

  it('leaves an item whose identity cannot be told to infer, which says what is wrong', async () => {
    const { start } = setUp()
    const identity = (): string => {
      throw new RaptorflowError('INVALID_REQUEST', 'from identity')
    }
    const infer = async (): Promise<InferenceResponse> => {
      throw new RaptorflowError('INVALID_REQUEST', 'from infer', { request_id: 'item_1' })
    }
    const { errors } = await start([null], {}, {}, { identity, infer })
    expect(errors[0]?.error).toMatchObject({ message: 'from infer', request_id: 'item_1' })
  })

  it('turns whatever else infer throws into INTERNAL_ERROR without its text', async () => {
    const { start } = setUp()
    const infer = (): Promise<InferenceResponse> => {
      throw new TypeError('secret')
    }
    const { errors } = await start(items('a'), {}, {}, { infer })
    expect(errors[0]?.error.code).toBe('INTERNAL_ERROR')
    expect(JSON.stringify(errors)).not.toContain('secret')
  })

  it('answers a batch of nothing but failures with zeros', async () => {
    const { start } = setUp()
    expect(await start([{ prompt: 'a', fails: true }])).toMatchObject({
      successful_requests: 0,
      avg_processing_time: 0,
      cache_hit_rate: 0,
      total_actual_cost: 0,
      total_estimated_cost: 0,
    })
  })

  it('knows no total when one price is unknown', async () => {
    const { start } = setUp()
    const unknown = { actual_cost: null, estimated_cost: null }
    expect(await start([{ prompt: 'a' }, { prompt: 'b', answer: unknown }])).toMatchObject({
      total_actual_cost: null,
      total_estimated_cost: null,
    })
  })

  it('hands the key id to every item and its own signal, not the caller’s', async () => {
    const { seen, start } = setUp()
    const { signal } = new AbortController()
    await start(items('a', 'b'), {}, { key_id: 'key_1', signal, request_id: 'mine' })
    for (const { options } of seen.calls) {
      expect(options.key_id).toBe('key_1')
      expect(options.request_id).toBeUndefined()
      expect(options.signal).toBeInstanceOf(AbortSignal)
      expect(options.signal).not.toBe(signal)
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('equal items of a batch', () => {
  it('are answered once; the others get the answer for nothing, under their own id', async () => {
    const { clock, seen, start } = setUp()
    const running = start([{ prompt: 'a', ms: 100 }, ...items('a', 'b', 'a')])
    await clock.advance(100)
    const { responses, duplicate_requests, total_actual_cost } = await running
    expect(seen.calls.map(({ item }) => item.prompt)).toEqual(['a', 'b'])
    expect(duplicate_requests).toBe(2)
    expect(seen.copied).toEqual(
      responses.filter(({ coalesced }) => coalesced).map(({ request_id }) => request_id),
    )
    expect(total_actual_cost).toBe(0.002)
    const [first, second, , fourth] = responses
    for (const copy of [second, fourth]) {
      expect(copy).toEqual({
        ...first,
        request_id: copy?.request_id,
        actual_cost: 0,
        cost_saved: 0.001,
        coalesced: true,
      })
    }
    expect(new Set(responses.map(({ request_id }) => request_id)).size).toBe(4)
  })

  it.each<[string, Partial<InferenceResponse>, number | null]>([
    ['the estimate where the cost is unknown', { actual_cost: null }, 0.002],
    ['nothing known where neither is', { actual_cost: null, estimated_cost: null }, null],
    ['what a hit saves', { cache_hit: true, actual_cost: 0, cost_saved: 0.007 }, 0.007],
    ['what a shared call saves', { coalesced: true, actual_cost: 0, cost_saved: 0.008 }, 0.008],
  ])('save %s', async (_name, answer, saved) => {
    const { start } = setUp()
    const { responses } = await start([{ prompt: 'a', answer }, { prompt: 'a' }])
    expect(responses[1]).toMatchObject({ actual_cost: 0, cost_saved: saved })
  })

  it('fail together with the first, each under its own id', async () => {
    const { clock, seen, start } = setUp()
    const running = start([{ prompt: 'a', ms: 10, fails: true }, ...items('a', 'b')])
    await clock.advance(10)
    const batch = await running
    expect(seen.calls).toHaveLength(2)
    expect(batch.errors.map(({ index, error }) => [index, error.code])).toEqual([
      [0, 'PROVIDER_UNAVAILABLE'],
      [1, 'PROVIDER_UNAVAILABLE'],
    ])
    const [first, second] = batch.errors
    expect(second?.error.request_id).toMatch(/^req_/)
    expect(second?.error.request_id).not.toBe(first?.error.request_id)
  })

  it('do not hold a slot while they wait for the first', async () => {
    const { clock, seen, start } = setUp()
    const running = start([{ prompt: 'a', ms: 1_000 }, ...items('a', 'a', 'a', 'b')], {
      max_batch_size: 2,
    })
    await clock.advance(0)
    expect(seen.calls.map(({ item }) => item.prompt)).toEqual(['a', 'b'])
    await clock.advance(1_000)
    expect((await running).duplicate_requests).toBe(3)
  })

  it('are all run, and kept apart from other callers, when deduplicate is false', async () => {
    const { seen, start } = setUp()
    const identity = vi.fn(() => 'same')
    const { duplicate_requests } = await start(
      items('a', 'a'),
      { deduplicate: false },
      {},
      { identity },
    )
    expect(duplicate_requests).toBe(0)
    expect(seen.calls.map(({ options }) => options.coalesce)).toEqual([false, false])
    expect(identity).not.toHaveBeenCalled()
  })

  it('may coalesce with other callers when deduplicate is true', async () => {
    const { seen, start } = setUp()
    await start(items('a'))
    expect(seen.calls[0]?.options).not.toHaveProperty('coalesce')
  })

  it('never collapse without an identity', async () => {
    const { seen, start } = setUp()
    const alone = { prompt: 'a', shared: false }
    expect((await start([alone, alone])).duplicate_requests).toBe(0)
    expect(seen.calls).toHaveLength(2)
  })
})

describe('a batch that ends early', () => {
  it('stops at the first failure with fail_fast and says which items did not finish', async () => {
    const { clock, seen, start } = setUp()
    const running = start(
      [
        { prompt: 'done', ms: 10 },
        { prompt: 'bad', ms: 50, fails: true },
        { prompt: 'running', ms: 1_000 },
        { prompt: 'waiting' },
      ],
      { fail_fast: true, max_batch_size: 3 },
    )
    await clock.advance(10)
    await clock.advance(40)
    const batch = await running
    expect(batch.responses.map(({ response }) => response)).toEqual([
      'answer to done',
      'answer to waiting',
    ])
    expect(failures(batch)).toEqual([
      [1, 'PROVIDER_UNAVAILABLE', undefined],
      [2, 'ABORTED', 'fail_fast'],
    ])
    expect(batch.failed_requests).toBe(2)
    expect(seen.aborted).toEqual(['running'])
    expect(seen.records).toEqual([[4, 2]])
    expect(batch.wall_time).toBe(0.05)
  })

  it('starts nothing after a failure with fail_fast, but fails the duplicates of the failed one', async () => {
    const { seen, start } = setUp()
    const batch = await start([{ prompt: 'bad', fails: true }, ...items('bad', 'x', 'y')], {
      fail_fast: true,
      max_batch_size: 2,
    })
    expect(seen.calls.length).toBeLessThanOrEqual(2)
    expect(failures(batch).slice(0, 2)).toEqual([
      [0, 'PROVIDER_UNAVAILABLE', undefined],
      [1, 'PROVIDER_UNAVAILABLE', undefined],
    ])
    expect(failures(batch).at(-1)).toEqual([3, 'ABORTED', 'fail_fast'])
  })

  it('resolves with what there is when its time is up', async () => {
    const { clock, seen, start } = setUp()
    const running = start(
      [{ prompt: 'a', ms: 100 }, { prompt: 'b', ms: 5_000 }, { prompt: 'b' }, { prompt: 'c' }],
      { timeout_seconds: 1.5, max_batch_size: 2, parallel_processing: true },
    )
    await clock.advance(1_500)
    const batch = await running
    expect(batch.responses.map(({ response }) => response)).toEqual(['answer to a', 'answer to c'])
    expect(failures(batch)).toEqual([
      [1, 'TIMEOUT', 'batch_timeout'],
      [2, 'TIMEOUT', 'batch_timeout'],
    ])
    expect(seen.aborted).toEqual(['b'])
    expect(batch.wall_time).toBe(1.5)
    expect(batch.errors[0]?.error.retryable).toBe(true)
  })

  it('does not wait for items that ignore their signal', async () => {
    const { clock, start } = setUp()
    const infer = (): Promise<InferenceResponse> => new Promise(() => undefined)
    const running = start(items('a'), { timeout_seconds: 1 }, {}, { infer })
    await clock.advance(1_000)
    expect(failures(await running)).toEqual([[0, 'TIMEOUT', 'batch_timeout']])
  })

  it('takes no notice of what comes after its end', async () => {
    const { clock, start } = setUp()
    const told: BatchProgress[] = []
    let answerLate: (response: InferenceResponse) => void = () => undefined
    const infer = (): Promise<InferenceResponse> => new Promise((resolve) => (answerLate = resolve))
    const running = start(
      items('a'),
      { timeout_seconds: 1 },
      { onProgress: (progress) => told.push(progress) },
      { infer },
    )
    await clock.advance(1_000)
    const batch = await running
    answerLate(answerTo('a', 'item_1'))
    await clock.advance(1)
    expect(told).toEqual([])
    expect(batch.responses).toEqual([])
  })

  it('resolves when the caller aborts only after the last item is done', async () => {
    const { start } = setUp()
    const controller = new AbortController()
    const batch = await start(
      items('a'),
      {},
      {
        signal: controller.signal,
        onProgress: () => {
          controller.abort()
        },
      },
    )
    expect(batch.successful_requests).toBe(1)
  })

  it('rejects with ABORTED and the reason when the caller aborts, and aborts its items', async () => {
    const { clock, seen, start } = setUp()
    const controller = new AbortController()
    const running = start(
      [{ prompt: 'a', ms: 1_000 }],
      {},
      { signal: controller.signal, request_id: 'mine' },
    )
    const settled = expect(running).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'enough',
      request_id: 'mine',
    })
    await clock.advance(10)
    controller.abort('enough')
    await settled
    expect(seen.aborted).toEqual(['a'])
    expect(seen.calls[0]?.options.signal?.reason).toBe('enough')
    expect(seen.records).toEqual([[1, 1]])
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  it('runs nothing when the caller has aborted already', async () => {
    const { seen, start } = setUp()
    const running = start(items('a'), {}, { signal: AbortSignal.abort('early') })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED', cause: 'early' })
    expect([seen.calls, seen.records]).toEqual([[], []])
  })

  it('leaves no timer behind, however it ends', async () => {
    const { clock, start } = setUp()
    await start(items('a'))
    await start([{ prompt: 'a', fails: true }], { fail_fast: true })
    const timedOut = start(
      items('a'),
      { timeout_seconds: 1 },
      {},
      { infer: () => new Promise(() => undefined) },
    )
    await clock.advance(1_000)
    await timedOut
    expect(clock.pending).toBe(0)
  })
})

describe('onProgress', () => {
  it('is told about every item, duplicates and failures included', async () => {
    const { start } = setUp()
    const told: BatchProgress[] = []
    await start(
      [{ prompt: 'a' }, { prompt: 'a' }, { prompt: 'b', fails: true }],
      {},
      {
        onProgress: (progress) => told.push(progress),
      },
    )
    expect(told.map(({ completed }) => completed)).toEqual([1, 2, 3])
    expect(told.at(-1)).toEqual({ completed: 3, failed: 1, total: 3 })
  })

  it('may throw or reject without hurting the batch', async () => {
    const { start } = setUp()
    const throwing = await start(
      items('a'),
      {},
      {
        onProgress: () => {
          throw new Error('bar broke')
        },
      },
    )
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what a user may do
    const rejecting = await start(items('a'), {}, { onProgress: () => Promise.reject(new Error()) })
    expect([throwing.successful_requests, rejecting.successful_requests]).toEqual([1, 1])
  })
})

describe('a large batch', () => {
  it('lets timers run although every item is answered from memory', async () => {
    const { clock, seen, start } = setUp()
    const controller = new AbortController()
    setImmediate(() => {
      controller.abort()
    })
    const prompts = Array.from({ length: 5_000 }, (_, index) => ({ prompt: String(index % 3) }))
    const running = start(prompts, {}, { signal: controller.signal })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
    expect(seen.calls).toHaveLength(3)
    expect(clock.pending).toBe(0)
  })

  it('of 10,000 items needs at most 50 MB beyond its results', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const { start } = setUp()
    const requests = Array.from({ length: 10_000 }, (_, index) => ({ prompt: `p${String(index)}` }))
    let running = 0
    let most = 0
    let peak = 0
    let answered = 0
    // Kept by the caller anyway: what the answers alone need is measured first.
    const before = heap()
    const results = requests.map(({ prompt }) => answerTo(prompt, `req_${prompt}`))
    const resultBytes = heap() - before
    results.length = 0
    const base = heap()
    const batch = await start(
      requests,
      { max_batch_size: 50 },
      {},
      {
        infer: async (raw) => {
          most = Math.max(most, (running += 1))
          await new Promise((resolve) => setImmediate(resolve))
          running -= 1
          answered += 1
          if (answered % 2_000 === 0) peak = Math.max(peak, heap() - base)
          return answerTo((raw as Item).prompt, `req_${String(answered)}`)
        },
      },
    )
    expect(batch.successful_requests).toBe(10_000)
    expect(most).toBe(50)
    expect(peak - resultBytes).toBeLessThan(50 * 2 ** 20)
  })

  it('warns of no listener leak with many items in flight', async () => {
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', listen)
    const { clock, start } = setUp()
    const prompts = Array.from({ length: 100 }, (_, index) => ({ prompt: String(index), ms: 10 }))
    const running = start(prompts, { max_batch_size: 100 })
    await clock.advance(10)
    await running
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })
})

describe('the totals of a batch', () => {
  it('agree with its items, whatever happens to them', async () => {
    const cost = fc.oneof(
      fc.nat(1_000_000).map((nano) => nano / 1e9),
      fc.constant(null),
    )
    const item = fc.record({
      prompt: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      ms: fc.nat(50),
      fails: fc.boolean(),
      answer: fc.record({
        estimated_cost: cost,
        actual_cost: cost,
        cache_hit: fc.boolean(),
        processing_time: fc.nat(5_000).map((ms) => ms / 1_000),
      }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { minLength: 1, maxLength: 30 }),
        fc.record({
          max_batch_size: fc.integer({ min: 1, max: 12 }),
          deduplicate: fc.boolean(),
          parallel_processing: fc.boolean(),
          fail_fast: fc.boolean(),
          timeout_seconds: fc.constantFrom(0.02, 0.1, 600),
        }),
        async (requests, fields) => {
          const { clock, seen, start } = setUp()
          const running = start(requests, fields)
          await clock.advance(2_000)
          const batch = await running
          const { responses, errors } = batch
          expect(batch.total_requests).toBe(requests.length)
          expect(batch.successful_requests).toBe(responses.length)
          expect(batch.failed_requests).toBe(errors.length)
          expect(responses.length + errors.length).toBe(requests.length)
          expect(seen.mostRunning).toBeLessThanOrEqual(
            fields.parallel_processing ? fields.max_batch_size : 1,
          )
          const failed = new Set(errors.map(({ index }) => index))
          expect([...failed]).toEqual([...failed].sort((a, b) => a - b))
          const answered = requests.filter((_, index) => !failed.has(index))
          expect(responses.map(({ response }) => response)).toEqual(
            answered.map(({ prompt }) => `answer to ${prompt}`),
          )
          for (const key of ['estimated_cost', 'actual_cost'] as const) {
            const costs = responses.map((response) => response[key])
            const known = costs.every((usd) => usd !== null)
            const nano = costs.reduce<number>((sum, usd) => sum + Math.round((usd ?? 0) * 1e9), 0)
            expect(batch[`total_${key}`]).toBe(known ? nano / 1e9 : null)
          }
          const seconds = responses.reduce((sum, { processing_time }) => sum + processing_time, 0)
          expect(batch.total_processing_time).toBeCloseTo(seconds)
          expect(batch.avg_processing_time).toBeCloseTo(seconds / (responses.length || 1))
          expect(batch.cache_hits).toBe(responses.filter(({ cache_hit }) => cache_hit).length)
          expect(batch.cache_hit_rate).toBe(batch.cache_hits / (responses.length || 1))
          expect(new Set(responses.map(({ request_id }) => request_id)).size).toBe(responses.length)
          expect(batch.duplicate_requests).toBeLessThanOrEqual(requests.length - seen.calls.length)
          if (!fields.deduplicate) expect(batch.duplicate_requests).toBe(0)
          expect(seen.records).toEqual([[requests.length, errors.length]])
        },
      ),
      { numRuns: 150 },
    )
  })
})
