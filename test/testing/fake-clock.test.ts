import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/index.js'

describe('FakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1_000)
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
  })

  it('runs timers in the order they fall due, equal ones as scheduled', async () => {
    const clock = new FakeClock()
    const ran: string[] = []
    const note = (name: string) => () => void ran.push(`${name}@${clock.monotonic()}`)
    clock.schedule(30, note('c'))
    clock.schedule(10, note('a1'))
    clock.schedule(20, note('b'))
    clock.schedule(10, note('a2'))
    await clock.advance(25)
    expect(ran).toEqual(['a1@10', 'a2@10', 'b@20'])
    await clock.advance(5)
    expect(ran.at(-1)).toBe('c@30')
  })

  it('runs timers that timers schedule, when they fall due on the way', async () => {
    const clock = new FakeClock()
    const ran: number[] = []
    const tick = (): void => {
      ran.push(clock.monotonic())
      clock.schedule(10, tick)
    }
    clock.schedule(10, tick)
    await clock.advance(35)
    expect(ran).toEqual([10, 20, 30])
  })

  it('lets promises settle between timers', async () => {
    const clock = new FakeClock()
    const ran: string[] = []
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => clock.schedule(ms, resolve))
    const work = async (): Promise<void> => {
      await sleep(10)
      ran.push('slept')
      await sleep(10)
      ran.push('slept again')
    }
    const working = work()
    clock.schedule(15, () => void ran.push('between'))
    await clock.advance(20)
    await working
    expect(ran).toEqual(['slept', 'between', 'slept again'])
  })

  it('counts the timers that have neither run nor been cancelled', async () => {
    const clock = new FakeClock()
    let ran = 0
    const cancelled = clock.schedule(10, () => ran++)
    clock.schedule(10, () => ran++)
    expect(clock.pending).toBe(2)
    cancelled.cancel()
    expect(clock.pending).toBe(1)
    await clock.advance(10)
    expect([ran, clock.pending]).toEqual([1, 0])
  })

  it('runs a timer of the past at once when it moves at all', async () => {
    const clock = new FakeClock()
    let ranAt = -1
    clock.schedule(-5, () => {
      ranAt = clock.monotonic()
    })
    await clock.advance(0)
    expect(ranAt).toBe(0)
  })

  it('corrects the wall clock without moving time', async () => {
    const clock = new FakeClock(1_000)
    let ran = false
    clock.schedule(10, () => {
      ran = true
    })
    clock.setWallClock(999_000)
    expect([clock.now(), clock.monotonic(), ran]).toEqual([999_000, 0, false])
    await clock.advance(10)
    expect([clock.now(), ran]).toEqual([999_010, true])
  })
})
