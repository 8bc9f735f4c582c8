/** Asks the caller's own `verify` about a match in the grey band, within a time. */
import type { Clock } from '../../contracts/clock.js'
import type { Logger } from '../../contracts/logger.js'
import { errorKind } from '../../util/error-kind.js'
import { within } from '../../util/within.js'
import type { Verify } from './options.js'
import type { SemanticCounters } from './semantic-stats.js'

/** Longer than this, asking the model itself is the better use of the time. */
const VERIFY_MS = 2_000

export class Verifier {
  readonly #verify: Verify | undefined
  readonly #deps: { readonly clock: Clock; readonly logger: Logger }
  readonly #counters: SemanticCounters

  constructor(
    verify: Verify | undefined,
    deps: { readonly clock: Clock; readonly logger: Logger },
    counters: SemanticCounters,
  ) {
    this.#verify = verify
    this.#deps = deps
    this.#counters = counters
  }

  /** Only a plain `true` in time counts as yes. Never rejects. */
  async allows(question: string, stored: string, signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#deps
    const giveUp = new AbortController()
    const both = AbortSignal.any([signal, giveUp.signal])
    const asking = (async () => this.#verify?.(question, stored, { signal: both }))()
    const verdict = await within(
      clock,
      VERIFY_MS,
      asking.catch((error: unknown) => {
        logger.warn({ kind: errorKind(error) }, '`verify` failed')
        return false
      }),
    )
    giveUp.abort()
    const yes = (verdict as unknown) === true && !signal.aborted
    this.#counters.verified[yes ? 'yes' : 'no'] += 1
    return yes
  }
}
