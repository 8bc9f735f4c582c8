/** Warming, loaded when the client's options or a `warm()` ask for it: whoever needs none pays for none. */
import type { DemandObserver, WarmResponse } from '../../contracts/warming.js'
import type { DemandForecast } from './demand-forecast.js'
import type { Warmer } from './warmer.js'

export interface WarmingRoom {
  /** Undefined when the client's options do not ask for warming. */
  readonly demand: DemandObserver | undefined
  warm(
    request: unknown,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<WarmResponse>
  stop(): void
}

export interface LoadedWarming {
  readonly forecast: DemandForecast | undefined
  readonly warmer: Warmer
}

/**
 * @param observes load at once, and observe demand as soon as that is done: the first milliseconds of
 * a process say nothing about its hours
 * @param load called at most once, unless it fails
 */
export function createWarmingRoom(
  observes: boolean,
  load: () => Promise<LoadedWarming>,
): WarmingRoom {
  let loading: Promise<LoadedWarming> | undefined
  let loaded: LoadedWarming | undefined
  let stopped = false
  const ready = (): Promise<LoadedWarming> =>
    (loading ??= load().then(
      (warming) => {
        loaded = warming
        if (!stopped) warming.warmer.start()
        return warming
      },
      (error: unknown) => {
        loading = undefined
        throw error
      },
    ))
  if (observes) ready().catch(() => undefined)
  return {
    demand: observes
      ? {
          observe: (observation) => loaded?.forecast?.observe(observation),
          landed: (landing) => loaded?.forecast?.landed(landing),
        }
      : undefined,
    warm: async (request, options) => (await ready()).warmer.warm(request, options),
    stop: () => {
      stopped = true
      loaded?.warmer.stop()
    },
  }
}
