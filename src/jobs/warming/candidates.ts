/** Which tracked keys are worth a call now, the best first. */
import type { CallCost } from '../../pipeline/choice.js'
import type { DemandForecast } from './demand-forecast.js'
import type { WarmerDependencies } from './dependencies.js'
import type { TrackedKey } from './tracked-key.js'
import type { WarmingTrial } from './trial.js'

export interface Candidate {
  readonly tracked: TrackedKey
  /** When the entry it would replace ends; now, when there is none. Epoch milliseconds. */
  readonly endsAt: number
  /** Of being asked for between then and the end of a new entry, 0-1. */
  readonly probability: number
  /** Null when unknown. */
  readonly estimate: CallCost | null
  /** Nano-USD that warming it is expected to gain. */
  readonly gain: number
}

export interface Choice {
  readonly forecast: DemandForecast
  readonly trial: WarmingTrial
  readonly threshold: number
  /** Nano-USD. */
  readonly valuePerSecond: number
  /** Entries that end within so long are looked at. */
  readonly horizonMs: number
  /** Also keys whose entry has ended or is gone. */
  readonly missingToo: boolean
  /** Also keys of unknown price. */
  readonly unpricedToo: boolean
}

type Dependencies = Pick<WarmerDependencies, 'clock' | 'cached' | 'estimate'>

/** How much earlier than reckoned an entry may end: the cache's jitter. */
const JITTER = 0.1

/** Held-out keys are noted as such when they would have been chosen. */
export async function candidates(
  deps: Dependencies,
  choice: Choice,
  signal: AbortSignal | undefined,
): Promise<readonly Candidate[]> {
  const found: Candidate[] = []
  for (const tracked of [...choice.forecast.tracked()]) {
    if (signal?.aborted === true) return []
    if (!mayEndSoon(deps, choice, tracked)) continue
    const candidate = await judged(deps, choice, tracked)
    if (candidate === undefined) continue
    if (choice.trial.isHeldOut(tracked.key)) tracked.group = 'holdout'
    else found.push(candidate)
  }
  return found.sort((a, b) => b.gain - a.gain)
}

/** By what is known without asking the cache: of a thousand keys, most end here. */
function mayEndSoon({ clock }: Dependencies, choice: Choice, tracked: TrackedKey): boolean {
  if (tracked.refreshing || tracked.refused) return false
  const now = clock.now()
  const soonest = tracked.freshUntil - (tracked.exact ? 0 : JITTER * tracked.ttlMs)
  // A cache that was cleared does not tell: who wants the missing as well has to ask it.
  if (!choice.missingToo && soonest > now + choice.horizonMs) return false
  return choice.forecast.probability(tracked.key, now, now + tracked.ttlMs) >= choice.threshold
}

async function judged(
  deps: Dependencies,
  choice: Choice,
  tracked: TrackedKey,
): Promise<Candidate | undefined> {
  const { request, key, ttlMs } = tracked
  const times = await deps.cached(request)
  const now = deps.clock.now()
  const fresh = times !== undefined && times.fresh_until > now
  if (fresh) {
    tracked.freshUntil = times.fresh_until
    tracked.exact = true
    if (times.fresh_until > now + choice.horizonMs) return undefined
  } else if (!choice.missingToo) {
    return undefined
  }
  const endsAt = fresh ? times.fresh_until : now
  if (fresh && tracked.triedFor === endsAt) return undefined
  const probability = choice.forecast.probability(key, endsAt, now + ttlMs)
  if (probability < choice.threshold) return undefined
  const estimate = await deps.estimate(request)
  if (estimate === null && !choice.unpricedToo) return undefined
  const gain = expectedGain(choice, tracked, probability, estimate?.likely ?? 0)
  // Whoever says what time is worth does not want to pay more for it.
  if (choice.valuePerSecond > 0 && gain <= 0) return undefined
  return { tracked, endsAt, probability, estimate, gain }
}

/**
 * `P (c + v L) - c`: with probability P a miss of cost c and L seconds is avoided, a second being
 * worth v; the call costs c now.
 */
function expectedGain(
  { valuePerSecond }: Choice,
  { cost, durationMs }: TrackedKey,
  probability: number,
  estimate: number,
): number {
  const price = cost ?? estimate
  const time = ((durationMs ?? 0) / 1_000) * valuePerSecond
  return probability * (price + time) - price
}
