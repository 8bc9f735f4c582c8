import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProviderError, RaptorflowError } from '../../../src/errors.js'
import type { ProviderErrorFacts } from '../../../src/errors.js'
import { AttemptsFailed, Refused, runAttempts } from '../../../src/features/resilience/attempts.js'
import type { AttemptsOptions } from '../../../src/features/resilience/attempts.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

type Reply = 'ok' | ProviderErrorFacts | Error
type Options = AttemptsOptions<string, string>

const NamedAttemptsFailed = AttemptsFailed<string>

/** Runs attempts over scripted replies per candidate, moving time until they settle. */
async function run(script: Record<string, Reply[]>, overrides: Partial<Options> = {}) {
  const clock = new FakeClock()
  const calls: { candidate: string; index: number; at: number; remainingMs: number }[] = []
  const told: [failed: string, next: string | undefined][] = []
  const settled = runAttempts<string, string>({
    candidates: Object.keys(script),
    call: async (candidate, { index, remainingMs }) => {
      calls.push({ candidate, index, at: clock.monotonic(), remainingMs })
      const reply = script[candidate]?.shift()
      if (reply === undefined) throw new Error(`unscripted call of ${candidate}`)
      if (reply === 'ok') return `answer of ${candidate}`
      throw reply instanceof Error ? reply : new ProviderError(reply)
    },
    signal: new AbortController().signal,
    latestDeadline: () => 60_000,
    delivered: () => false,
    clock,
    random: () => 0.5,
    onFailure: ({ candidate }, next) => told.push([candidate, next]),
    ...overrides,
  }).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  )
  await clock.advance(10_000)
  const { value, error } = await settled
  const failed = error instanceof NamedAttemptsFailed ? error : undefined
  return {
    value,
    error,
    failed,
    kinds: (failed ?? value)?.failures.map(({ failure }) => failure.kind),
    calls,
    order: calls.map(({ candidate }) => candidate).join(''),
    told,
    pending: clock.pending,
  }
}

