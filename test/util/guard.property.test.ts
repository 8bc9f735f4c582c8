import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createGuard, GuardError, type Guard } from '../../src/util/guard.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

/** What the store does with one request. */
type Behaviour = { readonly end: 'resolve' | 'reject' | 'throw' | 'hang'; readonly after: number }

type Step =
  | { readonly do: 'run'; readonly ms: number; readonly behaviour: Behaviour }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'fail' | 'retry' }

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  end: fc.constantFrom('resolve', 'reject', 'reject', 'throw', 'hang'),
  after: fc.constantFrom(0, 0, 50, 150, 3_000),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('run'),
      ms: fc.constantFrom(20, 100, 500, 2_500),
      behaviour,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('advance'),
      ms: fc.constantFrom(1, 40, 200, 999, 1_000, 5_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail', 'retry') }) },
)

const NEXT: Record<string, readonly string[]> = {
  ok: ['down'],
  down: ['probing'],
  probing: ['ok', 'down'],
}
const PROBE_MS = 1_000

/** Runs steps, checking at every call of the store and every end of a run. */
class Simulation {
  readonly clock = new FakeClock()
  readonly guard: Guard
  readonly problems: string[] = []
  unsettled = 0
  #state = 'ok'
  #probes: Behaviour[]
  /** When the probe under way must be over at the latest. */
  #probeUntil: number | undefined

  constructor(probes: Behaviour[] | undefined) {
    this.#probes = [...(probes ?? [])]
    const probe = (): Promise<unknown> => {
      const next = this.#probes.shift() ?? { end: 'resolve', after: 0 }
      return this.#probe(next, PROBE_MS)
    }
    this.guard = createGuard({
      clock: this.clock,
      onChange: (state) => {
        if (!NEXT[this.#state]?.includes(state)) this.problems.push(`${this.#state} to ${state}`)
        this.#state = state
        if (state !== 'probing') this.#probeUntil = undefined
      },
      ...(probes && { probe }),
    })
  }

  run(ms: number, store: Behaviour, hasProbe: boolean): void {
    const start = this.clock.monotonic()
    const end = (): void => {
      this.unsettled -= 1
      if (this.clock.monotonic() > start + ms) this.problems.push('settled late')
    }
    this.unsettled += 1
    this.guard
      .run(ms, () => {
        if (this.#state === 'ok') return this.#serve(store)
        if (this.#state === 'down' || hasProbe) this.problems.push(`called while ${this.#state}`)
        return this.#probe(store, ms)
      })
      .then(end, (error: unknown) => {
        if (error instanceof GuardError && error.kind === 'timeout') {
          if (this.clock.monotonic() !== start + ms) this.problems.push('timeout too early')
        }
        end()
      })
  }

  #probe(store: Behaviour, ms: number): Promise<unknown> {
    if (this.#state !== 'probing') this.problems.push(`probed while ${this.#state}`)
    if (this.#probeUntil !== undefined) this.problems.push('two probes')
    this.#probeUntil = this.clock.monotonic() + ms
    return this.#serve(store)
  }

  #serve({ end, after }: Behaviour): Promise<unknown> {
    if (end === 'throw') throw new Error('thrown')
    return new Promise((resolve, reject) => {
      if (end === 'hang') return
      const settle = (): void => {
        if (end === 'resolve') resolve('value')
        else reject(new Error('rejected'))
      }
      if (after === 0) settle()
      else this.clock.schedule(after, settle)
    })
  }
}

describe('a guard under any schedule', () => {
  it('probes one at a time, asks nothing while down, and settles every run in time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.option(fc.array(behaviour, { maxLength: 5 }), { nil: undefined }),
        async (steps, probes) => {
          const simulation = new Simulation(probes)
          for (const next of steps) {
            if (next.do === 'run') simulation.run(next.ms, next.behaviour, probes !== undefined)
            else if (next.do === 'advance') await simulation.clock.advance(next.ms)
            else if (next.do === 'fail') simulation.guard.fail('elsewhere')
            else simulation.guard.retry()
          }
          await simulation.clock.advance(2_500)
          expect(simulation.problems).toEqual([])
          expect(simulation.unsettled).toBe(0)
          simulation.guard.close()
          // Nothing but the store's own slowness is left by then.
          await simulation.clock.advance(3_000)
          expect(simulation.clock.pending).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })
})
