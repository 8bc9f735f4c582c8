import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRequestBudget,
  type RequestBudget,
  type Reservation,
} from '../../../src/features/budget/request-budget.js'

describe('the budget of one request', () => {
  it('grants what fits and refuses what does not', () => {
    const budget = createRequestBudget(100)
    expect(budget.reserve(60)).not.toBeNull()
    expect(budget.reserve(41)).toBeNull()
    expect(budget.remaining()).toBe(40)
    expect(budget.reserve(40)).not.toBeNull()
    expect(budget.remaining()).toBe(0)
  })

  it('gives back what an attempt reserved but did not cost', () => {
    const budget = createRequestBudget(100)
    budget.reserve(80)?.settle(30)
    expect(budget.remaining()).toBe(70)
    budget.reserve(70)?.release()
    expect(budget.remaining()).toBe(70)
  })

  it('ends a reservation once: release after settle, or a second settle, changes nothing', () => {
    const budget = createRequestBudget(100)
    const settled = budget.reserve(80)
    settled?.settle(30)
    settled?.release()
    settled?.settle(80)
    expect(budget.remaining()).toBe(70)
    const released = budget.reserve(50)
    released?.release()
    released?.settle(50)
    expect(budget.remaining()).toBe(70)
  })

  it('counts the true cost even where it exceeds what was reserved, then grants nothing', () => {
    const budget = createRequestBudget(100)
    budget.reserve(50)?.settle(120)
    expect(budget.remaining()).toBe(0)
    expect(budget.reserve(1)).toBeNull()
  })

  it('takes the worst case for spent when nobody knows the cost', () => {
    const budget = createRequestBudget(100)
    budget.reserve(60)?.settle(null)
    expect(budget.remaining()).toBe(40)
  })

  it('refuses an unknown price under a limit: it is not 0', () => {
    const budget = createRequestBudget(100)
    for (const unknown of [null, NaN, Infinity, -1]) expect(budget.reserve(unknown)).toBeNull()
    expect(budget.remaining()).toBe(100)
  })

  it('grants everything without a limit, unknown prices included', () => {
    const budget = createRequestBudget(null)
    for (const amount of [null, 0, 1e18, Infinity, NaN]) budget.reserve(amount)?.settle(null)
    expect(budget.reserve(null)).not.toBeNull()
    expect(budget.remaining()).toBeNull()
  })

  it('lets a free call through a limit of 0', () => {
    const budget = createRequestBudget(0)
    expect(budget.reserve(0)).not.toBeNull()
    expect(budget.reserve(1)).toBeNull()
  })
})

interface Model {
  readonly limit: number
  spent: number
  readonly open: Map<number, number>
}

interface Real {
  readonly budget: RequestBudget
  readonly all: { readonly reservation: Reservation; readonly amount: number }[]
}

const held = (model: Model): number => [...model.open.values()].reduce((a, b) => a + b, 0)

class Reserve implements fc.Command<Model, Real> {
  readonly #amount: number | null
  constructor(amount: number | null) {
    this.#amount = amount
  }
  check(): boolean {
    return true
  }
  run(model: Model, real: Real): void {
    const reservation = real.budget.reserve(this.#amount)
    const fits = this.#amount !== null && model.spent + held(model) + this.#amount <= model.limit
    expect(reservation !== null).toBe(fits)
    if (reservation === null || this.#amount === null) return
    model.open.set(real.all.length, this.#amount)
    real.all.push({ reservation, amount: this.#amount })
    expectEqual(model, real)
  }
  toString(): string {
    return `reserve(${String(this.#amount)})`
  }
}

/** Ends any reservation there ever was, so that second endings are tried, too. */
class End implements fc.Command<Model, Real> {
  readonly #pick: number
  readonly #cost: number | null | 'release'
  constructor(pick: number, cost: number | null | 'release') {
    this.#pick = pick
    this.#cost = cost
  }
  check(): boolean {
    return true
  }
  run(model: Model, real: Real): void {
    if (real.all.length === 0) return
    const index = this.#pick % real.all.length
    const { reservation, amount } = real.all[index]!
    if (this.#cost === 'release') reservation.release()
    else reservation.settle(this.#cost)
    if (model.open.delete(index)) {
      model.spent += this.#cost === 'release' ? 0 : (this.#cost ?? amount)
    }
    expectEqual(model, real)
  }
  toString(): string {
    return `end(${String(this.#pick)}, ${String(this.#cost)})`
  }
}

function expectEqual(model: Model, { budget }: Real): void {
  const left = model.limit - model.spent - held(model)
  expect(budget.remaining()).toBe(Math.max(0, left))
}

const amount = fc.nat(60)

describe('any order of reservations and endings', () => {
  it('leaves exactly what a ledger of them leaves', () => {
    const commands = fc.commands(
      [
        fc.option(amount, { freq: 8 }).map((worst) => new Reserve(worst)),
        fc
          .tuple(fc.nat(), fc.oneof(fc.option(amount), fc.constant('release' as const)))
          .map(([pick, cost]) => new End(pick, cost)),
      ],
      { maxCommands: 40 },
    )
    fc.assert(
      fc.property(commands, fc.nat(200), (run, limit) => {
        fc.modelRun(
          () => ({
            model: { limit, spent: 0, open: new Map() },
            real: { budget: createRequestBudget(limit), all: [] },
          }),
          run,
        )
      }),
      { numRuns: 2_000 },
    )
  })

  it('never spends above the limit while no attempt costs more than it reserved', async () => {
    const attempt = fc.record({ worst: amount, share: fc.double({ min: 0, max: 1, noNaN: true }) })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(attempt, { maxLength: 12 }),
        fc.nat(200),
        async (scheduler, attempts, limit) => {
          const budget = createRequestBudget(limit)
          let spent = 0
          let reserved = 0
          const runs = attempts.map(async ({ worst, share }, i) => {
            await scheduler.schedule(Promise.resolve(), `start ${String(i)}`)
            const reservation = budget.reserve(worst)
            if (reservation === null) return
            reserved += worst
            expect(spent + reserved).toBeLessThanOrEqual(limit)
            try {
              await scheduler.schedule(Promise.resolve(), `end ${String(i)}`)
              reserved -= worst
              if (share > 0.9) return
              const cost = Math.floor(worst * share)
              spent += cost
              reservation.settle(cost)
            } finally {
              reservation.release()
            }
          })
          await scheduler.waitFor(Promise.all(runs))
          expect(spent).toBeLessThanOrEqual(limit)
          expect(budget.remaining()).toBe(limit - spent)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