describe('runAttempts', () => {
  it('returns the first answer and calls nobody else', async () => {
    const { value, order, told } = await run({ a: ['ok'], b: [] })
    expect(value).toEqual({ result: 'answer of a', candidate: 'a', failures: [] })
    expect(order).toBe('a')
    expect(told).toEqual([])
  })

  it('fails over to the next candidate at once, in order', async () => {
    const { value, calls, kinds, told } = await run({
      a: [{ status: 500 }],
      b: [{ status: 401 }],
      c: ['ok'],
    })
    expect(value?.candidate).toBe('c')
    expect(calls.map(({ candidate, index, at }) => [candidate, index, at])).toEqual([
      ['a', 0, 0],
      ['b', 1, 0],
      ['c', 2, 0],
    ])
    expect(kinds).toEqual(['server_error', 'auth'])
    expect(told).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ])
  })

  it('retries the best-ranked retryable candidate once, after the jitter, as the last resort', async () => {
    const { value, calls, told } = await run({
      a: [{ status: 401 }],
      b: [{ status: 500 }, 'ok'],
      c: [{ status: 503 }],
    })
    expect(value?.candidate).toBe('b')
    expect(calls.map(({ candidate, at }) => [candidate, at])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['b', 275],
    ])
    expect(told.at(-1)).toEqual(['c', 'b'])
  })

  it('gives up after the last resort failed', async () => {
    const { failed, order, told } = await run({ a: [{ status: 500 }, { status: 500 }, 'ok'] })
    expect(order).toBe('aa')
    expect(failed).toMatchObject({ ended: 'failed', refusal: undefined })
    expect(failed?.failures).toHaveLength(2)
    expect(told).toEqual([
      ['a', 'a'],
      ['a', undefined],
    ])
  })

  it('does not retry where no failure is retryable', async () => {
    const { order } = await run({ a: [{ reason: 'timeout' }], b: [{ status: 401 }] })
    expect(order).toBe('ab')
  })

  it('waits for a short Retry-After and the jitter before the last resort', async () => {
    const { calls } = await run({ a: [{ status: 429, retryAfterMs: 2_000 }, 'ok'] })
    expect(calls.map(({ at }) => at)).toEqual([0, 2_275])
  })

  it('passes over a candidate whose Retry-After is longer than two seconds', async () => {
    const { order } = await run({
      a: [{ status: 429, retryAfterMs: 2_001 }],
      b: [{ status: 429, retryAfterMs: 500 }, 'ok'],
    })
    expect(order).toBe('abb')
    expect((await run({ a: [{ status: 429, retryAfterMs: 2_001 }] })).order).toBe('a')
  })

  it('does not wait for a retry that the deadline leaves no time for', async () => {
    const { failed, order } = await run({ a: [{ status: 500 }] }, { latestDeadline: () => 275 })
    expect(order).toBe('a')
    expect(failed?.ended).toBe('failed')
  })

  it.each<[string, ProviderErrorFacts]>([
    ['content_filter', { reason: 'content_filter' }],
    ['invalid_request', { status: 400 }],
    ['answer_too_large', { reason: 'answer_too_large' }],
  ])('ends after %s', async (kind, facts) => {
    const { failed, kinds, order, told } = await run({ a: [facts, 'ok'], b: ['ok'] })
    expect(order).toBe('a')
    expect(kinds).toEqual([kind])
    expect(failed?.ended).toBe('failed')
    expect(told).toEqual([['a', undefined]])
  })

  it('goes to larger context windows only after context_length', async () => {
    const windows: Record<string, number> = { a: 8, b: 8, c: 4, d: 16 }
    const script = () => ({
      a: [{ type: 'context_length_exceeded' }],
      b: [],
      c: [],
      d: ['ok' as const],
    })
    const larger = await run(script(), {
      hasLargerContext: (candidate, than) => windows[candidate]! > windows[than]!,
    })
    expect(larger.order).toBe('ad')
    expect((await run(script())).order).toBe('a')
  })

  it('counts dispatched calls against maxAttempts, four by default', async () => {
    const down = { status: 500 }
    const six = { a: [down], b: [down], c: [down], d: [down], e: ['ok' as const], f: [] }
    expect((await run(six)).order).toBe('abcd')
    expect((await run({ a: [down], b: ['ok'] }, { maxAttempts: 1 })).order).toBe('a')
  })

  it('skips a refused candidate without counting it as a failure or an attempt', async () => {
    const { value, calls, kinds, told } = await run(
      { a: [new Refused('budget')], b: ['ok'] },
      { maxAttempts: 1 },
    )
    expect(value?.candidate).toBe('b')
    expect(calls.map(({ index }) => index)).toEqual([0, 0])
    expect(kinds).toEqual([])
    expect(told).toEqual([])
  })

  it('surfaces the first refusal when every candidate was refused', async () => {
    const why = new RaptorflowError('BUDGET_EXCEEDED', 'too dear')
    const first = new Refused('budget', why)
    const { error, order } = await run({ a: [first], b: [new Refused('other')] })
    expect(error).toBe(first)
    expect(first).toMatchObject({ reason: 'budget', error: why })
    expect(order).toBe('ab')
  })

  it('names the refusal beside the failures when both happened', async () => {
    const refusal = new Refused('budget')
    const { failed, kinds } = await run({ a: [{ status: 401 }], b: [refusal] })
    expect(kinds).toEqual(['auth'])
    expect(failed?.refusal).toBe(refusal)
  })

  it('ends when the last resort is refused', async () => {
    const { failed, order } = await run({ a: [{ status: 500 }, new Refused('budget'), 'ok'] })
    expect(order).toBe('aa')
    expect(failed?.failures).toHaveLength(1)
  })

  it('calls nobody when the deadline has passed', async () => {
    const { failed, order } = await run({ a: ['ok'] }, { latestDeadline: () => 0 })
    expect(order).toBe('')
    expect(failed).toMatchObject({ ended: 'deadline', failures: [] })
  })

  it('reads the deadline again before every attempt', async () => {
    const deadlines = [100, 100, 5_000, 5_000]
    const { calls } = await run(
      { a: [{ status: 500 }], b: ['ok'] },
      { latestDeadline: () => deadlines.shift() ?? 5_000 },
    )
    expect(calls.map(({ remainingMs }) => remainingMs)).toEqual([100, 5_000])
  })

  it('ends with `deadline` when time runs out between two candidates', async () => {
    let deadline = 60_000
    const { failed, order, told } = await run(
      { a: [{ status: 500 }], b: ['ok'] },
      {
        latestDeadline: () => deadline,
        delivered: () => {
          deadline = 0
          return false
        },
      },
    )
    expect(order).toBe('a')
    expect(failed?.ended).toBe('deadline')
    expect(told).toEqual([['a', undefined]])
  })

  it('makes no last resort when the deadline has moved up during the wait', async () => {
    const deadlines = [60_000, 60_000, 60_000]
    const { failed, order } = await run(
      { a: [{ status: 500 }, 'ok'] },
      { latestDeadline: () => deadlines.shift() ?? 200 },
    )
    expect(order).toBe('a')
    expect(failed?.ended).toBe('deadline')
  })

  it('calls nobody when the signal is aborted, also when it aborts during the wait', async () => {
    const controller = new AbortController()
    const clock = new FakeClock()
    let calls = 0
    const settled = expect(
      runAttempts({
        candidates: ['a'],
        call: async () => {
          calls += 1
          throw new ProviderError({ status: 500 })
        },
        signal: controller.signal,
        latestDeadline: () => 60_000,
        delivered: () => false,
        clock,
        random: () => 0.5,
      }),
    ).rejects.toMatchObject({ ended: 'aborted' })
    await clock.advance(100)
    controller.abort()
    await settled
    expect(calls).toBe(1)
    expect(clock.pending).toBe(0)
    expect((await run({ a: ['ok'] }, { signal: AbortSignal.abort() })).failed?.ended).toBe(
      'aborted',
    )
  })

  it('takes whatever is thrown while aborted for the abort', async () => {
    const controller = new AbortController()
    const { failed, kinds } = await run(
      {},
      {
        candidates: ['a', 'b'],
        signal: controller.signal,
        call: async () => {
          controller.abort(new Error('left'))
          throw controller.signal.reason
        },
      },
    )
    expect(kinds).toEqual(['aborted'])
    expect(failed?.ended).toBe('aborted')
  })

  it('never calls anybody again after content was delivered', async () => {
    const { failed, order } = await run(
      { a: [{ reason: 'stream_truncated' }, 'ok'], b: ['ok'] },
      { delivered: () => true },
    )
    expect(order).toBe('a')
    expect(failed?.ended).toBe('failed')
  })
})

