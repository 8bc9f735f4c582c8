/** A `fetch` whose plug can be pulled, so that a real provider can fail on demand. */

export interface Plug {
  /** Fails once the plug is pulled, running calls included. */
  readonly pluggedFetch: typeof globalThis.fetch
  /** Never fails on purpose. */
  readonly countedFetch: typeof globalThis.fetch
  /** Calls through either that went out. */
  calls(): number
  pull(): void
  putIn(): void
}

/** What Node's own fetch fails with when nobody listens, or nobody listens any longer. */
function connectionError(code: 'ECONNREFUSED' | 'ECONNRESET'): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}

export function createPlug(): Plug {
  let connection = new AbortController()
  let calls = 0

  const countedFetch: typeof globalThis.fetch = (input, init) => {
    calls += 1
    return globalThis.fetch(input, init)
  }
  return {
    countedFetch,
    pluggedFetch: async (input, init) => {
      if (connection.signal.aborted) throw connectionError('ECONNREFUSED')
      const signals = [connection.signal, init?.signal].filter(
        (signal) => signal instanceof AbortSignal,
      )
      return countedFetch(input, { ...init, signal: AbortSignal.any(signals) })
    },
    calls: () => calls,
    pull: () => {
      connection.abort(connectionError('ECONNRESET'))
    },
    putIn: () => {
      connection = new AbortController()
    },
  }
}
