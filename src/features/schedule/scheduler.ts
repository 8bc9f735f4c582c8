/** Slots for upstream calls: at most so many at once, the rest wait by priority. */
import PQueue from 'p-queue'
import type { Clock } from '../../contracts/clock.js'
import { RaptorflowError } from '../../errors.js'
import { invalidOption } from '../../util/invalid-option.js'

export interface ScheduleOptions {
  /** Upstream calls at once, an integer >= 1. @default 64 */
  readonly maxConcurrency?: number | undefined
  /** Calls that may wait for a slot, an integer >= 0; one more is RATE_LIMITED. @default 10_000 */
  readonly maxQueued?: number | undefined
}

export interface SlotRequest {
  /** Aborting takes the call out of the queue; a call that already runs minds its own signal. */
  readonly signal: AbortSignal
  /** 1-10, higher first; asked again whenever `onRaise` fires. */
  readonly priority: () => number
  /** Registers what to call when the priority may have risen. */
  readonly onRaise?: ((raise: () => void) => void) | undefined
}

export interface SchedulerStats {
  readonly slots: number
  readonly active: number
  readonly pending: number
  readonly queues: number
  /** Mean wait for a slot since the start. */
  readonly average_wait_seconds: number
}

export interface Scheduler {
  /**
   * Runs `task` in a slot and frees the slot when the task has settled.
   * @throws RaptorflowError RATE_LIMITED, reason `queue_full`; the signal's reason when aborted while waiting
   */
  run<T>(task: () => Promise<T>, slot: SlotRequest): Promise<T>
  stats(): SchedulerStats
}

const positiveInteger = (name: string, value: number, least: number): number => {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalidOption(name, `an integer >= ${least}`, value)
}

/** One p-queue; the slot belongs to an attempt, so a failover waits in line again. */
export function createScheduler(options: ScheduleOptions, clock: Clock): Scheduler {
  const slots = positiveInteger('schedule.maxConcurrency', options.maxConcurrency ?? 64, 1)
  const maxQueued = positiveInteger('schedule.maxQueued', options.maxQueued ?? 10_000, 0)
  const queue = new PQueue({ concurrency: slots })
  let waits = 0
  let waitedMs = 0
  let lastId = 0

  return {
    async run(task, slot) {
      if (queue.size >= maxQueued && queue.pending >= slots) throw queueFull(maxQueued)
      if (queue.size === 0 && queue.pending < slots) {
        // A free slot: nothing to wait for, so nothing to abort or raise.
        slot.signal.throwIfAborted()
        waits += 1
        return await queue.add(task)
      }
      const id = String(++lastId)
      const enqueued = clock.monotonic()
      // p-queue frees a running task's slot as soon as its signal aborts, although the task goes on:
      // so it only gets a signal that stops mattering once the task has started.
      const waiting = new AbortController()
      const leave = (): void => {
        waiting.abort(slot.signal.reason)
      }
      slot.signal.addEventListener('abort', leave)
      slot.onRaise?.(() => {
        if (queue.size > 0) raise(queue, id, slot.priority())
      })
      try {
        slot.signal.throwIfAborted()
        return await queue.add(
          () => {
            slot.signal.removeEventListener('abort', leave)
            waits += 1
            waitedMs += clock.monotonic() - enqueued
            return task()
          },
          { id, priority: slot.priority(), signal: waiting.signal },
        )
      } finally {
        slot.signal.removeEventListener('abort', leave)
      }
    },
    stats: () => ({
      slots,
      active: queue.pending,
      pending: queue.size,
      queues: 1,
      average_wait_seconds: waits === 0 ? 0 : waitedMs / waits / 1_000,
    }),
  }
}

function raise(queue: PQueue, id: string, priority: number): void {
  try {
    queue.setPriority(id, priority)
  } catch {
    // It started meanwhile: p-queue knows waiting tasks only.
  }
}

function queueFull(maxQueued: number): RaptorflowError {
  return new RaptorflowError(
    'RATE_LIMITED',
    `Expected a place in the queue, but ${maxQueued} calls are waiting already. Try again later, or raise \`schedule.maxQueued\`.`,
    { details: { reason: 'queue_full', retry_after: 1 } },
  )
}