const factsArbitrary = fc.constantFrom<ProviderErrorFacts>(
  { status: 429, retryAfterMs: 300 },
  { status: 429, retryAfterMs: 5_000 },
  { status: 500 },
  { status: 401 },
  { reason: 'timeout' },
  { reason: 'stream_idle' },
  { reason: 'content_filter' },
  { status: 400 },
  { type: 'context_length_exceeded' },
)

/** What one call does, how long it takes, and what happens around it. */
const eventArbitrary = fc.record({
  reply: fc.oneof(
    { weight: 1, arbitrary: fc.constant('ok' as const) },
    { weight: 1, arbitrary: fc.constant('refuse' as const) },
    { weight: 6, arbitrary: factsArbitrary },
  ),
  takesMs: fc.nat(400),
  deliver: fc.boolean(),
})

describe('runAttempts under random failures', () => {
  it('keeps its bounds, its order and its promises to stop', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(eventArbitrary, { minLength: 12, maxLength: 12 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 14 }),
        fc.integer({ min: 0, max: 14 }),
        async (count, maxAttempts, events, deadline, abortAt, deliverAt) => {
          const clock = new FakeClock()
          const controller = new AbortController()
          const candidates = Array.from({ length: count }, (_, rank) => rank)
          const called: number[] = []
          const violations: string[] = []
          let dispatched = 0
          let delivered = false
          let final = false
          const state = { answered: false }

          const settled = runAttempts<number, string>({
            candidates,
            signal: controller.signal,
            latestDeadline: () => deadline,
            delivered: () => delivered,
            clock,
            random: () => 0.5,
            maxAttempts,
            call: async (candidate) => {
              if (controller.signal.aborted) violations.push('called after the abort')
              if (clock.monotonic() >= deadline) violations.push('called after the deadline')
              if (delivered) violations.push('called after content was delivered')
              if (final) violations.push('called after a final failure')
              if (state.answered) violations.push('called after an answer')
              const event = events[called.length]!
              const position = called.push(candidate)
              await new Promise<void>((resolve) => clock.schedule(event.takesMs, resolve))
              if (position === abortAt) controller.abort()
              if (event.reply === 'refuse') throw new Refused('budget')
              dispatched += 1
              if (position === deliverAt && event.deliver) delivered = true
              if (event.reply === 'ok') {
                state.answered = true
                return 'ok'
              }
              const { reason, status } = event.reply
              final ||= reason === 'content_filter' || status === 400
              throw new ProviderError(event.reply)
            },
          }).catch((error: unknown) => error)
          await clock.advance(20_000)
          const result = await settled

          expect(violations).toEqual([])
          expect(dispatched).toBeLessThanOrEqual(maxAttempts)
          expect(called.length).toBeLessThanOrEqual(count + 1)
          const firsts = called.slice(0, count)
          const unique = firsts.filter((rank, index) => firsts.indexOf(rank) === index)
          expect(unique).toEqual([...unique].sort((a, b) => a - b))
          expect(new Set(called).size).toBeGreaterThanOrEqual(called.length - 1)
          expect(clock.pending).toBe(0)
          if (state.answered) expect(result).toMatchObject({ result: 'ok' })
          else expect(result instanceof AttemptsFailed || result instanceof Refused).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})
