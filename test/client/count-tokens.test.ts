import { describe, expect, it, vi } from 'vitest'
import { InferenceClient, RaptorflowError } from '../../src/index.js'
import { countTokens } from '../../src/features/pricing/tokenizer.js'
import { mockProvider } from '../../src/testing/index.js'
import { systemClock } from '../../src/util/clock.js'

const MODEL = 'gpt-4o'
/** Takes a tokenizer a second or so: every word is new to it. */
const LONG = Array.from({ length: 150_000 }, (_, index) => `word${index.toString(36)}`).join(' ')

const clientOf = (): InferenceClient =>
  new InferenceClient({ providers: [mockProvider({ reply: 'ok' })], defaultModel: MODEL })

async function failure(promise: Promise<unknown>): Promise<RaptorflowError> {
  const outcome: unknown = await promise.then(
    () => new Error('expected a rejection'),
    (error: unknown) => error,
  )
  if (!RaptorflowError.isInstance(outcome)) throw outcome
  return outcome
}

describe('countTokens', () => {
  it('counts a request and a bare prompt alike, with and without a signal', async () => {
    const client = clientOf()
    const { signal } = new AbortController()
    const counts = await Promise.all([
      client.countTokens({ prompt: 'hello world' }),
      client.countTokens({ prompt: 'hello world' }, { signal }),
      client.countTokens('hello world', { signal }),
      client.countTokens('hello world', {}),
    ])
    expect(new Set(counts.map(({ input_tokens }) => input_tokens)).size).toBe(1)
    expect(counts[0]).toMatchObject({ model: MODEL, exact: true })
  })

  it('ends the wait at once when the signal aborts', async () => {
    const controller = new AbortController()
    const counting = failure(
      clientOf().countTokens({ prompt: LONG }, { signal: controller.signal }),
    )
    const reason = new Error('changed my mind')
    controller.abort(reason)
    const error = await counting
    expect(error).toMatchObject({ code: 'ABORTED', details: { reason: 'aborted' } })
    expect(error.cause).toBe(reason)
  })

  it('does not begin for a signal that has aborted', async () => {
    const signal = AbortSignal.abort()
    const error = await failure(clientOf().countTokens('hello', { signal }))
    expect(error.code).toBe('ABORTED')
  })

  it('lets go of the signal when the count is there', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const added = vi.spyOn(signal, 'addEventListener')
    await clientOf().countTokens('hello', { signal })
    expect(added).toHaveBeenCalledOnce()
    expect(removed).toHaveBeenCalledExactlyOnceWith(...added.mock.calls[0]!.slice(0, 2))
  })

  it('refuses what is no signal', async () => {
    const signal = 'stop' as unknown as AbortSignal
    for (const request of ['hello', { prompt: 'hello' }]) {
      const error = await failure(clientOf().countTokens(request, { signal }))
      expect(error).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'signal' } })
    }
  })
})

describe('the count of a caller who has aborted', () => {
  it('stops at its next slice, so that the next count need not wait for it', async () => {
    await countTokens(['warm up'], MODEL)
    const controller = new AbortController()
    let looks = 0
    // Each look at the clock follows a slice; the fifth is the last before the abort.
    const clock = {
      ...systemClock,
      monotonic: () => {
        looks += 1
        if (looks === 5) controller.abort()
        return systemClock.monotonic()
      },
    }
    const error = await failure(countTokens([LONG], MODEL, { clock, signal: controller.signal }))
    expect(error.code).toBe('ABORTED')
    expect(looks).toBe(5)
    expect((await countTokens(['hello world'], MODEL)).tokens).toBe(2)
  })

  it('does not begin when it was still waiting for its turn', async () => {
    const controller = new AbortController()
    const monotonic = vi.fn(() => systemClock.monotonic())
    const first = countTokens(['hello world'], MODEL)
    const second = failure(
      countTokens([LONG], MODEL, {
        clock: { ...systemClock, monotonic },
        signal: controller.signal,
      }),
    )
    controller.abort()
    expect((await first).tokens).toBe(2)
    expect((await second).code).toBe('ABORTED')
    expect(monotonic).not.toHaveBeenCalled()
  })
})

describe('clearCache after close()', () => {
  it('rejects with the reason closed, whatever the level', async () => {
    const client = clientOf()
    expect(await client.clearCache('all')).toMatchObject({ success: true })
    await client.close()
    for (const level of ['all', 'l1', 'l9' as 'l1'] as const) {
      const error = await failure(client.clearCache(level))
      expect(error).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', details: { reason: 'closed' } })
      expect(error.retryable).toBe(false)
    }
  })
})
