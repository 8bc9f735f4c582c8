import { describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { RaptorflowError } from '../../src/errors.js'
import type { InferenceResponse } from '../../src/contracts/response.js'
import type { InferenceStream, StreamChunk } from '../../src/contracts/stream.js'
import type { FlightControl, Passenger } from '../../src/features/dedup/flight.js'
import { createFlights } from '../../src/features/dedup/flights.js'
import { createInferenceStream, type Passage } from '../../src/pipeline/inference-stream.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

type Answer = InferenceResponse

const answer = (response: string): Answer => ({
  request_id: 'req_1',
  response,
  model_used: 'gpt-4',
  provider_used: 'openai',
  processing_time: 0.5,
  cache_hit: false,
  input_tokens: 1,
  output_tokens: 1,
  estimated_cost: 0,
  actual_cost: 0,
  timestamp: '2026-01-01T00:00:00.000Z',
  metadata: { strategy: 'balanced', optimization_enabled: true },
  finish_reason: 'stop',
  tool_calls: [],
  usage: { input: 1, cache_read: 0, cache_write: 0, output: 1, reasoning: 0 },
  cache: { level: null, age_seconds: 0, similarity: null, stale: false },
  cost_saved: 0,
  coalesced: false,
  attempts: [],
})

const broken = new RaptorflowError('PROVIDER_UNAVAILABLE', 'broken', { request_id: 'req_1' })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Upstream {
  readonly stream: InferenceStream
  readonly open: ReturnType<typeof vi.fn>
  readonly leave: ReturnType<typeof vi.fn>
  /** The flight, once something was read. */
  readonly flight: () => FlightControl<Passenger>
  readonly say: (...texts: string[]) => void
  readonly finish: (text?: string) => void
  readonly fail: (error: unknown) => void
  /** Another caller of the same answer. */
  readonly follow: () => InferenceStream
}

/** A stream over a real flight whose upstream the test plays. */
function setup(
  wrap: (passage: Passage<unknown>) => Promise<Passage<unknown>> | Passage<unknown> = (p) => p,
): Upstream {
  const clock = new FakeClock()
  const flights = createFlights<Passenger, Answer>({ clock, finalText: ({ response }) => response })
  let control: FlightControl<Passenger> | undefined
  let resolve: (result: Answer) => void
  let reject: (error: unknown) => void
  const leave = vi.fn()
  const passage = (): Passage<unknown> => {
    const passenger: Passenger = { id: 'req_1', mode: 'stream', deadline: 1_000, priority: 5 }
    const boarding = flights.board('key', passenger, (flight) => {
      control = flight
      return new Promise((yes, no) => {
        resolve = yes
        reject = no
      })
    })
    return {
      chunks: () => boarding.chunks(),
      response: () => boarding.result(),
      leave: (reason) => {
        leave(reason)
        boarding.leave(reason)
      },
    }
  }
  const open = vi.fn(() => wrap(passage()))
  return {
    stream: createInferenceStream('req_1', open, clock),
    open,
    leave,
    flight: () => control!,
    say: (...texts) => {
      for (const text of texts) control!.append({ type: 'text', text })
    },
    finish: (text = 'Paris') => {
      resolve(answer(text))
    },
    fail: (error) => {
      reject(error)
    },
    follow: () => createInferenceStream('req_2', passage, clock),
  }
}

async function drain(
  iterable: AsyncIterable<StreamChunk>,
): Promise<{ chunks: StreamChunk[]; error: unknown }> {
  const chunks: StreamChunk[] = []
  try {
    for await (const chunk of iterable) chunks.push(chunk)
    return { chunks, error: undefined }
  } catch (error) {
    return { chunks, error }
  }
}

async function textOf(stream: InferenceStream): Promise<string> {
  let text = ''
  for await (const piece of stream.text()) text += piece
  return text
}

const types = (chunks: readonly StreamChunk[]): string[] => chunks.map(({ type }) => type)

describe('a stream', () => {
  it('starts nothing before the first read', async () => {
    const { stream, open } = setup()
    stream[Symbol.asyncIterator]()
    stream.text()[Symbol.asyncIterator]()
    stream.toReadableStream()
    await turn()
    expect(open).not.toHaveBeenCalled()
    expect(stream.request_id).toBe('req_1')
  })

  it('opens once, whatever reads it and however often', async () => {
    const { stream, open, say, finish } = setup()
    const reads = [drain(stream), textOf(stream), stream.response(), drain(stream)]
    const reader = stream.toReadableStream().getReader()
    const first = reader.read()
    await turn()
    say('Paris')
    finish()
    await Promise.all(reads)
    await first
    await reader.cancel()
    await drain(stream)
    expect(open).toHaveBeenCalledTimes(1)
  })

  it('gives the shared chunks, then exactly one `complete` with the next number', async () => {
    const { stream, flight, say, finish } = setup()
    const all = drain(stream)
    await turn()
    flight().progress(5, 'Asking openai')
    say('Par', 'is')
    finish()
    const { chunks, error } = await all
    expect(error).toBeUndefined()
    expect(types(chunks)).toEqual(['progress', 'data', 'progress', 'data', 'complete'])
    expect(chunks.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5])
    expect(chunks.at(-1)).toEqual({
      id: 'chunk_005',
      type: 'complete',
      data: answer('Paris'),
      timestamp: '2026-01-01T00:00:00.000Z',
      sequence: 5,
    })
  })

  it('starts every iteration at the first chunk, before and after the end, over the same objects', async () => {
    const { stream, say, finish } = setup()
    const early = drain(stream)
    await turn()
    say('Par')
    const midway = drain(stream)
    await turn()
    say('is')
    finish()
    const lists = [await early, await midway, await drain(stream)].map(({ chunks }) => chunks)
    for (const chunks of lists) {
      expect(types(chunks).at(-1)).toBe('complete')
      expect(chunks).toEqual(lists[0])
      expect(chunks.slice(0, -1).every((chunk, index) => chunk === lists[0]![index])).toBe(true)
    }
  })

  it('is over after `complete`', async () => {
    const { stream, finish } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    const first = iterator.next()
    await turn()
    finish('')
    expect((await first).value).toMatchObject({ type: 'complete', sequence: 1 })
    expect(await iterator.next()).toEqual({ value: undefined, done: true })
    expect(await iterator.next()).toEqual({ value: undefined, done: true })
  })

  it('answers several reads at once with one chunk each and one `complete`', async () => {
    const { stream, say, finish } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    const reads = Array.from({ length: 6 }, () => iterator.next())
    await turn()
    say('Par')
    finish()
    const items = await Promise.all(reads)
    const chunks = items.flatMap((item) => (item.done === true ? [] : [item.value as StreamChunk]))
    expect(types(chunks)).toEqual(['data', 'progress', 'complete'])
    expect(items.slice(3).every(({ done }) => done)).toBe(true)
  })

  it('takes a passage that opens at once or later', async () => {
    for (const later of [false, true]) {
      const { stream, finish } = setup((passage) => (later ? turn().then(() => passage) : passage))
      const text = textOf(stream)
      await turn()
      await turn()
      finish()
      expect(await text).toBe('Paris')
    }
  })
})

