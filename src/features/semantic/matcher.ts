/** Matching by meaning: embed, look up, let the guards object, ask for the calibrated similarity. */
import type { SemanticStats } from '../../contracts/semantic-stats.js'
import { hash } from 'node:crypto'
import type { SemanticRecord } from '../../contracts/cache-tier.js'
import type { Clock, Random } from '../../contracts/clock.js'
import type { VectorIndexFactory } from '../../contracts/embedder.js'
import type { Logger } from '../../contracts/logger.js'
import type { ParsedRequest } from '../../contracts/request.js'
import { OneTextEmbedder } from './embed-one.js'
import { flatIndex } from './flat-index.js'
import { createGuards, extractFeatures, readWordLists, type Guards } from './guards/guards.js'
import { hashEmbedder } from './hash-embedder.js'
import { resolveSemanticOptions } from './options.js'
import type { ResolvedSemanticOptions, SemanticOptions } from './options.js'
import { Learner } from './learner.js'
import { refusalOf } from './refusals.js'
import { ScopeLoader, type EntriesInScope } from './scope-loader.js'
import type { Scope } from './scope.js'
import { Scopes } from './scopes.js'
import { SemanticCounters } from './semantic-stats.js'
import { Verifier } from './verifier.js'

/** A question that may be matched. */
export interface SemanticProbe {
  /** The base's scope and the embedder, hashed. */
  readonly scope: string
  readonly text: string
  /** What the request itself asks for; only ever raises the client's. */
  readonly threshold: number
}

/** A stored answer to a question of about the same meaning. */
export interface Near {
  readonly key: string
  readonly scope: string
  /** Cosine of the questions. */
  readonly similarity: number
}

export interface SemanticOutcome {
  /** To be stored with a fresh answer. Undefined while the embedder has not answered. */
  readonly record: SemanticRecord | undefined
  /** What may be served, best first. Empty in shadow mode and for a check. */
  readonly accepted: readonly Near[]
  /** The best neighbour no guard objects to, if it is about as similar as required. */
  readonly nearest: Near | undefined
  /** The similarity that was required, 0-1; 2 when nothing is allowed yet. */
  readonly threshold: number
  /** What would be served were it not for shadow mode or a check. */
  readonly wouldServe: Near | undefined
}

export interface SemanticMatcher {
  readonly shadow: boolean
  /** Undefined when the request may not be matched; the reasons are counted. */
  probe(
    request: ParsedRequest,
    base: { readonly scope: string; readonly text: string } | undefined,
  ): SemanticProbe | undefined
  /** Never rejects: what fails or takes too long is no match. */
  match(probe: SemanticProbe, signal: AbortSignal): Promise<SemanticOutcome>
  /** After a fresh answer was stored under `key`. */
  add(key: string, record: SemanticRecord): void
  forget(keys: readonly string[]): void
  /** Counts a hit and remembers it for feedback. */
  served(request_id: string, near: Near): void
  /**
   * `bad` forgets the entry and closes its scope up to that similarity. Undefined when that request
   * was not answered by meaning, or too long ago.
   */
  feedback(request_id: string, verdict: 'good' | 'bad'): { readonly key: string } | undefined
  /** In the background: whether the nearest neighbour's answer would have been right. */
  learn(outcome: SemanticOutcome, freshAnswer: string): void
  stats(): SemanticStats
  close(): Promise<void>
}

export interface SemanticMatcherDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly entriesInScope: EntriesInScope
  /** The text of a stored answer. */
  readonly answerOf: (key: string) => Promise<string | undefined>
  /** @default flatIndex */
  readonly createIndex?: VectorIndexFactory | undefined
}

/** Neighbours the guards look at: beyond these, better ones were objected to already. */
const NEIGHBOURS = 5
/** Hits that feedback may still come for. */
const MOST_SERVED = 10_000

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a bad option */
export function createSemanticMatcher(
  options: SemanticOptions,
  deps: SemanticMatcherDeps,
): SemanticMatcher {
  const resolved = resolveSemanticOptions(options, hashEmbedder)
  readWordLists()
  return new Matcher(resolved, deps)
}

class Matcher implements SemanticMatcher {
  readonly shadow: boolean
  readonly #options: ResolvedSemanticOptions
  readonly #deps: SemanticMatcherDeps
  readonly #guards: Guards
  readonly #embedder: OneTextEmbedder
  readonly #scopes: Scopes
  readonly #loader: ScopeLoader
  readonly #learner: Learner
  readonly #verifier: Verifier
  readonly #counters = new SemanticCounters()
  readonly #served = new Map<string, Near>()
  readonly #closing = new AbortController()

