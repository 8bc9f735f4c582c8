import { describe, expect, it, vi } from 'vitest'
import type { Verify } from '../../../src/features/semantic/options.js'
import { benchOf } from './fixtures.js'

const never = () => new Promise<boolean>(() => undefined)

describe('verify', () => {
  it('has the last word on matches a little below the threshold, and is asked for nothing else', async () => {
    const verify = vi.fn<Verify>().mockReturnValue(true)
    const { matcher, ask, store } = benchOf({ threshold: 0.9, greyBand: 0.1, verify })
    await store('grey', 'what is this 0.85')
    await store('below', 'what is that 0.79')
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['grey'])
    expect(verify.mock.calls.map(([a, b]) => [a, b])).toEqual([
      ['what is this', 'what is this 0.85'],
    ])
    await store('above', 'what is this 0.95')
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['above'])
    expect(verify).toHaveBeenCalledTimes(1)
    expect(matcher.stats().verified).toEqual({ yes: 1, no: 0 })
  })

  it('takes everything but a plain true in time for a no', async () => {
    const answers: (() => boolean | Promise<boolean>)[] = [
      () => false,
      () => Promise.resolve('yes' as never),
      () => {
        throw new Error('PRIVATE')
      },
      () => Promise.reject(new Error('PRIVATE')),
    ]
    const { matcher, ask, store, logged } = benchOf({
      threshold: 0.9,
      verify: () => (answers.shift() ?? never)(),
    })
    await store('grey', 'what is this 0.85')
    for (let i = 0; i < 4; i += 1) expect((await ask('what is this')).accepted).toEqual([])
    expect(matcher.stats().verified).toEqual({ yes: 0, no: 4 })
    expect(logged.join()).not.toContain('PRIVATE')
  })

  it('waits two seconds at most, and ends the call then', async () => {
    let signal: AbortSignal | undefined
    const verify: Verify = (_a, _b, context) => {
      signal = context.signal
      return never()
    }
    const { ask, store, clock } = benchOf({ threshold: 0.9, verify })
    await store('grey', 'what is this 0.85')
    const asked = ask('what is this')
    await clock.advance(1_999)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect((await asked).accepted).toEqual([])
    expect(signal?.aborted).toBe(true)
  })

  it('cannot go below what the request asks for, nor serve before strict has its evidence', async () => {
    const verify = vi.fn<Verify>().mockReturnValue(true)
    const bench = benchOf({ threshold: 0.9, greyBand: 0.1, verify })
    await bench.store('grey', 'what is this 0.85')
    expect((await bench.ask('what is this', 'scope', 0.88)).accepted).toEqual([])
    const strict = benchOf({ threshold: 0.9, greyBand: 0.1, verify, strict: true })
    await strict.store('grey', 'what is this 0.85')
    expect((await strict.ask('what is this')).accepted).toEqual([])
    expect(verify).not.toHaveBeenCalled()
  })
})