describe('a failure', () => {
  it('comes as one `error` chunk, then is thrown, then the iteration is over', async () => {
    const { stream, say, fail } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    const first = iterator.next()
    await turn()
    say('Par')
    fail(broken)
    expect((await first).value).toMatchObject({ type: 'data', data: 'Par' })
    await iterator.next()
    expect((await iterator.next()).value).toEqual({
      id: 'chunk_003',
      type: 'error',
      data: broken.toJSON().error,
      timestamp: '2026-01-01T00:00:00.000Z',
      sequence: 3,
    })
    await expect(iterator.next()).rejects.toBe(broken)
    expect(await iterator.next()).toEqual({ value: undefined, done: true })
  })

  it('reaches every iteration, text and response, also late ones', async () => {
    const { stream, fail } = setup()
    const early = drain(stream)
    const views = [stream.response(), textOf(stream)]
    await turn()
    fail(broken)
    for (const { chunks, error } of [await early, await drain(stream)]) {
      expect(types(chunks)).toEqual(['error'])
      expect(error).toBe(broken)
    }
    for (const view of [...views, stream.response(), textOf(stream)]) {
      await expect(view).rejects.toBe(broken)
    }
  })

  it('of several reads at once gives one `error` chunk, one throw, then the end', async () => {
    const { stream, fail } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    const reads = Array.from({ length: 3 }, () => iterator.next())
    await turn()
    fail(broken)
    const settled = await Promise.allSettled(reads)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(settled[0]).toMatchObject({ value: { value: { type: 'error' } } })
    expect(settled[2]).toMatchObject({ value: { done: true } })
  })

  it("is told with this caller's own error, not with the one all callers share", async () => {
    const own = broken.forRequest('req_7')
    const { stream, fail } = setup((passage) => ({
      ...passage,
      response: () => passage.response().catch(() => Promise.reject(own)),
    }))
    const all = drain(stream)
    await turn()
    fail(broken)
    const { chunks, error } = await all
    expect(error).toBe(own)
    expect(chunks).toMatchObject([{ type: 'error', data: { request_id: 'req_7' } }])
  })

  it.each(['throws', 'rejects'])('to open, which %s, is a failure like any other', async (how) => {
    const open = (): Promise<Passage<unknown>> => {
      if (how === 'throws') throw broken
      return Promise.reject(broken)
    }
    const stream = createInferenceStream('req_1', open, new FakeClock())
    const { chunks, error } = await drain(stream)
    expect(chunks).toMatchObject([{ type: 'error', id: 'chunk_001', sequence: 1 }])
    expect(error).toBe(broken)
    await expect(stream.response()).rejects.toBe(broken)
    await expect(textOf(stream)).rejects.toBe(broken)
  })

  it('of the response after good chunks ends in `error`, not in `complete`', async () => {
    const { stream, say, finish } = setup((passage) => ({
      ...passage,
      response: () => Promise.reject(broken),
    }))
    const all = drain(stream)
    await turn()
    say('Par')
    finish()
    const { chunks, error } = await all
    expect(types(chunks)).toEqual(['data', 'progress', 'error'])
    expect(error).toBe(broken)
  })

  it('with anything but a RaptorflowError becomes INTERNAL_ERROR without its text', async () => {
    const { stream, fail } = setup()
    const all = drain(stream)
    const response = stream.response()
    await turn()
    fail(new TypeError('the secret prompt'))
    const { chunks, error } = await all
    expect(error).toMatchObject({ code: 'INTERNAL_ERROR', request_id: 'req_1' })
    expect((error as Error).cause).toBeUndefined()
    expect(JSON.stringify(chunks)).not.toContain('secret')
    await expect(response).rejects.toMatchObject({ code: 'INTERNAL_ERROR' })
  })

  it('that nobody looks at is no unhandled rejection', async () => {
    // The suite runs with --unhandled-rejections=strict: an unhandled one fails it.
    const { stream, fail } = setup()
    void stream.response()
    const reader = stream.toReadableStream().getReader()
    const chunk = reader.read()
    await turn()
    fail(broken)
    expect((await chunk).value).toMatchObject({ type: 'error' })
    const unopened = createInferenceStream('req_1', () => Promise.reject(broken), new FakeClock())
    const iterator = unopened[Symbol.asyncIterator]()
    void iterator.next()
    await iterator.return?.()
    await turn()
  })
})

