import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ProviderError, type BatchResponse, type InferenceRequest } from '../../src/index.js'
import { ANSWER, asked, follow, never, rawProvider, seeded, worldOf } from './support.js'
import type { ProviderCall } from '../../src/index.js'

const echo = rawProvider('raw', {
  call: (call: ProviderCall) => {
    const text = asked(call)
    return text.includes('bad')
      ? Promise.reject(new ProviderError({ status: 400, type: 'invalid_request_error' }))
      : Promise.resolve({ ...ANSWER, text })
  },
})

/** What the documented totals promise about one another. */
function consistent(batch: BatchResponse, total: number): void {
  const { responses, errors } = batch
  expect(batch.total_requests).toBe(total)
  expect(batch.successful_requests).toBe(responses.length)
  expect(batch.failed_requests).toBe(errors.length)
  expect(responses.length + errors.length).toBe(total)
  expect(new Set(responses.map(({ request_id }) => request_id)).size).toBe(responses.length)
  expect(new Set(errors.map(({ index }) => index)).size).toBe(errors.length)
}

describe('a batch', () => {
  it('of 10,000 items, copies and failures among them, keeps order and counts', async () => {
    const chance = seeded(41)
    const { client } = worldOf([echo])
    const prompts = Array.from({ length: 10_000 }, () => {
      const number = Math.floor(chance() * 4_000)
      return number % 7 === 0 ? `bad ${number}` : `good ${number}`
    })
    const batch = await client.batch({
      requests: prompts.map((prompt) => ({ prompt })),
      max_batch_size: 100,
    })
    consistent(batch, 10_000)
    const good = prompts.filter((prompt) => prompt.startsWith('good'))
    expect(batch.responses.map(({ response }) => response)).toEqual(good)
    expect(batch.errors.map(({ index }) => prompts[index]?.slice(0, 3))).toEqual(
      Array(10_000 - good.length).fill('bad'),
    )
    expect(batch.duplicate_requests).toBe(10_000 - new Set(prompts).size)
  })

  it('survives a caller who spoils its items while it runs', async () => {
    const requests: { prompt: string }[] = Array.from({ length: 20 }, () => ({ prompt: 'same' }))
    const { client } = worldOf([echo])
    const batch = await client.batch(
      { requests, max_batch_size: 5 },
      {
        onProgress: () => {
          for (const request of requests) request.prompt = ''
        },
      },
    )
    consistent(batch, 20)
    expect(batch.responses[0]?.response).toBe('same')
  })

  it('survives items whose getters change their mind', async () => {
    let reads = 0
    const fickle = (): InferenceRequest => ({
      get prompt() {
        reads += 1
        if (reads % 3 === 0) throw new Error('not now')
        return 'fickle'
      },
    })
    const { client } = worldOf([echo])
    consistent(await client.batch({ requests: Array.from({ length: 200 }, fickle) }), 200)
  })

  it('that fails fast at once settles everything else as aborted', async () => {
    const { client } = worldOf([echo])
    const requests = [{}, ...Array.from({ length: 50 }, (_, n) => ({ prompt: `good ${n}` }))]
    const batch = await client.batch({ requests, fail_fast: true, max_batch_size: 3 })
    consistent(batch, 51)
    expect(batch.errors[0]).toMatchObject({ index: 0, error: { code: 'INVALID_REQUEST' } })
  })

  it('of copies of a failing item reports each of them', async () => {
    for (const fail_fast of [false, true]) {
      const { client } = worldOf([echo])
      const requests = Array.from({ length: 30 }, () => ({ prompt: 'bad' }))
      const batch = await client.batch({ requests, fail_fast })
      consistent(batch, 30)
      expect(batch.failed_requests).toBe(30)
    }
  })

  it('ends at once when aborted, at its timeout, and leaves nothing running', async () => {
    const { client, clock } = worldOf([rawProvider('raw', { call: never })])
    const controller = new AbortController()
    const requests = Array.from({ length: 500 }, (_, n) => ({ prompt: `q${n}` }))
    const aborted = follow(client.batch({ requests }, { signal: controller.signal }))
    await clock.advance(1)
    controller.abort('stop')
    await clock.advance(0)
    expect(aborted()).toMatchObject({ error: { code: 'ABORTED', cause: 'stop' } })
    const timed = follow(client.batch({ requests, timeout_seconds: 0.001 }))
    await clock.advance(1)
    const end = timed()
    expect(end.state).toBe('resolved')
    if (end.state === 'resolved') consistent(end.value, 500)
    await clock.advance(0)
    const { pending_requests, processing_requests } = await client.stats()
    expect([pending_requests, processing_requests, clock.pending]).toEqual([0, 0, 0])
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  it('runs inside the progress of another one', async () => {
    const { client } = worldOf([echo])
    const inner: Promise<BatchResponse>[] = []
    const outer = await client.batch(
      { requests: [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'a' }] },
      {
        onProgress: ({ completed }) => {
          inner.push(
            client.batch({ requests: [{ prompt: `inner ${completed}` }, { prompt: 'a' }] }),
          )
        },
      },
    )
    consistent(outer, 3)
    for (const batch of await Promise.all(inner)) consistent(batch, 2)
    expect(inner).toHaveLength(3)
  })

  it('goes on to its end when the client is closed under it', async () => {
    const { client, clock } = worldOf([rawProvider('raw', { call: never })])
    const requests = Array.from({ length: 40 }, (_, n) => ({ prompt: `q${n}` }))
    const batch = follow(client.batch({ requests }))
    await clock.advance(1)
    const closed = follow(client.close())
    await clock.advance(2_000)
    expect(closed().state).toBe('resolved')
    const end = batch()
    expect(end.state).toBe('resolved')
    if (end.state === 'resolved') {
      consistent(end.value, 40)
      for (const { error } of end.value.errors) expect(error.details.reason).toBe('closed')
    }
  })
})
