import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { createEmitter } from '../../src/util/emitter.js'
import { silentLogger } from '../../src/util/logger.js'

const MISS = { request_id: 'req_1' }

function watched() {
  const error = vi.fn()
  return { emitter: createEmitter({ ...silentLogger, error }), error }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** How many of the objects are still reachable. */
async function alive(references: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round += 1) {
    await turn()
    collect()
  }
  return references.filter((reference) => reference.deref() !== undefined).length
}

describe('the emitter', () => {
  it('calls a listener at each event until it is taken off', () => {
    const { emitter } = watched()
    const listener = vi.fn()
    emitter.on('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    emitter.emit('cache:miss', MISS)
    emitter.off('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    expect(listener.mock.calls).toEqual([[MISS], [MISS]])
    expect(emitter.has('cache:miss')).toBe(false)
  })

  it('calls a listener of once at one event, and again when it is added again', () => {
    const { emitter } = watched()
    const listener = vi.fn()
    emitter.once('cache:miss', listener)
    expect(emitter.has('cache:miss')).toBe(true)
    emitter.emit('cache:miss', MISS)
    emitter.emit('cache:miss', MISS)
    expect(listener).toHaveBeenCalledOnce()
    expect(emitter.has('cache:miss')).toBe(false)
    emitter.once('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    expect(listener).toHaveBeenCalledTimes(2)
  })

  it('takes a listener of once off before it has fired', () => {
    const { emitter } = watched()
    const listener = vi.fn()
    emitter.once('cache:miss', listener)
    emitter.off('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    expect(listener).not.toHaveBeenCalled()
  })

  it('takes a listener off that was added for good and for once, after the once has fired', () => {
    const { emitter } = watched()
    const listener = vi.fn()
    emitter.on('cache:miss', listener)
    emitter.once('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    expect(listener).toHaveBeenCalledTimes(2)
    emitter.off('cache:miss', listener)
    emitter.emit('cache:miss', MISS)
    expect(listener).toHaveBeenCalledTimes(2)
  })

  it('leaves the listeners alone when one that was never added is taken off', () => {
    const { emitter } = watched()
    const [added, other] = [vi.fn(), vi.fn()]
    emitter.on('cache:miss', added)
    emitter.on('flight:join', other)
    emitter.off('cache:miss', other)
    emitter.off('cache:miss', vi.fn())
    emitter.emit('cache:miss', MISS)
    emitter.emit('flight:join', MISS)
    expect([added, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
  })

  it('keeps nothing of a thousand listeners of once that have fired', async () => {
    const { emitter } = watched()
    let calls = 0
    const references = Array.from({ length: 1_000 }, () => {
      const listener = (): number => (calls += 1)
      emitter.once('cache:miss', listener)
      return new WeakRef(listener)
    })
    emitter.emit('cache:miss', MISS)
    expect(calls).toBe(1_000)
    expect(await alive(references)).toBeLessThan(10)
    // The emitter itself is alive until here.
    expect(emitter.has('cache:miss')).toBe(false)
  })

  it('keeps nothing of a thousand listeners that were taken off', async () => {
    const { emitter } = watched()
    const references = Array.from({ length: 1_000 }, () => {
      const listener = (): void => undefined
      emitter.on('cache:miss', listener)
      emitter.off('cache:miss', listener)
      return new WeakRef(listener)
    })
    expect(await alive(references)).toBeLessThan(10)
    // The emitter itself is alive until here.
    expect(emitter.has('cache:miss')).toBe(false)
  })
})

describe('a listener that fails', () => {
  const secret = new TypeError('secret prompt text')
  const opaque: unknown = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('looked at')
      },
    },
  )
  it.each([
    ['rejects', () => Promise.reject(secret), 'TypeError'],
    [
      'throws an error',
      () => {
        throw secret
      },
      'TypeError',
    ],
    [
      'throws a text',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'secret prompt text'
      },
      'string',
    ],
    [
      'throws what cannot be looked at',
      () => {
        throw opaque
      },
      'object',
    ],
  ])('because it %s is logged by kind; the others are called', async (_, fail, kind) => {
    for (const add of ['on', 'once'] as const) {
      const { emitter, error } = watched()
      const after = vi.fn()
      emitter[add]('cache:miss', fail)
      emitter[add]('cache:miss', after)
      expect(() => {
        emitter.emit('cache:miss', MISS)
      }).not.toThrow()
      await turn()
      expect(after).toHaveBeenCalledOnce()
      expect(error).toHaveBeenCalledExactlyOnceWith(
        { event: 'cache:miss', error: kind },
        'an event listener failed',
      )
      emitter.off('cache:miss', fail)
      emitter.emit('cache:miss', MISS)
      expect(error).toHaveBeenCalledOnce()
    }
  })
})
