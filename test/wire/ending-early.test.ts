/** Callers who leave and deadlines that pass: the vendor's connection ends with them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { RaptorflowError } from '../../src/index.js'
import type { CallOptions, InferenceRequest } from '../../src/index.js'
import type { VendorFault } from '../../src/testing/index.js'
import { ADAPTERS, SUBSTITUTE, type Adapter } from './support/adapters.js'
import { PROMPT, expectClean } from './support/leaks.js'
import type { Mode } from './support/expectations.js'
import { answerOf, eventually, openScene, warmUp, type Scene } from './support/scene.js'

/** Real time: a busy machine may be late once, not three times. */
const BUSY = { retry: 2 }
/** From the caller's leaving to the vendor's socket. */
const CLOSED_WITHIN_MS = 100

beforeAll(warmUp)

const MODES: readonly Mode[] = ['unary', 'stream']
const CASES = ADAPTERS.flatMap((adapter) =>
  MODES.map((mode) => ({ id: adapter.id, mode, adapter })),
)

/** The answer's text as it came, then the end. */
async function read(
  { client }: Scene,
  mode: Mode,
  request: InferenceRequest,
  options: CallOptions,
): Promise<string> {
  if (mode === 'unary') return (await client.infer(request, options)).response
  let text = ''
  for await (const piece of client.stream(request, options).text()) text += piece
  return text
}

async function failure(promise: Promise<unknown>): Promise<RaptorflowError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!RaptorflowError.isInstance(error)) throw new Error('expected a RaptorflowError')
  return error
}

const open = (adapter: Adapter): Promise<Scene> =>
  openScene({ adapter, substitute: SUBSTITUTE[adapter.vendor] })

const STALLS: readonly { readonly where: string; readonly fault: VendorFault }[] = [
  { where: 'before the headers', fault: { kind: 'stall', at: 'headers' } },
  { where: 'in the body', fault: { kind: 'stall', at: 'body' } },
]

