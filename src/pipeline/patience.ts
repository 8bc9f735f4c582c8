/** How long one caller waits: until its own deadline, or until its own signal aborts. */
import { setMaxListeners } from 'node:events'
import { RaptorflowError } from '../errors.js'
import type { Clock } from '../contracts/clock.js'

/** Times are on `clock.monotonic()`. */
export interface Patience {
  readonly clock: Clock
  readonly arrived: number
  readonly deadline: number
  readonly signal: AbortSignal | undefined
}

/**
 * Calls `giveUp` when the deadline passes or the signal aborts; at once when it has already.
 * @returns lets go of timer and signal
 */
export function boundWait(
  { clock, arrived, deadline, signal }: Patience,
  giveUp: (reason: RaptorflowError) => void,
): () => void {
  const release = onAbort(signal, () => {
    giveUp(abortedError(signal))
  })
  // Somebody waits: a process with nothing else to do must not end before the answer or the deadline.
  const timer = clock.schedule(
    deadline - clock.monotonic(),
    () => {
      // Rounded to microseconds: the difference of two readings is never quite what was asked for.
      giveUp(timeoutError(Math.round((deadline - arrived) * 1_000) / 1e6))
    },
    { keepAlive: true },
  )
  return () => {
    timer.cancel()
    release()
  }
}

/** What `work` comes to, unless the caller's patience ends before. */
export async function whilePatient<T>(patience: Patience, work: Promise<T>): Promise<T> {
  let release = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      release = boundWait(patience, reject)
      work.then(resolve, reject)
    })
  } finally {
    release()
  }
}

/** Calls `leave` when the signal aborts, at once when it already has. @returns stops listening */
export function onAbort(signal: AbortSignal | undefined, leave: () => void): () => void {
  if (!signal) return () => undefined
  // One signal may end many calls; Node would suspect a leak from the eleventh listener on.
  if (signal instanceof EventTarget) setMaxListeners(0, signal)
  signal.addEventListener('abort', leave)
  if (signal.aborted) leave()
  return () => {
    signal.removeEventListener('abort', leave)
  }
}

/** What `begin` starts, unless the signal aborts first: what comes of it then is ignored. */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  begin: () => Promise<T>,
): Promise<T> {
  if (signal?.aborted === true) throw abortedError(signal)
  let release = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      release = onAbort(signal, () => {
        reject(abortedError(signal))
      })
      begin().then(resolve, reject)
    })
  } finally {
    release()
  }
}

export function abortedError(signal: AbortSignal | undefined): RaptorflowError {
  return new RaptorflowError('ABORTED', 'The caller aborted the request', {
    details: { reason: 'aborted' },
    cause: signal?.reason,
  })
}

function timeoutError(seconds: number): RaptorflowError {
  return new RaptorflowError(
    'TIMEOUT',
    `Expected an answer within \`timeout_seconds\` (${seconds}), but none came. Raise it, or make the request smaller.`,
    { details: { reason: 'deadline', timeout_seconds: seconds } },
  )
}
