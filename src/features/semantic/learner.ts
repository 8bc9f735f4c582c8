/** Labels for free: compares a fresh answer with the one a near neighbour would have got. */
import type { Clock } from '../../contracts/clock.js'
import type { Logger } from '../../contracts/logger.js'
import { errorKind } from '../../util/error-kind.js'
import { within } from '../../util/within.js'
import type { Judge } from './options.js'
import { sameAnswer } from './same-answer.js'

/** Comparisons under way; further ones are left out: labels are welcome, not owed. */
const MOST_RUNNING = 32
/** A model as `judge` may take its time; one that hangs must not hold a place for ever. */
const JUDGE_MS = 60_000

export interface LearnerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly answerOf: (key: string) => Promise<string | undefined>
}

export class Learner {
  readonly #judge: Judge
  readonly #deps: LearnerDeps
  readonly #signal: AbortSignal
  #running = 0

  constructor(judge: Judge | undefined, deps: LearnerDeps, signal: AbortSignal) {
    this.#judge = judge ?? sameAnswer
    this.#deps = deps
    this.#signal = signal
  }

  /** Calls `label` later, or never when it cannot be told. */
  compare(key: string, fresh: string, label: (right: boolean) => void): void {
    if (this.#running >= MOST_RUNNING || this.#signal.aborted) return
    this.#running += 1
    void this.#compare(key, fresh, label).finally(() => {
      this.#running -= 1
    })
  }

  async #compare(key: string, fresh: string, label: (right: boolean) => void): Promise<void> {
    const { clock, logger, answerOf } = this.#deps
    const giveUp = new AbortController()
    try {
      const stored = await answerOf(key)
      if (stored === undefined) return
      const signal = AbortSignal.any([this.#signal, giveUp.signal])
      const judging = (async (): Promise<unknown> => this.#judge(fresh, stored, { signal }))()
      const same = await within(clock, JUDGE_MS, judging)
      if (typeof same === 'boolean' && !this.#signal.aborted) label(same)
    } catch (error) {
      logger.warn({ kind: errorKind(error) }, 'two answers could not be compared')
    } finally {
      giveUp.abort()
    }
  }
}
