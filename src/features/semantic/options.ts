/** The options of semantic matching and their checks; loads none of its tables. */
import type { Embedder } from '../../contracts/embedder.js'
import { invalidOption } from '../../util/invalid-option.js'
import { func, knownKeys, withMethods } from '../../util/option-checks.js'
import type { GuardName, GuardSwitches } from './guards/guards.js'

/**
 * Whether a question may be answered with what was answered to another one. Asked only where the best
 * match is a little less similar than required and no guard objects. What it throws counts as no.
 */
export type Verify = (
  question: string,
  stored: string,
  context: { readonly signal: AbortSignal },
) => boolean | Promise<boolean>

/**
 * Whether two answers say the same; undefined when that cannot be told. Asked in the background, after
 * a question that had a near neighbour was answered freshly.
 */
export type Judge = (
  fresh: string,
  stored: string,
  context: { readonly signal: AbortSignal },
) => boolean | undefined | Promise<boolean | undefined>

export interface SemanticOptions {
  /** Texts as vectors. Another one makes all stored vectors useless: they are never mixed. @default the built-in one, hashed words and letters, 512 dimensions */
  readonly embedder?: Embedder | undefined
  /** Cosine similarity below which nothing is served, 0-1. @default the embedder's `recommendedThreshold` */
  readonly threshold?: number | undefined
  /**
   * Share of wrong answers among semantic hits that is put up with, 0 < x < 1. What is learned from
   * fresh answers and feedback raises the threshold until the share, at the upper end of its 95 %
   * interval (Wilson), is below this. @default 0.02
   */
  readonly maxErrorRate?: number | undefined
  /**
   * Evidence first: nothing is served until labels prove the error rate, at least 30 and 10 divided by
   * `maxErrorRate`: 100 for 0.1, 500 for 0.02. Without it, `threshold` is taken on trust until labels
   * speak against it. @default true with `maxErrorRate`, otherwise false
   */
  readonly strict?: boolean | undefined
  /** Match, learn and report, but never serve a match. @default false */
  readonly shadow?: boolean | undefined
  /** Share of hits that are answered freshly after all, to learn whether they were right, 0-1. @default 0.05 */
  readonly checkRate?: number | undefined
  /** Guards to switch off, by name; `content: 'strict'` makes that one stricter. @default all on */
  readonly guards?: GuardSwitches | undefined
  /** Requests that name a higher temperature are not matched: they want variety. 0-2. @default 1 */
  readonly maxTemperature?: number | undefined
  /** Characters; longer texts are not matched. An integer, 1-20,000. @default 1_000 */
  readonly maxTextLength?: number | undefined
  /**
   * Vectors kept in memory for one scope; an integer, 1-5,000, and at most so many that they hold
   * 3,840,000 numbers: 5,000 of 768, 2,500 of 1,536. @default 5_000
   */
  readonly maxEntries?: number | undefined
  /**
   * Match texts that do not look English, too. The guards know English words only: elsewhere a
   * negation passes unnoticed, unless the embedder or `verify` notices. @default false
   */
  readonly anyLanguage?: boolean | undefined
  /** Has the last word on matches up to `greyBand` below the threshold, never below a request's own. */
  readonly verify?: Verify | undefined
  /** 0-1. @default 0.1 */
  readonly greyBand?: number | undefined
  /** @default equal texts, else shared words; no label where that is unclear */
  readonly judge?: Judge | undefined
}

export interface ResolvedSemanticOptions {
  readonly embedder: Embedder
  readonly threshold: number
  readonly maxErrorRate: number
  readonly strict: boolean
  readonly shadow: boolean
  readonly checkRate: number
  readonly guards: SemanticOptions['guards']
  readonly maxTemperature: number
  readonly maxTextLength: number
  readonly maxEntries: number
  readonly anyLanguage: boolean
  readonly verify: Verify | undefined
  readonly greyBand: number
  readonly judge: Judge | undefined
}

const NAMES = [
  'embedder',
  'threshold',
  'maxErrorRate',
  'strict',
  'shadow',
  'checkRate',
  'guards',
  'maxTemperature',
  'maxTextLength',
  'maxEntries',
  'anyLanguage',
  'verify',
  'greyBand',
  'judge',
] as const satisfies readonly (keyof SemanticOptions)[]

