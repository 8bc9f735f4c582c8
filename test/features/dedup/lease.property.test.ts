import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createLeases } from '../../../src/features/dedup/lease.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { MemoryLeaseStore } from './lease-store.js'

interface Contender {
  /** Milliseconds after the start. */
  readonly arrives: number
  readonly wait: boolean
  readonly patience: number
  /** How its own call goes, when it makes it. */
  readonly call: { readonly takes: number; readonly end: 'stored' | 'none' | 'lost' }
  /** Milliseconds after its arrival. */
  readonly aborts: number | undefined
  /** Stops doing anything, with no release and no extension, that long after it became the owner. */
  readonly dies: number | undefined
}

const TTL_MS = 3_000
const contender: fc.Arbitrary<Contender> = fc.record({
  arrives: fc.integer({ min: 0, max: 5_000 }),
  wait: fc.constantFrom(true, true, true, false),
  patience: fc.constantFrom(1_000, 10_000, 60_000),
  call: fc.record({
    takes: fc.integer({ min: 0, max: 8_000 }),
    end: fc.constantFrom('stored', 'stored', 'none', 'lost'),
  }),
  aborts: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined, freq: 4 }),
  dies: fc.option(fc.integer({ min: 0, max: 4_000 }), { nil: undefined, freq: 4 }),
})

/** Every contender is a process of its own: it shares the store, the clock and the cache only. */
class Race {
  readonly clock = new FakeClock()
  readonly store = new MemoryLeaseStore(this.clock)
  readonly signals: AbortSignal[] = []
  readonly problems: string[] = []
  ended = 0
  /** Calls under way by who believes to own the lease. */
  #owners = 0
  #stored = false
  readonly #random: () => number

  constructor(latency: number, mute: boolean, random: () => number) {
    this.store.latency = latency
    this.store.mute = mute
    this.#random = random
  }

  async run(contender: Contender): Promise<void> {
    const { clock, store } = this
    const controller = new AbortController()
    this.signals.push(controller.signal)
    const reason = new Error('aborted')
    // A process of its own has a clock of its own, which stops when it dies.
    let dead = false
    const own = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (ms: number, run: () => void) =>
        clock.schedule(ms, () => {
          if (!dead) run()
        }),
    }
    const leases = createLeases({ store, clock: own, random: this.#random, ttlMs: TTL_MS })
    const start = clock.monotonic()
    if (contender.aborts !== undefined) {
      clock.schedule(contender.aborts, () => {
        controller.abort(reason)
      })
    }
    try {
      const outcome = await leases.enter('name', {
        signal: controller.signal,
        wait: contender.wait,
        isStored: () => this.#stored,
        deadline: () => start + contender.patience,
      })
      const waited = clock.monotonic() - start
      if (!contender.wait && waited > 3 * store.latency) this.problems.push('waited all the same')
      if (waited > contender.patience / 2 + 5 * store.latency) this.problems.push('waited too long')
      if (outcome.kind === 'stored' && !this.#stored) this.problems.push('nothing was stored')
      if (outcome.kind !== 'owner') return
      this.#owners += 1
      if (this.#owners > 1) this.problems.push('two owners')
      const { takes, end } = contender.call
      const dies = contender.dies
      if (dies !== undefined && dies < takes) {
        await this.#pass(dies)
        dead = true
        // Its lease is still its own for a while, but nobody makes a call under it.
        this.#owners -= 1
        return
      }
      await this.#pass(takes)
      if (end === 'stored') this.#stored = true
      this.#owners -= 1
      await outcome.lease.end(end === 'none' ? 'none' : 'stored')
    } catch (error) {
      if (error !== reason) this.problems.push(`rejected with ${String(error)}`)
    } finally {
      this.ended += 1
    }
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.schedule(ms, resolve))
  }
}

describe('many processes after one answer', () => {
  it('have one owner at a time, all get an outcome in time, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contender, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 1, 40),
        fc.boolean(),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (contenders, latency, mute, randoms) => {
          const random = (): number => Number(randoms.next().value)
          const race = new Race(latency, mute, random)
          for (const contender of contenders) {
            race.clock.schedule(contender.arrives, () => void race.run(contender))
          }
          await race.clock.advance(120_000)
          expect(race.problems).toEqual([])
          expect(race.ended).toBe(contenders.length)
          expect(race.store.listeners).toBe(0)
          expect(race.clock.pending).toBe(0)
          for (const signal of race.signals) {
            expect(getEventListeners(signal, 'abort')).toEqual([])
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
