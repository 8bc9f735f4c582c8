/** Labels for free: compares a fresh answer with the one a near neighbour would have got. */
import type { Logger } from '../../contracts/logger.js'
import { errorKind } from '../../util/error-kind.js'
import type { Judge } from './options.js'
import { sameAnswer } from './same-answer.js'

/** Comparisons under way; further ones are left out: labels are welcome, not owed. */
const MOST_RUNNING = 32

export interface LearnerDeps {
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
    const { logger, answerOf } = this.#deps
    try {
      const stored = await answerOf(key)
      if (stored === undefined) return
      const same: unknown = await this.#judge(fresh, stored, { signal: this.#signal })
      if (typeof same === 'boolean' && !this.#signal.aborted) label(same)
    } catch (error) {
      logger.warn({ kind: errorKind(error) }, 'two answers could not be compared')
    }
  }
}
