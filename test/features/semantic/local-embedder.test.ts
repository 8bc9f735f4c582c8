import { execFile } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { EmbedderThread } from '../../../src/features/semantic/embedder-thread.js'
import { localEmbedder } from '../../../src/features/semantic/local-embedder.js'
import type { Embedder } from '../../../src/contracts/embedder.js'

const SLOW = 60_000
const open: Embedder[] = []

function embedder(): Embedder {
  const made = localEmbedder()
  open.push(made)
  return made
}

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  let sum = 0
  for (const [index, value] of (a ?? new Float32Array()).entries()) sum += value * (b?.[index] ?? 0)
  return sum
}

afterEach(async () => {
  for (const made of open.splice(0)) await made.close?.()
})

describe('localEmbedder', () => {
  it(
    'gives vectors of length 1 that are near for near meanings, and never blocks the event loop',
    async () => {
      const delay = monitorEventLoopDelay({ resolution: 5 })
      delay.enable()
      const made = embedder()
      const [[a, b, c], [d]] = await Promise.all([
        made.embed(['How old are you?', 'What is your age?', 'Bake the bread for an hour.']),
        made.embed(['']),
      ])
      delay.disable()
      expect(a).toHaveLength(768)
      for (const vector of [a, b, c, d]) expect(dot(vector, vector)).toBeCloseTo(1, 4)
      expect(dot(a, b)).toBeGreaterThan(dot(a, c) + 0.3)
      // The model works some 60 ms without a pause; whoever runs the tests may be busy, too.
      expect(delay.percentile(90) / 1e6).toBeLessThan(50)
    },
    SLOW,
  )

  it(
    'gives each caller its own texts, however they were batched',
    async () => {
      const made = embedder()
      const texts = Array.from({ length: 20 }, (_, index) => `Question number ${index} about tea`)
      const apart = await Promise.all(texts.map(async (text) => (await made.embed([text]))[0]))
      const together = await made.embed(texts)
      for (const [index, vector] of together.entries()) {
        expect(dot(vector, apart[index])).toBeCloseTo(1, 3)
      }
    },
    SLOW,
  )

  it(
    'lets a caller leave without hurting the others',
    async () => {
      const made = embedder()
      const leaving = new AbortController()
      const left = Promise.resolve(made.embed(['one'], leaving.signal))
      const waiting = Promise.resolve(made.embed(['two'], leaving.signal))
      const stays = Promise.resolve(made.embed(['three']))
      leaving.abort(new Error('enough'))
      await expect(left).rejects.toMatchObject({ code: 'ABORTED' })
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
      expect(await stays).toHaveLength(1)
      await expect(made.embed(['four'], leaving.signal)).rejects.toMatchObject({ code: 'ABORTED' })
    },
    SLOW,
  )

  it('fails what waits when it is closed, and everything after', async () => {
    const made = embedder()
    const waiting = Promise.resolve(made.embed(['one']))
    const failed = expect(waiting).rejects.toMatchObject({ details: { reason: 'closed' } })
    await made.close?.()
    await failed
    await expect(made.embed(['two'])).rejects.toMatchObject({ details: { reason: 'closed' } })
  })

  it(
    'lets the process end after use, without being closed',
    async () => {
      const program = `
        const { localEmbedder } = await import('./src/features/semantic/local-embedder.ts')
        const [vector] = await localEmbedder().embed(['one'])
        console.log(vector.length)`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', program],
        { timeout: SLOW },
      )
      expect(stdout.trim()).toBe('768')
    },
    SLOW,
  )
})

/** Stand-ins for the packages: a model that crashes its thread when told to. */
const FAKE = {
  embeddings: new URL('./fake-embeddings.cjs', import.meta.url).pathname,
  model: new URL('./fake-embeddings.cjs', import.meta.url).pathname,
}

describe('EmbedderThread', () => {
  it('fails what waits when the thread crashes, and starts a new one for the next text', async () => {
    const thread = new EmbedderThread(() => FAKE, 2)
    const crashing = thread.embed(['crash'])
    const behind = thread.embed(['behind'])
    await expect(crashing).rejects.toMatchObject({ details: { reason: 'crashed' } })
    await expect(behind).rejects.toMatchObject({ details: { reason: 'crashed' } })
    expect(await thread.embed(['next'])).toEqual([new Float32Array([1, 0])])
    await thread.close()
  })

  it('reports a text the model cannot take, and goes on', async () => {
    const thread = new EmbedderThread(() => FAKE, 2)
    await expect(thread.embed(['throw'])).rejects.toMatchObject({
      details: { reason: 'bad_response' },
    })
    expect(await thread.embed(['next'])).toHaveLength(1)
    await thread.close()
  })

  it('says what to install when the packages are missing', async () => {
    const thread = new EmbedderThread(() => {
      throw new Error('missing')
    }, 2)
    await expect(thread.embed(['one'])).rejects.toThrow('missing')
    await expect(thread.embed(['two'])).rejects.toThrow('missing')
    await thread.close()
  })
})
