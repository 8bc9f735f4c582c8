/** What is counted per provider and per model, under a bounded number of names. */
import type { AttemptRow } from '../../contracts/ledger.js'
import { RollingCounter } from './rolling-counter.js'

/** Since the start. */
export interface ModelPerformance {
  readonly attempts: number
  readonly succeeded: number
  /** Milliseconds, summed over the attempts that succeeded. */
  readonly succeededMs: number
  /** Attempts that say something about the provider's health, and how many of those succeeded. */
  readonly judged: number
  readonly judgedSucceeded: number
}

/** Of the last five minutes. */
export interface ProviderHealth {
  readonly provider: string
  readonly judged: number
  readonly succeeded: number
}

type ModelCounts = { -readonly [Field in keyof ModelPerformance]: number }

interface ProviderCell {
  readonly label: string
  readonly judged: RollingCounter
  readonly succeeded: RollingCounter
  readonly models: Map<string, ModelCounts>
}

/** Where everything goes that comes after the names have run out. */
const OTHER = 'other'
const MAX_PROVIDERS = 200
const MAX_MODELS = 1_000
const HEALTH_SLOT_MS = 10_000
const HEALTH_SLOTS = 30

export class ProviderTable {
  readonly #providers = new Map<string, ProviderCell>()
  #models = 0

  /** @param now monotonic milliseconds @returns the name the provider is counted under */
  add(row: AttemptRow, now: number): string {
    const cell = this.#cell(row.provider)
    const model = this.#model(cell, row.model)
    const succeeded = row.outcome === 'ok'
    model.attempts += 1
    if (succeeded) {
      model.succeeded += 1
      model.succeededMs += row.duration_ms
    }
    if (row.counts_for_health) {
      model.judged += 1
      cell.judged.add(now)
      if (succeeded) {
        model.judgedSucceeded += 1
        cell.succeeded.add(now)
      }
    }
    return cell.label
  }

  /** Undefined without traffic, and for a model that is counted under `other`. */
  performance(provider: string, model: string): ModelPerformance | undefined {
    return this.#providers.get(provider)?.models.get(model)
  }

  /** Providers with judged attempts in the last five minutes. @param now monotonic milliseconds */
  health(now: number): readonly ProviderHealth[] {
    return [...this.#providers.values()]
      .map((cell) => ({
        provider: cell.label,
        judged: cell.judged.sum(now),
        succeeded: cell.succeeded.sum(now),
      }))
      .filter((health) => health.judged > 0)
  }

  #cell(provider: string): ProviderCell {
    const known = this.#providers.get(provider)
    if (known) return known
    if (this.#providers.size >= MAX_PROVIDERS && provider !== OTHER) return this.#cell(OTHER)
    const cell: ProviderCell = {
      label: provider,
      judged: new RollingCounter(HEALTH_SLOT_MS, HEALTH_SLOTS),
      succeeded: new RollingCounter(HEALTH_SLOT_MS, HEALTH_SLOTS),
      models: new Map(),
    }
    this.#providers.set(provider, cell)
    return cell
  }

  #model(cell: ProviderCell, model: string): ModelCounts {
    const known = cell.models.get(model)
    if (known) return known
    if (model !== OTHER) {
      if (this.#models >= MAX_MODELS) return this.#model(cell, OTHER)
      this.#models += 1
    }
    const made = { attempts: 0, succeeded: 0, succeededMs: 0, judged: 0, judgedSucceeded: 0 }
    cell.models.set(model, made)
    return made
  }
}
