/** The in-memory ledger: takes rows, keeps the latest, and adds them all up. */
import type { Clock } from '../../contracts/clock.js'
import type { AttemptRow, BatchRow, RequestRow } from '../../contracts/ledger.js'
import { invalidOption } from '../../util/invalid-option.js'
import { DailyRollUps } from './daily.js'
import { ProviderTable } from './provider-table.js'
import type { ModelPerformance, ProviderHealth } from './provider-table.js'
import { Ring } from './ring.js'
import { RollingCounter } from './rolling-counter.js'
import { RollUp } from './rollup.js'
import type { Sums } from './rollup.js'

/** Since the start. */
interface BatchSums {
  readonly batches: number
  /** Batches with at least one failed item. */
  readonly failed: number
  readonly items: number
}

export interface Ledger {
  recordRequest(row: RequestRow): void
  recordAttempt(row: AttemptRow): void
  recordBatch(row: BatchRow): void
  /** The latest rows, oldest first. */
  requests(): readonly RequestRow[]
  attempts(): readonly AttemptRow[]
  /** The newest row with that id, as long as it is kept. */
  requestOf(request_id: string): RequestRow | undefined
  /** Since the start. */
  totals(): Sums
  /** Over the last `days` UTC days, today included. @param days 1-365 */
  period(days: number): Sums
  /** Nano-USD per UTC day `YYYY-MM-DD`, oldest first, zero-filled. @param days 1-365 */
  dailyCosts(days: number): ReadonlyMap<string, number>
  batches(): BatchSums
  /** Since the start; undefined without traffic. */
  performance(provider: string, model: string): ModelPerformance | undefined
  /** Of the last five minutes. */
  health(): readonly ProviderHealth[]
  /** Requests that ended in the last 60 s (to the second). */
  requestsPerMinute(): number
}

export interface LedgerOptions {
  readonly clock: Clock
  /** Rows of each kind that are kept, an integer from 1 to 1,000,000; sums cover all rows. @default 10_000 */
  readonly maxRows?: number | undefined
}

const MOST_ROWS = 1_000_000

/**
 * Memory is bounded: `maxRows` rows of each kind, 366 days, 200 providers and 1,000 models
 * (what comes after is counted under `other`).
 * @throws RaptorflowError INVALID_REQUEST, reason `configuration`
 */
export function createLedger(options: LedgerOptions): Ledger {
  const { clock, maxRows = 10_000 } = options
  if (!Number.isSafeInteger(maxRows) || maxRows < 1 || maxRows > MOST_ROWS) {
    throw invalidOption('ledger.maxRows', 'an integer from 1 to 1,000,000', maxRows)
  }
  return new MemoryLedger(clock, maxRows)
}

class MemoryLedger implements Ledger {
  readonly #clock: Clock
  readonly #requests: Ring<RequestRow>
  readonly #attempts: Ring<AttemptRow>
  readonly #totals = new RollUp()
  readonly #days = new DailyRollUps()
  readonly #providers = new ProviderTable()
  readonly #lastMinute = new RollingCounter(1_000, 60)
  readonly #batches = { batches: 0, failed: 0, items: 0 }

  constructor(clock: Clock, maxRows: number) {
    this.#clock = clock
    this.#requests = new Ring(maxRows)
    this.#attempts = new Ring(maxRows)
  }

  recordRequest(row: RequestRow): void {
    this.#requests.push(row)
    this.#totals.addRequest(row)
    this.#days.at(row.at).addRequest(row)
    this.#lastMinute.add(this.#clock.monotonic())
  }

  recordAttempt(row: AttemptRow): void {
    this.#attempts.push(row)
    const provider = this.#providers.add(row, this.#clock.monotonic())
    this.#totals.addAttempt(row, provider)
    this.#days.at(row.at).addAttempt(row, provider)
  }

  recordBatch(row: BatchRow): void {
    this.#batches.batches += 1
    this.#batches.items += row.items
    if (row.failed_items > 0) this.#batches.failed += 1
  }

  requests(): readonly RequestRow[] {
    return this.#requests.toArray()
  }

  attempts(): readonly AttemptRow[] {
    return this.#attempts.toArray()
  }

  requestOf(request_id: string): RequestRow | undefined {
    return this.#requests.findLast((row) => row.request_id === request_id)
  }

  totals(): Sums {
    const copy = new RollUp()
    copy.addAll(this.#totals)
    return copy
  }

  period(days: number): Sums {
    return this.#days.sum(days, this.#clock.now())
  }

  dailyCosts(days: number): ReadonlyMap<string, number> {
    return this.#days.costs(days, this.#clock.now())
  }

  batches(): BatchSums {
    return { ...this.#batches }
  }

  performance(provider: string, model: string): ModelPerformance | undefined {
    return this.#providers.performance(provider, model)
  }

  health(): readonly ProviderHealth[] {
    return this.#providers.health(this.#clock.monotonic())
  }

  requestsPerMinute(): number {
    return this.#lastMinute.sum(this.#clock.monotonic())
  }
}