describe.concurrent.each(CASES)('a caller of $id, $mode,', BUSY, ({ adapter, mode }) => {
  const request = { prompt: PROMPT, model_name: adapter.model }
  const { vendor } = adapter

  it.each(STALLS)('who aborts $where closes the connection and asks nobody else', async (stall) => {
    await using scene = await open(adapter)
    const { vendors, client } = scene
    vendors.script({ vendor, fault: stall.fault })
    const controller = new AbortController()
    const leaving = failure(read(scene, mode, request, { signal: controller.signal }))
    expect(await eventually(() => vendors.hits(vendor) === 1)).toBe(true)
    // Let the piece before the stall arrive.
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort('enough')
    const error = await leaving
    expect([error.code, error.cause]).toEqual(['ABORTED', 'enough'])
    expectClean(error)
    const closed = (): boolean => vendors.requests[0]?.closedByClient === true
    expect(await eventually(closed, CLOSED_WITHIN_MS)).toBe(true)
    expect(vendors.hits()).toBe(1)
    const { cache_stats, cost_stats, processing_requests } = await client.stats()
    expect([cache_stats.l1_memory.total_entries, processing_requests]).toEqual([0, 0])
    // The vendor may have read the prompt.
    expect(cost_stats.total_cost).toBeGreaterThan(0)
  })

  it('who comes with an aborted signal reaches nobody', async () => {
    await using scene = await open(adapter)
    const error = await failure(read(scene, mode, request, { signal: AbortSignal.abort('gone') }))
    expect([error.code, error.cause]).toEqual(['ABORTED', 'gone'])
    expect(scene.vendors.hits()).toBe(0)
  })

  it('who aborts while a retry waits is told at once', async () => {
    await using scene = await openScene({ adapter })
    // In the body for Google, whose second SDK shows no headers.
    const retryAfter = {
      as: vendor === 'google' ? 'rate_limit_reset' : 'seconds',
      ms: 1_500,
    } as const
    scene.vendors.script({ vendor, fault: { kind: 'status', status: 429, retryAfter } })
    const controller = new AbortController()
    const leaving = failure(read(scene, mode, request, { signal: controller.signal }))
    expect(await eventually(() => scene.failures.length === 1)).toBe(true)
    const left = performance.now()
    controller.abort()
    expect((await leaving).code).toBe('ABORTED')
    expect(performance.now() - left).toBeLessThan(CLOSED_WITHIN_MS)
    expect(scene.vendors.hits()).toBe(1)
  })

  it('whose time is up is told so, and the connection closes', async () => {
    await using scene = await openScene({ adapter })
    const { vendors, client } = scene
    vendors.script({ vendor, fault: { kind: 'stall', at: 'headers' } })
    const started = performance.now()
    const error = await failure(read(scene, mode, { ...request, timeout_seconds: 0.25 }, {}))
    expect(performance.now() - started).toBeLessThan(1_000)
    expect([error.code, error.details.reason]).toEqual(['TIMEOUT', 'deadline'])
    expectClean(error)
    const closed = (): boolean => vendors.requests[0]?.closedByClient === true
    expect(await eventually(closed, CLOSED_WITHIN_MS)).toBe(true)
    expect((await client.stats()).cache_stats.l1_memory.total_entries).toBe(0)
  })

  it('is not kept waiting for a retry that comes after the deadline', async () => {
    await using scene = await openScene({ adapter })
    const retryAfter = {
      as: vendor === 'google' ? 'rate_limit_reset' : 'seconds',
      ms: 1_900,
    } as const
    scene.vendors.script({ vendor, fault: { kind: 'status', status: 429, retryAfter } })
    const started = performance.now()
    const error = await failure(read(scene, mode, { ...request, timeout_seconds: 1.5 }, {}))
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retry_after: 2 } })
    expect(scene.vendors.hits()).toBe(1)
  })

  it('whose time is up does not end the wait of one who joined with more time', async () => {
    await using scene = await openScene({ adapter })
    const { vendors } = scene
    vendors.script({ vendor, fault: { kind: 'slow_first_byte', ms: 600 } })
    const hurried = failure(read(scene, mode, { ...request, timeout_seconds: 0.4 }, {}))
    expect(await eventually(() => vendors.hits() === 1)).toBe(true)
    const patient = read(scene, mode, request, {})
    expect((await hurried).details.reason).toBe('deadline')
    expect(await patient).toBe(answerOf(vendor))
    expect(vendors.hits()).toBe(1)
  })

  it('who leaves does not hurt another who waits for the same answer', async () => {
    await using scene = await open(adapter)
    const { vendors } = scene
    vendors.script({ vendor, fault: { kind: 'slow_first_byte', ms: 120 } })
    const controller = new AbortController()
    const leaving = failure(read(scene, mode, request, { signal: controller.signal }))
    const staying = read(scene, mode, request, {})
    expect(await eventually(() => vendors.hits() === 1)).toBe(true)
    controller.abort()
    expect((await leaving).code).toBe('ABORTED')
    expect(await staying).toBe(answerOf(vendor))
    expect([vendors.hits(), vendors.requests[0]?.closedByClient]).toEqual([1, false])
  })
})

describe.concurrent.each(ADAPTERS)('a reader of a stream of $id', BUSY, (adapter) => {
  const request = { prompt: PROMPT, model_name: adapter.model }

  it('who breaks out of the loop closes the connection', async () => {
    await using scene = await open(adapter)
    const { vendors, client } = scene
    vendors.script({ vendor: adapter.vendor, fault: { kind: 'stall', at: 'body' } })
    for await (const chunk of client.stream(request)) if (chunk.type === 'data') break
    const closed = (): boolean => vendors.requests[0]?.closedByClient === true
    expect(await eventually(closed, CLOSED_WITHIN_MS)).toBe(true)
    expect((await client.stats()).processing_requests).toBe(0)
  })

  it('gets what came before close() ends a stalled call, then an error', async () => {
    await using scene = await open(adapter)
    const { vendors, client } = scene
    vendors.script({ vendor: adapter.vendor, fault: { kind: 'stall', at: 'body' } })
    let text = ''
    const reading = (async () => {
      for await (const piece of client.stream(request).text()) text += piece
    })()
    const failed = failure(reading)
    expect(await eventually(() => text !== '')).toBe(true)
    const started = performance.now()
    await client.close()
    expect(performance.now() - started).toBeLessThan(2_000)
    const error = await failed
    expect([error.code, error.details.reason]).toEqual(['PROVIDER_UNAVAILABLE', 'closed'])
    expect(answerOf(adapter.vendor).startsWith(text)).toBe(true)
    const closed = (): boolean => vendors.requests[0]?.closedByClient === true
    expect(await eventually(closed, CLOSED_WITHIN_MS)).toBe(true)
  })
})
