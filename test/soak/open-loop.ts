/** Requests at times that are fixed in advance, whatever becomes of the earlier ones. */

/** What a request turned out to be. */
export interface Outcome {
  /** Requests of one kind are comparable before, during and after a fault. */
  readonly kind: string
  /** It was asked for in order to find something in the shared level. */
  readonly shelf: boolean
}

export interface Sample extends Outcome {
  /** When it was due, on `performance.now()`. */
  readonly at: number
  /** From then on until the whole answer was there: who is held up by an earlier one counts that. */
  readonly ms: number
  readonly failure: string | undefined
}

export interface OpenLoopOptions {
  /** A second. */
  readonly rate: number
  /** Milliseconds by which all of it comes later. */
  readonly shiftMs: number
  readonly ask: (index: number) => Promise<Outcome>
}

/** Latencies count from the planned time (no coordinated omission: a hang delays no later arrival). */
export class OpenLoop {
  readonly samples: Sample[] = []
  readonly #options: OpenLoopOptions
  readonly #start: number
  readonly #running = new Set<Promise<void>>()
  #next = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: OpenLoopOptions) {
    this.#options = options
    this.#start = performance.now() + options.shiftMs
    this.#tick()
  }

  /** Resolves when all answers are there. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await Promise.all(this.#running)
  }

  #due(index: number): number {
    return this.#start + (index * 1_000) / this.#options.rate
  }

  #tick(): void {
    while (this.#due(this.#next) <= performance.now()) this.#launch(this.#next++)
    this.#timer = setTimeout(
      () => {
        this.#tick()
      },
      this.#due(this.#next) - performance.now(),
    )
  }

  #launch(index: number): void {
    const at = this.#due(index)
    const settled = (outcome: Outcome, failure: string | undefined): void => {
      this.samples.push({ ...outcome, at, ms: performance.now() - at, failure })
      this.#running.delete(running)
    }
    const running = this.#options.ask(index).then(
      (outcome) => {
        settled(outcome, undefined)
      },
      (error: unknown) => {
        settled({ kind: 'failed', shelf: false }, String(error))
      },
    )
    this.#running.add(running)
  }
}

/** The value that `share` (0-1) of them do not exceed; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
