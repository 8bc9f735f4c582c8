/** Ending well: pending writes out, running calls given a moment, everything released. */
import type { Provider } from '../contracts/provider.js'
import { closedError } from './refusals.js'
import type { PipelineDependencies } from './dependencies.js'

/** close() ends within 2 s: this long for running calls, the rest for tiers and providers. */
const DRAIN_MS = 1_500
const RELEASE_MS = 400
const POLL_MS = 10

interface Dependencies extends Pick<
  PipelineDependencies,
  'cache' | 'clock' | 'flights' | 'lookups' | 'semantic'
> {
  readonly providers: readonly Provider[]
}

/** Lets running calls finish for a moment, ends the others, then releases tiers and providers. */
export async function shutDown(deps: Dependencies): Promise<void> {
  const { clock, flights, lookups } = deps
  const until = clock.monotonic() + DRAIN_MS
  const running = (): boolean => flights.size > 0 || lookups.underWay > 0
  while (running() && clock.monotonic() < until) await pause(deps, POLL_MS)
  lookups.over = true
  flights.abortAll(closedError())
  const releases = [
    deps.cache.close(),
    deps.semantic.close(),
    ...deps.providers.map((provider) => release(provider)),
  ]
  await atMost(deps, RELEASE_MS, Promise.allSettled(releases))
}

async function release(provider: Provider): Promise<void> {
  await provider.close?.()
}

/** Waits for `work`, which never rejects, or for the time; leaves no timer behind. */
function atMost({ clock }: Dependencies, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.schedule(ms, resolve, { keepAlive: true })
    void work.then(() => {
      timer.cancel()
      resolve()
    })
  })
}

function pause({ clock }: Dependencies, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve, { keepAlive: true })
  })
}
