/** One batch while it runs: a pump that keeps a bounded number of items in flight. */
import { setMaxListeners } from 'node:events'
import type { BatchCallOptions, BatchProgress } from '../../contracts/request.js'
import { RaptorflowError } from '../../errors.js'
import { onAbort } from '../../pipeline/patience.js'
import type { ParsedBatch } from '../../features/request/parse-batch.js'
import { copyForDuplicate, isAnswer, unfinishedError } from './batch-response.js'
import type { Outcome, Stop } from './batch-response.js'
import type { BatchDependencies, ItemCallOptions } from './dependencies.js'

/** Items of one identity: the first runs, the others wait for what becomes of it. */
interface Group {
  outcome: Outcome | undefined
  waiting: number[]
}

/** Items begun in a row before timers and sockets get a turn: answers from memory never yield. */
const BURST = 100

export class BatchRun {
  /** Why it ended early. */
  stopped: Stop | undefined
  /** Items answered by another item. */
  duplicates = 0

  readonly #deps: BatchDependencies
  readonly #input: ParsedBatch
  readonly #options: BatchCallOptions
  readonly #limit: number
  readonly #controller = new AbortController()
  readonly #itemOptions: ItemCallOptions
  readonly #groups = new Map<string, Group>()
  readonly #outcomes: (Outcome | undefined)[]
  #next = 0
  #running = 0
  #begun = 0
  #yielding = false
  #completed = 0
  #failed = 0
  #end: () => void = () => undefined

  constructor(deps: BatchDependencies, input: ParsedBatch, options: BatchCallOptions) {
    this.#deps = deps
    this.#input = input
    this.#options = options
    this.#limit = input.parallel_processing ? input.max_batch_size : 1
    this.#outcomes = input.requests.map(() => undefined)
    // Every item in flight listens; Node would suspect a leak from the eleventh on.
    setMaxListeners(0, this.#controller.signal)
    this.#itemOptions = {
      signal: this.#controller.signal,
      key_id: options.key_id,
      ...(!input.deduplicate && { coalesce: false }),
    }
  }

  /** Runs everything, once. One entry per request; undefined for what did not finish. Never rejects. */
  async finished(): Promise<readonly (Outcome | undefined)[]> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    const unlisten = onAbort(this.#options.signal, () => {
      this.#stop('aborted')
    })
    const timer = this.#deps.clock.schedule(this.#input.timeout_seconds * 1_000, () => {
      this.#stop('batch_timeout')
    })
    try {
      this.#pump()
      await ended
      return this.#outcomes
    } finally {
      timer.cancel()
      unlisten()
    }
  }

  #pump(): void {
    while (!this.stopped && !this.#yielding && this.#next < this.#outcomes.length) {
      if (this.#running >= this.#limit) return
      if (this.#begun === BURST) this.#yield()
      else this.#begin(this.#next++)
    }
    if (this.#completed === this.#outcomes.length) this.#end()
  }

  #yield(): void {
    this.#yielding = true
    setImmediate(() => {
      this.#yielding = false
      this.#begun = 0
      this.#pump()
    })
  }

  #begin(index: number): void {
    this.#begun += 1
    const identity = this.#identityOf(index)
    const group = identity === undefined ? undefined : this.#groups.get(identity)
    if (group?.outcome) {
      this.#settleDuplicate(index, group.outcome)
    } else if (group) {
      group.waiting.push(index)
    } else {
      const own: Group = { outcome: undefined, waiting: [] }
      if (identity !== undefined) this.#groups.set(identity, own)
      this.#running += 1
      void this.#run(index, own)
    }
  }

  #identityOf(index: number): string | undefined {
    if (!this.#input.deduplicate) return undefined
    try {
      return this.#deps.identity(this.#input.requests[index])
    } catch {
      return undefined
    }
  }

  /** Never rejects. */
  async #run(index: number, group: Group): Promise<void> {
    let outcome: Outcome
    try {
      outcome = await this.#deps.infer(this.#input.requests[index], this.#itemOptions)
    } catch (error) {
      outcome = asRaptorflowError(error)
    }
    this.#running -= 1
    if (this.stopped) return
    group.outcome = outcome
    this.#settle(index, outcome)
    for (const waiting of group.waiting) this.#settleDuplicate(waiting, outcome)
    group.waiting = []
    if (this.#input.fail_fast && !isAnswer(outcome)) this.#stop('fail_fast')
    this.#pump()
  }

  #settleDuplicate(index: number, first: Outcome): void {
    this.duplicates += 1
    const copy = copyForDuplicate(first, this.#deps.newId('req'))
    try {
      this.#deps.copied(this.#input.requests[index], copy, this.#options.key_id)
    } catch {
      // It is read once more for the report: if its owner has spoilt it meanwhile, there is none.
    }
    this.#settle(index, copy)
  }

  #settle(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome
    this.#completed += 1
    if (!isAnswer(outcome)) this.#failed += 1
    this.#report()
  }

  #report(): void {
    // An async function is assignable to one that returns nothing.
    const onProgress: ((progress: BatchProgress) => unknown) | undefined = this.#options.onProgress
    if (!onProgress) return
    try {
      const returned = onProgress({
        completed: this.#completed,
        failed: this.#failed,
        total: this.#outcomes.length,
      })
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // A progress bar must not cost the batch.
    }
  }

  /** Waits for nobody: what still runs is aborted, and its outcome ignored. */
  #stop(reason: Stop): void {
    if (this.stopped || this.#completed === this.#outcomes.length) return
    this.stopped = reason
    this.#end()
    const cause: unknown =
      reason === 'aborted' ? this.#options.signal?.reason : unfinishedError(reason)
    this.#controller.abort(cause)
  }
}

function asRaptorflowError(error: unknown): RaptorflowError {
  if (RaptorflowError.isInstance(error)) return error
  return new RaptorflowError(
    'INTERNAL_ERROR',
    'Expected an item to fail with a RaptorflowError, but it threw something else. Please report this.',
    { details: { reason: 'internal' } },
  )
}