const GUARDS = [
  'number',
  'negation',
  'antonym',
  'quoted',
  'entity',
  'order',
  'tense',
  'connective',
  'content',
] as const satisfies readonly GuardName[]

/** More than any embedding model has; see dot-products.ts. */
const MOST_DIMENSIONS = 16_384
/** One lookup multiplies them all: about a millisecond, of which the event loop waits. */
const MOST_NUMBERS = 3_840_000
const PATH = 'cache.semantic'

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, naming the option */
export function checkSemanticOptions(options: SemanticOptions): void {
  const { embedder, maxErrorRate, guards, verify, judge } = knownKeys(PATH, options, NAMES)
  if (embedder !== undefined) checkEmbedder(embedder)
  for (const name of ['threshold', 'checkRate', 'greyBand'] as const) within(name, options[name], 1)
  within('maxTemperature', options.maxTemperature, 2)
  if (maxErrorRate === 0 || maxErrorRate === 1) {
    throw invalidOption(`${PATH}.maxErrorRate`, 'more than 0 and less than 1', maxErrorRate)
  }
  within('maxErrorRate', maxErrorRate, 1)
  integer('maxTextLength', options.maxTextLength, 20_000)
  integer('maxEntries', options.maxEntries, 5_000)
  for (const name of ['strict', 'shadow', 'anyLanguage'] as const) flag(name, options[name])
  if (guards !== undefined) {
    knownKeys(`${PATH}.guards`, guards, GUARDS)
    for (const name of GUARDS) {
      const value = guards[name]
      if (name !== 'content' || value !== 'strict') flag(`guards.${name}`, value)
    }
  }
  if (verify !== undefined) func(`${PATH}.verify`, verify)
  if (judge !== undefined) func(`${PATH}.judge`, judge)
}

/** Checked options with their defaults. */
export function resolveSemanticOptions(
  options: SemanticOptions,
  defaultEmbedder: () => Embedder,
): ResolvedSemanticOptions {
  checkSemanticOptions(options)
  const embedder = options.embedder ?? defaultEmbedder()
  return {
    embedder,
    threshold: options.threshold ?? embedder.recommendedThreshold,
    maxErrorRate: options.maxErrorRate ?? 0.02,
    strict: options.strict ?? options.maxErrorRate !== undefined,
    shadow: options.shadow ?? false,
    checkRate: options.checkRate ?? 0.05,
    guards: options.guards,
    maxTemperature: options.maxTemperature ?? 1,
    maxTextLength: options.maxTextLength ?? 1_000,
    maxEntries: Math.min(
      options.maxEntries ?? 5_000,
      Math.floor(MOST_NUMBERS / embedder.dimensions),
    ),
    anyLanguage: options.anyLanguage ?? false,
    verify: options.verify,
    greyBand: options.greyBand ?? 0.1,
    judge: options.judge,
  }
}

/** Written for values of any shape: JavaScript callers have no types to stop them. */
function checkEmbedder(embedder: Embedder): void {
  const path = `${PATH}.embedder`
  const { id, dimensions, recommendedThreshold }: { readonly [Name in keyof Embedder]?: unknown } =
    withMethods(path, embedder, ['embed'])
  if (typeof id !== 'string' || id === '' || id.length > 256) {
    throw invalidOption(`${path}.id`, '1-256 characters', id)
  }
  integer('embedder.dimensions', dimensions ?? null, MOST_DIMENSIONS)
  within('embedder.recommendedThreshold', recommendedThreshold ?? null, 1)
}

function within(name: string, value: unknown, most: number): void {
  if (value === undefined) return
  if (typeof value === 'number' && value >= 0 && value <= most) return
  throw invalidOption(`${PATH}.${name}`, `a number from 0 to ${most}`, value)
}

function integer(name: string, value: unknown, most: number): void {
  if (value === undefined) return
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return
  throw invalidOption(`${PATH}.${name}`, `an integer from 1 to ${most}`, value)
}

function flag(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw invalidOption(`${PATH}.${name}`, 'true or false', value)
}