describe('text()', () => {
  it('gives the pieces of the answer only', async () => {
    const { stream, flight, say, finish } = setup()
    const pieces: string[] = []
    const all = (async () => {
      for await (const piece of stream.text()) pieces.push(piece)
    })()
    await turn()
    flight().progress(5, 'Asking openai')
    flight().append({ type: 'reasoning', text: 'hm' })
    say('Par', 'is')
    finish()
    await all
    expect(pieces).toEqual(['Par', 'is'])
  })

  it('gives the whole text at once when it was not streamed', async () => {
    const { stream, finish } = setup()
    const text = textOf(stream)
    await turn()
    finish('Paris')
    expect(await text).toBe('Paris')
  })

  it('can be read alone, and again', async () => {
    const { stream, finish } = setup()
    const first = textOf(stream)
    await turn()
    finish('Paris')
    expect(await first).toBe('Paris')
    expect(await textOf(stream)).toBe('Paris')
  })

  it('leaves when its loop is left', async () => {
    const { stream, flight, say } = setup()
    const loop = (async () => {
      for await (const piece of stream.text()) if (piece) break
    })()
    await turn()
    say('Par')
    await loop
    await turn()
    expect(flight().signal.aborted).toBe(true)
  })
})

describe('leaving', () => {
  it('by `break` aborts the call upstream when nobody else reads', async () => {
    const { stream, flight, leave, say } = setup()
    const loop = (async () => {
      for await (const chunk of stream) if (chunk.type === 'data') break
    })()
    await turn()
    say('Par')
    await loop
    await turn()
    expect(flight().signal.aborted).toBe(true)
    expect(leave).toHaveBeenCalledTimes(1)
    expect(leave.mock.calls[0]![0]).toMatchObject({
      code: 'ABORTED',
      message: 'The caller left the stream',
      request_id: 'req_1',
    })
  })

  it('takes effect at once while upstream stalls, for all pending reads', async () => {
    const { stream, flight } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    const text = stream.text()[Symbol.asyncIterator]()
    const pending = [iterator.next(), iterator.next(), text.next()]
    await turn()
    expect(await iterator.return!()).toEqual({ value: undefined, done: true })
    expect(flight().signal.aborted).toBe(false)
    await text.return!()
    for (const item of await Promise.all(pending))
      expect(item).toEqual({ value: undefined, done: true })
    await turn()
    expect(flight().signal.aborted).toBe(true)
  })

  it('takes effect at once while the passage is still opening, which is left when it opens', async () => {
    let opened: (() => void) | undefined
    const { stream, leave } = setup(
      (passage) =>
        new Promise((resolve) => {
          opened = () => {
            resolve(passage)
          }
        }),
    )
    const iterator = stream[Symbol.asyncIterator]()
    const pending = iterator.next()
    await iterator.return!()
    expect(await pending).toEqual({ value: undefined, done: true })
    expect(leave).not.toHaveBeenCalled()
    opened!()
    await turn()
    expect(leave).toHaveBeenCalledTimes(1)
  })

  it('takes effect at once while the response is awaited', async () => {
    const { stream, leave, say, finish } = setup((passage) => ({
      ...passage,
      response: () => new Promise(() => undefined),
    }))
    const iterator = stream[Symbol.asyncIterator]()
    const reads = [iterator.next(), iterator.next(), iterator.next()]
    await turn()
    say('Par')
    finish()
    await turn()
    await iterator.return!()
    expect(await reads[2]).toEqual({ value: undefined, done: true })
    await turn()
    expect(leave).toHaveBeenCalledTimes(1)
  })

  it('hurts nobody while another loop, a pending response() or a Web stream still reads', async () => {
    const { stream, flight, leave, finish } = setup()
    const others = [drain(stream), stream.response()]
    const reader = stream.toReadableStream().getReader()
    const chunk = reader.read()
    const iterator = stream[Symbol.asyncIterator]()
    const opening = iterator.next()
    await turn()
    const pending = iterator.next()
    await iterator.return!()
    for (const item of await Promise.all([opening, pending])) {
      expect(item).toEqual({ value: undefined, done: true })
    }
    await turn()
    expect(flight().signal.aborted).toBe(false)
    finish()
    await Promise.all(others)
    expect((await chunk).value).toMatchObject({ type: 'data', data: 'Paris' })
    await reader.cancel()
    expect(leave).not.toHaveBeenCalled()
  })

  it('hurts no other caller of the same answer', async () => {
    const { stream, flight, follow, say, finish } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    void iterator.next()
    const other = textOf(follow())
    await turn()
    say('Par')
    await iterator.return!()
    await turn()
    expect(flight().signal.aborted).toBe(false)
    say('is')
    finish()
    expect(await other).toBe('Paris')
  })

  it('after the end gives up nothing, and counts once however often it is called', async () => {
    const { stream, leave, finish } = setup()
    const [first, second] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()]
    const reads = [first.next(), second.next()]
    await turn()
    finish()
    await Promise.all(reads)
    expect((await first.next()).value).toMatchObject({ type: 'complete' })
    for (let i = 0; i < 3; i++) {
      await first.return!()
      await second.return!()
    }
    await turn()
    expect(leave).not.toHaveBeenCalled()
    expect((await stream.response()).response).toBe('Paris')
  })

  it('counts one iterator once', async () => {
    const { stream, flight } = setup()
    const [leaver, stayer] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()]
    void leaver.next()
    void stayer.next()
    await turn()
    for (let i = 0; i < 3; i++) await leaver.return!()
    await turn()
    expect(flight().signal.aborted).toBe(false)
    await stayer.return!()
    await turn()
    expect(flight().signal.aborted).toBe(true)
  })

  it('without ever having read starts nothing and leaves nothing', async () => {
    const { stream, open, leave } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.return!()
    expect(await iterator.next()).toEqual({ value: undefined, done: true })
    await stream.toReadableStream().cancel()
    expect(open).not.toHaveBeenCalled()
    expect(leave).not.toHaveBeenCalled()
  })

  it('is final: who reads on afterwards is told so', async () => {
    const { stream } = setup()
    const iterator = stream[Symbol.asyncIterator]()
    void iterator.next()
    await turn()
    await iterator.return!()
    await turn()
    const { chunks, error } = await drain(stream)
    expect(types(chunks)).toEqual(['error'])
    expect(error).toMatchObject({ code: 'ABORTED' })
    await expect(stream.response()).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('toReadableStream()', () => {
  it('gives the same chunks as the iteration, then closes', async () => {
    const { stream, say, finish } = setup()
    const [web, loop] = [drain(stream.toReadableStream()), drain(stream)]
    await turn()
    say('Par', 'is')
    finish()
    expect(await web).toEqual(await loop)
    expect(types((await web).chunks).at(-1)).toBe('complete')
  })

  it('gives the `error` chunk, then errors', async () => {
    const { stream, fail } = setup()
    const web = drain(stream.toReadableStream())
    await turn()
    fail(broken)
    const { chunks, error } = await web
    expect(types(chunks)).toEqual(['error'])
    expect(error).toBe(broken)
  })

  it('reads a chunk only when it is asked for one', async () => {
    const { stream, open, say, finish } = setup()
    const web = stream.toReadableStream()
    await turn()
    expect(open).not.toHaveBeenCalled()
    const reader = web.getReader()
    const first = reader.read()
    await turn()
    say('Par', 'is')
    expect((await first).value).toMatchObject({ data: 'Par' })
    finish()
    await reader.cancel()
  })

  it('leaves at once when it is cancelled while upstream stalls', async () => {
    const { stream, flight } = setup()
    const reader = stream.toReadableStream().getReader()
    const pending = reader.read()
    await turn()
    await reader.cancel()
    expect(await pending).toEqual({ value: undefined, done: true })
    await turn()
    expect(flight().signal.aborted).toBe(true)
  })
})

describe('consumers in any mix', () => {
  type Kind = 'loop' | 'breaks' | 'text' | 'web' | 'cancels' | 'response'
  const kinds = fc.constantFrom<Kind>('loop', 'breaks', 'text', 'web', 'cancels', 'response')

  const consume = async (stream: InferenceStream, kind: Kind): Promise<string> => {
    if (kind === 'response') return (await stream.response()).response
    if (kind === 'text') return textOf(stream)
    const reads = kind === 'web' || kind === 'cancels' ? stream.toReadableStream() : stream
    let text = ''
    for await (const chunk of reads) {
      if (kind === 'breaks' || kind === 'cancels') return 'left'
      if (chunk.type === 'data') text += chunk.data
    }
    return text
  }

  it('abort upstream exactly when all of them left before the end, and never hurt each other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(kinds, { minLength: 1, maxLength: 5 }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
        fc.boolean(),
        async (scheduler, consumers, pieces, fails) => {
          const { stream, flight, leave, say, finish, fail } = setup()
          // All are there before upstream speaks; one who came after the last had left is told so.
          const outcomes = Promise.allSettled(consumers.map((kind) => consume(stream, kind)))
          await turn()
          for (const piece of ['start', ...pieces]) {
            await scheduler.waitFor(scheduler.schedule(Promise.resolve(), piece))
            say(piece)
            await turn()
          }
          const text = `start${pieces.join('')}`
          const allLeft = consumers.every((kind) => kind === 'breaks' || kind === 'cancels')
          expect(flight().signal.aborted).toBe(allLeft)
          expect(leave).toHaveBeenCalledTimes(allLeft ? 1 : 0)
          if (fails) fail(broken)
          else finish(text)
          for (const [index, outcome] of (await outcomes).entries()) {
            const leaves = ['breaks', 'cancels'].includes(consumers[index]!)
            if (leaves) expect(outcome).toEqual({ status: 'fulfilled', value: 'left' })
            else if (fails) expect(outcome).toEqual({ status: 'rejected', reason: broken })
            else expect(outcome).toEqual({ status: 'fulfilled', value: text })
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
