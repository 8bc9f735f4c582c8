import { describe, expect, it } from 'vitest'
import { InferenceClient, RaptorflowError, type StreamChunk } from '../../src/index.js'
import { FakeClock, mockProvider, type MockProvider } from '../../src/testing/index.js'

const clientOf = (provider: MockProvider, clock?: FakeClock): InferenceClient =>
  new InferenceClient({
    providers: [provider],
    defaultModel: 'mock-model',
    ...(clock && { clock }),
  })

const collect = async (stream: AsyncIterable<StreamChunk>): Promise<StreamChunk[]> => {
  const chunks: StreamChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
const textOf = (chunks: readonly StreamChunk[]): string =>
  chunks.map((chunk) => (chunk.type === 'data' ? chunk.data : '')).join('')

describe('stream', () => {
  it('yields numbered chunks, progress never falling, and one complete at the end', async () => {
    const chunks = await collect(
      clientOf(mockProvider({ reply: 'one two three four' })).stream('q'),
    )
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, index) => index + 1))
    expect(textOf(chunks)).toBe('one two three four')
    const last = chunks.at(-1)
    expect(last?.type === 'complete' && last.data.response).toBe('one two three four')
    const progress = chunks.flatMap((chunk) =>
      chunk.type === 'progress' ? [chunk.data.percentage] : [],
    )
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    expect(chunks.filter(({ type }) => type === 'complete' || type === 'error')).toHaveLength(1)
  })

  it('calls nobody before the first read', async () => {
    const provider = mockProvider({ reply: 'x' })
    const stream = clientOf(provider).stream('q')
    await new Promise((resolve) => setImmediate(resolve))
    expect(provider.calls).toHaveLength(0)
    expect((await stream.response()).response).toBe('x')
  })

  it('replays a cached answer as one data chunk and complete', async () => {
    const provider = mockProvider({ reply: ['stored'] })
    const client = clientOf(provider)
    await client.infer('q')
    const chunks = await collect(client.stream('q'))
    expect(chunks.map(({ type }) => type)).toEqual(['data', 'complete'])
    const last = chunks.at(-1)
    expect(last?.type === 'complete' && last.data.cache_hit).toBe(true)
  })

  it('shares one upstream call between streams and an infer', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({ reply: { text: 'shared answer', latencyMs: 10 }, clock })
    const client = clientOf(provider, clock)
    const streams = [collect(client.stream('q')), collect(client.stream('q'))]
    await clock.advance(5)
    const unary = client.infer('q')
    await clock.advance(50)
    const [first, second] = await Promise.all(streams)
    expect(textOf(first ?? [])).toBe('shared answer')
    expect(textOf(second ?? [])).toBe('shared answer')
    expect(await unary).toMatchObject({
      response: 'shared answer',
      coalesced: true,
      actual_cost: 0,
    })
    expect(provider.calls).toHaveLength(1)
  })

  it('fails over until the first content, never after', async () => {
    const early = mockProvider({ name: 'early', reply: { fault: { kind: 'status', status: 529 } } })
    const late = mockProvider({
      name: 'late',
      reply: { chunks: ['half '], fault: { kind: 'truncated', chunks: 1 } },
    })
    const good = mockProvider({ name: 'good', reply: 'whole' })
    const before = new InferenceClient({ providers: [early, good], defaultModel: 'mock-model' })
    expect((await before.stream('q').response()).provider_used).toBe('good')
    const after = new InferenceClient({ providers: [late, good], defaultModel: 'mock-model' })
    const callsBefore = good.calls.length
    const seen: StreamChunk[] = []
    const error: unknown = await (async () => {
      for await (const chunk of after.stream('q')) seen.push(chunk)
      return undefined
    })().catch((caught: unknown) => caught)
    expect(textOf(seen)).toBe('half ')
    expect(seen.at(-1)?.type).toBe('error')
    expect(RaptorflowError.isInstance(error) && error.details.reason).toBe('stream_truncated')
    expect(good.calls).toHaveLength(callsBefore)
  })

  it('aborts upstream at once when the only reader breaks, and reports it once', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: { text: 'a b c d', fault: { kind: 'stall_after', chunks: 1 } },
      clock,
    })
    const client = clientOf(provider, clock)
    const errors: unknown[] = []
    client.on('request:error', (event) => errors.push(event))
    for await (const chunk of client.stream('q')) if (chunk.type === 'data') break
    await clock.advance(1)
    expect(provider.calls[0]?.outcome).toBe('aborted')
    expect(errors).toHaveLength(1)
    expect(clock.pending).toBe(0)
    const stats = await client.stats()
    expect([stats.processing_requests, stats.pending_requests]).toEqual([0, 0])
  })

  it('ends a stream that stalls between chunks', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: { text: 'a b c d', fault: { kind: 'stall_after', chunks: 1 } },
      clock,
    })
    const outcome = clientOf(provider, clock)
      .stream('q')
      .response()
      .catch((e: unknown) => e)
    await clock.advance(31_000)
    const error = await outcome
    expect(RaptorflowError.isInstance(error) && [error.code, error.details.reason]).toEqual([
      'TIMEOUT',
      'stream_idle',
    ])
  })

  it('rejects text() and response() of a bad request, and never throws synchronously', async () => {
    const client = clientOf(mockProvider())
    const stream = client.stream({ prompt: '' })
    await expect(stream.response()).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    await expect(
      (async () => {
        for await (const _text of client.stream({ prompt: '' }).text()) continue
      })(),
    ).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  })

  it('streams reasoning and tool calls as progress deltas', async () => {
    const provider = mockProvider({
      reply: { reasoning: 'hm', tool_calls: [{ name: 'look', arguments: { a: 1 } }] },
    })
    const chunks = await collect(clientOf(provider).stream('q'))
    const deltas = chunks.flatMap((chunk) =>
      chunk.type === 'progress' && chunk.data.delta ? [chunk.data.delta.type] : [],
    )
    expect(new Set(deltas)).toEqual(new Set(['reasoning', 'tool_call']))
    const last = chunks.at(-1)
    expect(last?.type === 'complete' && last.data.tool_calls[0]?.name).toBe('look')
  })

  it('becomes a Web stream whose cancel leaves', async () => {
    const provider = mockProvider({ reply: 'web' })
    const reader = clientOf(provider).stream('q').toReadableStream().getReader()
    const types: string[] = []
    for (let item = await reader.read(); !item.done; item = await reader.read())
      types.push(item.value.type)
    expect(types.at(-1)).toBe('complete')
  })
})

describe('a stream whose providers fail', () => {
  it('gets an answer past its time as its text, and says so', async () => {
    const clock = new FakeClock()
    const provider = mockProvider({
      reply: (_call, { index }) =>
        index === 0 ? 'old answer' : { fault: { kind: 'status', status: 503 } },
      clock,
    })
    const client = clientOf(provider, clock)
    await client.infer('q')
    await clock.advance(2 * 3_600_000)
    const chunks = collect(client.stream('q'))
    await clock.advance(1_000)
    expect(textOf(await chunks)).toBe('old answer')
    const last = (await chunks).at(-1)
    expect(last?.type === 'complete' && last.data.cache.stale).toBe(true)
  })
})
