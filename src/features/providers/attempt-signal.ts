/** An abort signal of its own for each attempt, and waiting that ends. */
import { ProviderError } from '../../errors.js'

export interface AttemptSignal {
  readonly signal: AbortSignal
  /** The answer was read to its end: `end` has no connection to close. */
  done(): void
  /** Closes the attempt's connection if it is still open, and lets go of the caller's signal. */
  end(): void
}

/** A signal that follows `outer`: what listens to it does not pile up on a signal that lives longer. */
export function attemptSignal(outer: AbortSignal): AttemptSignal {
  const controller = new AbortController()
  const follow = (): void => {
    controller.abort()
  }
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow, { once: true })
  let open = true
  return {
    signal: controller.signal,
    done: () => {
      open = false
    },
    end: () => {
      outer.removeEventListener('abort', follow)
      // Aborting a finished exchange costs some 50 us: an error and an event at each link.
      if (open) controller.abort()
    },
  }
}

/**
 * The promise's value, also from code that ignores the signal.
 * @throws ProviderError `aborted` as soon as the signal aborts
 */
export async function untilAborted<T>(pending: T | Promise<T>, signal: AbortSignal): Promise<T> {
  let leave: () => void = () => undefined
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => {
      reject(new ProviderError({ reason: 'aborted' }))
    }
  })
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([pending, left])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
