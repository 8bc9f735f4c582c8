/** What a batch needs of the rooms below. Types only. */
import type { RaptorflowError } from '../../errors.js'
import type { Clock } from '../../contracts/clock.js'
import type { CallOptions } from '../../contracts/request.js'
import type { InferenceResponse } from '../../contracts/response.js'

/** `coalesce: false` keeps an item to itself; the cache is not affected. */
export interface ItemCallOptions extends CallOptions {
  readonly coalesce?: boolean | undefined
}

export interface BatchDependencies {
  /** Answers one item or rejects with a `RaptorflowError`. */
  readonly infer: (request: unknown, options: ItemCallOptions) => Promise<InferenceResponse>
  /**
   * Equal for items that may share an answer; undefined for one that may not share. What it throws
   * is ignored: such an item goes to `infer`, which says and records what is wrong with it.
   */
  readonly identity: (request: unknown) => string | undefined
  /** Called for each item that another item's outcome has decided. */
  readonly copied: (
    request: unknown,
    outcome: InferenceResponse | RaptorflowError,
    key_id: string | undefined,
  ) => void
  readonly clock: Clock
  readonly newId: (prefix: string) => string
  /** Called once per batch, also for an aborted one. */
  readonly record: (items: number, failedItems: number) => void
}
