/** The options of warming, their defaults, their checks. */
import { invalidOption } from '../../util/invalid-option.js'
import { atLeastZero, knownKeys, positive } from '../../util/option-checks.js'

/**
 * Paid warming. At full price it cannot save money: a call made ahead costs what the miss would have
 * cost, and is sometimes for nothing. It buys time, so say what a second is worth to you
 * (`valuePerSecond`); without it, automatic mode finds after a day that it does not pay, and stops.
 */
export interface WarmingOptions {
  /** Refresh by itself what is likely to be asked again. Needs `maxCostPerHour`. @default false */
  readonly automatic?: boolean | undefined
  /**
   * USD that warming may spend in any hour, > 0; required for `automatic`. It also bounds `warm()`
   * calls that give no `maxCost`. @default none
   */
  readonly maxCostPerHour?: number | undefined
  /** Least probability of being asked again before the new entry expires, > 0 and <= 1. @default 0.75 */
  readonly threshold?: number | undefined
  /** Seconds between two looks, >= 1. @default 60 */
  readonly intervalSeconds?: number | undefined
  /** Automatic calls begin only while fewer provider calls are in flight. @default 2 */
  readonly maxInFlight?: number | undefined
  /** Share of keys that is never warmed, by hash, to compare with: 0 to below 1. @default 0.1 */
  readonly holdout?: number | undefined
  /** Keys whose demand is followed, 1-100,000. Their prompts are kept in memory. @default 1_000 */
  readonly maxKeys?: number | undefined
  /** USD that a second of a caller's waiting is worth. @default 0 */
  readonly valuePerSecond?: number | undefined
}

export interface ResolvedWarmingOptions {
  readonly automatic: boolean
  readonly maxCostPerHour: number | undefined
  readonly threshold: number
  readonly intervalSeconds: number
  readonly maxInFlight: number
  readonly holdout: number
  readonly maxKeys: number
  readonly valuePerSecond: number
}

const NAMES = [
  'automatic',
  'maxCostPerHour',
  'threshold',
  'intervalSeconds',
  'maxInFlight',
  'holdout',
  'maxKeys',
  'valuePerSecond',
] as const satisfies readonly (keyof WarmingOptions)[]

const MOST_KEYS = 100_000
/** Longer timers overflow: 2^31 ms are 24.8 days. */
const LONGEST_INTERVAL_SECONDS = 86_400

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, naming the option */
export function resolveWarmingOptions(options: WarmingOptions = {}): ResolvedWarmingOptions {
  knownKeys('warming', options, NAMES)
  const automatic = flag('warming.automatic', options.automatic ?? false)
  const { maxCostPerHour } = options
  if (automatic && maxCostPerHour === undefined) {
    throw invalidOption(
      'warming.maxCostPerHour',
      'a number greater than 0, since `warming.automatic` spends money',
      maxCostPerHour,
    )
  }
  return {
    automatic,
    maxCostPerHour:
      maxCostPerHour === undefined ? undefined : positive('warming.maxCostPerHour', maxCostPerHour),
    threshold: threshold(options.threshold ?? 0.75),
    intervalSeconds: interval(options.intervalSeconds ?? 60),
    maxInFlight: whole('warming.maxInFlight', options.maxInFlight ?? 2, 10_000),
    holdout: holdout(options.holdout ?? 0.1),
    maxKeys: whole('warming.maxKeys', options.maxKeys ?? 1_000, MOST_KEYS),
    valuePerSecond: atLeastZero('warming.valuePerSecond', options.valuePerSecond ?? 0),
  }
}

function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalidOption(name, 'true or false', value)
}

function threshold(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= 1) return value
  throw invalidOption('warming.threshold', 'a number greater than 0, at most 1', value)
}

function holdout(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  throw invalidOption('warming.holdout', 'a number from 0 to below 1', value)
}

function interval(value: unknown): number {
  if (typeof value === 'number' && value >= 1 && value <= LONGEST_INTERVAL_SECONDS) return value
  throw invalidOption(
    'warming.intervalSeconds',
    `a number from 1 to ${LONGEST_INTERVAL_SECONDS}`,
    value,
  )
}

function whole(name: string, value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) {
    return value
  }
  throw invalidOption(name, `an integer from 1 to ${most}`, value)
}
