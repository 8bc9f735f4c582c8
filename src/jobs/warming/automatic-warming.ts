/** Warming by itself: looks at the forecast every so often, calls only while little else runs. */
import type { Timer } from '../../contracts/clock.js'
import type { WarmItem, WarmingReport } from '../../contracts/warming.js'
import { errorKind } from '../../util/error-kind.js'
import { candidates, type Candidate, type Choice } from './candidates.js'
import type { WarmerDependencies } from './dependencies.js'
import type { Purse } from './purse.js'
import { totalCost } from './total-cost.js'
import { warmCandidate, type WarmTerms } from './warm-items.js'

export interface AutomaticWarming {
  readonly enabled: boolean
  readonly stopped: WarmingReport['stopped']
  start(): void
  /** Aborts the run under way; nothing is called after. */
  stop(): void
}

export interface AutomaticOptions {
  readonly choice: Choice
  readonly purse: Purse
  readonly intervalSeconds: number
  readonly maxInFlight: number
}

/** Between two looks at how much is in flight. */
const PAUSE_MS = 1_000

export function createAutomaticWarming(
  deps: WarmerDependencies,
  options: AutomaticOptions,
): AutomaticWarming {
  return new Automatic(deps, options)
}

class Automatic implements AutomaticWarming {
  readonly #deps: WarmerDependencies
  readonly #options: AutomaticOptions
  readonly #intervalMs: number
  #timer: Timer | undefined
  #controller: AbortController | undefined
  #running = false
  stopped: WarmingReport['stopped'] = null

  constructor(deps: WarmerDependencies, options: AutomaticOptions) {
    this.#deps = deps
    this.#options = options
    this.#intervalMs = options.intervalSeconds * 1_000
  }

  get enabled(): boolean {
    return this.#controller !== undefined
  }

  start(): void {
    if (this.#controller) return
    const { choice } = this.#options
    if (choice.valuePerSecond === 0) {
      this.#deps.logger.warn(
        { option: 'warming.valuePerSecond' },
        'warming saves time, not money: without a value of time it stops after a day',
      )
    }
    this.stopped = null
    choice.trial.restart()
    const controller = new AbortController()
    this.#controller = controller
    // Processes started together need not look at the same moment.
    this.#schedule(controller.signal, this.#intervalMs * this.#deps.random())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#controller?.abort()
    this.#controller = undefined
  }

  #schedule(signal: AbortSignal, ms: number): void {
    this.#timer = this.#deps.clock.schedule(ms, () => {
      this.#schedule(signal, this.#intervalMs)
      if (!this.#running) void this.#run(signal)
    })
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    this.#running = true
    const { choice } = this.#options
    const items: WarmItem[] = []
    let planned = 0
    try {
      choice.trial.sweep(choice.forecast.tracked())
      const chosen = await candidates(this.#deps, choice, signal)
      planned = chosen.length
      await this.#warm(chosen, items, signal)
    } catch (error) {
      if (!signal.aborted) this.#deps.logger.error({ error: errorKind(error) }, 'warming failed')
    } finally {
      this.#running = false
    }
    if (signal.aborted) return
    this.stopped = choice.trial.verdict()
    if (this.stopped !== null) {
      this.#deps.logger.warn({ reason: this.stopped }, 'warming does not pay: switched off')
      this.stop()
    }
    this.#tell(planned, items)
  }

  /** One at a time, so that the number in flight is always a number that counts its own. */
  async #warm(chosen: readonly Candidate[], items: WarmItem[], signal: AbortSignal): Promise<void> {
    const { choice, purse } = this.#options
    const { clock } = this.#deps
    const terms: WarmTerms = { purse, dryRun: false, signal }
    const end = clock.monotonic() + this.#intervalMs
    for (const candidate of chosen) {
      if (!(await this.#quiet(end, signal))) return
      // Somebody's own call, or another process, has renewed it meanwhile.
      if (candidate.tracked.freshUntil !== candidate.endsAt) continue
      items.push(await warmCandidate(this.#deps, terms, choice.trial, candidate))
    }
  }

  /** False when there was no quiet moment until `end`: the next run sees other candidates. */
  async #quiet(end: number, signal: AbortSignal): Promise<boolean> {
    const { clock, inFlight } = this.#deps
    while (!signal.aborted && clock.monotonic() < end) {
      if (inFlight() < this.#options.maxInFlight) return true
      await this.#pause(signal)
    }
    return false
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#deps.clock.schedule(PAUSE_MS, done)
      signal.addEventListener('abort', done)
    })
  }

  #tell(planned: number, items: readonly WarmItem[]): void {
    if (!this.#deps.events.has('warming:run')) return
    const count = (outcome: WarmItem['outcome']): number =>
      items.filter((item) => item.outcome === outcome).length
    this.#deps.events.emit('warming:run', {
      planned,
      warmed: count('warmed'),
      failed: count('failed'),
      cost: totalCost(items).total_cost,
      stopped: this.stopped,
    })
  }
}