  constructor(options: ResolvedSemanticOptions, deps: SemanticMatcherDeps) {
    const { embedder, maxEntries, threshold, maxErrorRate, strict } = options
    this.shadow = options.shadow
    this.#options = options
    this.#deps = deps
    this.#guards = createGuards(options.guards)
    this.#embedder = new OneTextEmbedder(embedder, deps)
    this.#scopes = new Scopes({
      embedder: embedder.id,
      dimensions: embedder.dimensions,
      maxEntries,
      calibration: { base: threshold, maxErrorRate, strict },
      createIndex: deps.createIndex ?? flatIndex,
    })
    this.#loader = new ScopeLoader({ ...deps, scopes: this.#scopes, maxEntries })
    this.#learner = new Learner(options.judge, deps, this.#closing.signal)
    this.#verifier = new Verifier(options.verify, deps, this.#counters)
  }

  probe(
    request: ParsedRequest,
    base: { readonly scope: string; readonly text: string } | undefined,
  ): SemanticProbe | undefined {
    const { semantic } = request.cache ?? {}
    if (semantic === false || request.use_cache === false) return undefined
    const refusal = refusalOf(request, base?.text, this.#options)
    if (refusal !== undefined || base === undefined) {
      this.#counters.refuse(refusal ?? 'shape')
      return undefined
    }
    return {
      // Stored vectors of another embedder are in another scope: they are not even read.
      scope: hash('sha256', `${base.scope};${this.#options.embedder.id}`, 'base64url'),
      text: base.text,
      threshold: (typeof semantic === 'object' ? semantic.threshold : undefined) ?? 0,
    }
  }

  async match(probe: SemanticProbe, signal: AbortSignal): Promise<SemanticOutcome> {
    const outcome: Outcome = new Outcome()
    if (signal.aborted || this.#closing.signal.aborted) return outcome
    this.#counters.lookups += 1
    const { embedder } = this.#options
    const scope = this.#scopes.open(probe.scope)
    const loading = this.#loader.ready(scope)
    const embedding = this.#embedder.embed(probe.text, signal, (vector) => {
      outcome.record = { scope: scope.id, embedder: embedder.id, text: probe.text, vector }
    })
    if (embedding) await embedding
    if (loading) await loading
    if (outcome.record === undefined) {
      this.#counters.failures += 1
      return outcome
    }
    return this.#look(probe, scope, outcome, signal)
  }

  add(key: string, record: SemanticRecord): void {
    if (!this.#closing.signal.aborted)
      this.#scopes.add(this.#scopes.open(record.scope), key, record)
  }

  forget(keys: readonly string[]): void {
    this.#scopes.forget(keys)
  }

  served(request_id: string, near: Near): void {
    this.#counters.hits += 1
    this.#served.set(request_id, near)
    if (this.#served.size <= MOST_SERVED) return
    const [oldest] = this.#served.keys()
    if (oldest !== undefined) this.#served.delete(oldest)
  }

  feedback(request_id: string, verdict: 'good' | 'bad'): { readonly key: string } | undefined {
    const near = this.#served.get(request_id)
    if (near === undefined) return undefined
    this.#served.delete(request_id)
    const good = verdict === 'good'
    this.#counters.label(good)
    this.#scopes.open(near.scope).calibration.judge(near.similarity, good)
    if (!good) this.forget([near.key])
    return { key: near.key }
  }

  learn({ nearest }: SemanticOutcome, freshAnswer: string): void {
    if (nearest === undefined) return
    this.#learner.compare(nearest.key, freshAnswer, (right) => {
      this.#counters.label(right)
      // One that was dropped meanwhile has lost its labels; it must not push out another.
      this.#scopes.peek(nearest.scope)?.calibration.learn(nearest.similarity, right)
    })
  }

  stats(): SemanticStats {
    const { size, entries } = this.#scopes
    return this.#counters.report(this.#options.embedder.id, size, entries)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#loader.close()
    this.#scopes.clear()
    this.#served.clear()
    await this.#embedder.close()
  }

  async #look(
    probe: SemanticProbe,
    scope: Scope,
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<SemanticOutcome> {
    const { threshold: base, greyBand, verify } = this.#options
    const required = Math.max(base, scope.calibration.threshold, probe.threshold)
    // Below the base nothing is learned either: nothing is ever served there.
    const lowest = Math.max(probe.threshold, verify ? base - greyBand : base)
    const near = this.#unobjected(probe, scope, outcome, Math.min(base, lowest))
    outcome.threshold = required
    outcome.nearest = near[0]
    let fitting = near.filter(({ similarity }) => similarity >= required)
    const [best] = near
    const grey = Math.max(probe.threshold, required - greyBand)
    if (fitting.length === 0 && verify && best && required <= 1 && best.similarity >= grey) {
      const stored = scope.textOf(best.key)
      const yes = stored !== undefined && (await this.#verifier.allows(probe.text, stored, signal))
      if (yes) fitting = [best]
    }
    this.#accept(fitting, outcome)
    return outcome
  }

  #accept(fitting: readonly Near[], outcome: Outcome): void {
    const [best] = fitting
    if (best === undefined) return
    const { shadow, checkRate } = this.#options
    const check = !shadow && checkRate > 0 && this.#deps.random() < checkRate
    if (check) this.#counters.checks += 1
    if (shadow || check) outcome.wouldServe = best
    else outcome.accepted = fitting
  }

  #unobjected(
    probe: SemanticProbe,
    scope: Scope,
    { record }: Outcome,
    atLeast: number,
  ): readonly Near[] {
    if (record === undefined) return []
    const neighbours = scope.search(record.vector, NEIGHBOURS, atLeast)
    if (neighbours.length === 0) return []
    const asked = extractFeatures(probe.text)
    return neighbours.flatMap(({ key, similarity }) => {
      // The same question is the exact cache's: its entry is past its time, or is being renewed.
      if (scope.textOf(key) === probe.text) return []
      const stored = scope.featuresOf(key)
      const objection = stored && this.#guards.check(asked, stored)
      if (objection !== undefined) this.#counters.object(objection)
      return stored && objection === undefined ? [{ key, scope: scope.id, similarity }] : []
    })
  }
}

/** Filled as the match goes; the vector may come after the match has been given up. */
class Outcome implements SemanticOutcome {
  record: SemanticRecord | undefined = undefined
  accepted: readonly Near[] = []
  nearest: Near | undefined = undefined
  threshold = 2
  wouldServe: Near | undefined = undefined
}
