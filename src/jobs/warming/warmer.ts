/** Warming: answers asked for ahead of time, when told to or by forecast. */
import type { WarmItem, WarmResponse, WarmingReport } from '../../contracts/warming.js'
import { parseWarm, type ParsedWarm } from '../../features/request/parse-warm.js'
import { unlessAborted } from '../../pipeline/patience.js'
import { holdProcess } from '../../util/hold-process.js'
import { isoTime } from '../../util/iso-time.js'
import { toNano } from '../../util/money.js'
import { createAutomaticWarming, type AutomaticWarming } from './automatic-warming.js'
import type { Choice } from './candidates.js'
import type { WarmerDependencies } from './dependencies.js'
import { createHourlyPurse, createPurse, UNLIMITED, type Purse } from './purse.js'
import { totalCost } from './total-cost.js'
import { WarmingTrial } from './trial.js'
import type { WarmTerms } from './warm-items.js'
import { warmExpected, warmPrompts } from './warm-run.js'
import type { ResolvedWarmingOptions } from './warming-options.js'

export interface Warmer {
  /**
   * Answers what is not fresh in the cache, at priority 1; without `prompts`, what the forecast expects
   * to be asked for. An item that fails is in `items`, and fails no other.
   * @throws RaptorflowError INVALID_REQUEST, naming the field of the warm request;
   * ABORTED when the signal aborts
   */
  warm(
    request: unknown,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<WarmResponse>
  /** Null while nothing observes demand. */
  report(): WarmingReport | null
  /** Begins automatic warming, if the options ask for it. */
  start(): void
  /** Ends it, and a run under way with it. */
  stop(): void
}

export function createWarmer(options: ResolvedWarmingOptions, deps: WarmerDependencies): Warmer {
  const { clock, forecast } = deps
  const { maxCostPerHour } = options
  const valuePerSecond = toNano(options.valuePerSecond)
  const trial = new WarmingTrial(clock, options.holdout, valuePerSecond)
  const hourly =
    maxCostPerHour === undefined ? UNLIMITED : createHourlyPurse(clock, toNano(maxCostPerHour))
  forecast?.watch(trial)

  // A run looks a little further than the next one's start: it takes a moment itself.
  const horizonMs = options.intervalSeconds * 1_250
  const choice: Choice | undefined = forecast && {
    forecast,
    trial,
    threshold: options.threshold,
    valuePerSecond,
    horizonMs,
    missingToo: false,
    unpricedToo: false,
  }
  const automatic: AutomaticWarming | undefined =
    choice && options.automatic
      ? createAutomaticWarming(deps, { ...options, choice, purse: hourly })
      : undefined

  const report = (): WarmingReport | null =>
    forecast
      ? trial.report(forecast, {
          enabled: automatic?.enabled ?? false,
          stopped: automatic?.stopped ?? null,
        })
      : null

  const run = (
    parsed: ParsedWarm,
    signal: AbortSignal | undefined,
  ): Promise<readonly WarmItem[]> => {
    const terms: WarmTerms = { purse: purseFor(parsed, hourly), dryRun: parsed.dryRun, signal }
    if (parsed.prompts) return warmPrompts(deps, terms, parsed.prompts, options.maxInFlight)
    if (!choice) return Promise.resolve([])
    const unpricedToo = true
    return warmExpected(deps, terms, { ...choice, missingToo: true, unpricedToo })
  }

  return {
    async warm(request, { signal } = {}) {
      const parsed = parseWarm(request)
      // A caller waits: sockets and timers of the tiers do not keep a process with nothing else to do.
      const items = await holdProcess(clock, () => unlessAborted(signal, () => run(parsed, signal)))
      return {
        dry_run: parsed.dryRun,
        items,
        ...counts(items),
        ...totalCost(items),
        report: report(),
        timestamp: isoTime(clock.now()),
      }
    },
    report,
    start: () => automatic?.start(),
    stop: () => automatic?.stop(),
  }
}

/** A run with a budget of its own leaves the hourly one alone, and so does one that spends nothing. */
function purseFor({ maxCost, dryRun }: ParsedWarm, hourly: Purse): Purse {
  if (maxCost === Infinity) return UNLIMITED
  if (maxCost !== undefined) return createPurse(maxCost)
  return dryRun && hourly.limited ? createPurse(hourly.left()) : hourly
}

function counts(items: readonly WarmItem[]): Pick<WarmResponse, 'warmed' | 'skipped' | 'failed'> {
  const warmed = items.filter(({ outcome }) => outcome === 'warmed').length
  const failed = items.filter(({ outcome }) => outcome === 'failed').length
  return { warmed, failed, skipped: items.length - warmed - failed }
}
