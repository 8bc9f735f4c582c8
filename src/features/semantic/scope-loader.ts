/** Brings stored vectors into memory: all of a scope at its first question, later those of other processes. */
import type { KeyedEntry } from '../../contracts/cache-tier.js'
import type { Clock } from '../../contracts/clock.js'
import type { Logger } from '../../contracts/logger.js'
import { errorKind } from '../../util/error-kind.js'
import { within } from '../../util/within.js'
import type { Scope } from './scope.js'
import type { Scopes } from './scopes.js'

/** A first question waits so long for what is stored; the rest comes in the background. */
const FIRST_LOAD_MS = 100
/** How long another process's answer may stay unknown here. */
const REFRESH_MS = 1_000
/** Entries are written a little after they are made, by clocks that differ a little. */
const OVERLAP_MS = 5_000
/** Copying some hundred vectors takes a fraction of a millisecond; others get their turn in between. */
const SLICE = 256

/**
 * Stored entries of a scope created after `since` (epoch milliseconds), newest first; not `complete`
 * while a level that may hold more of them could not be asked.
 */
export type EntriesInScope = (
  scope: string,
  since: number,
  limit: number,
) => Promise<{ readonly entries: readonly KeyedEntry[]; readonly complete: boolean }>

export interface ScopeLoaderDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly scopes: Scopes
  readonly maxEntries: number
  readonly entriesInScope: EntriesInScope
}

export class ScopeLoader {
  readonly #deps: ScopeLoaderDeps
  #closed = false

  constructor(deps: ScopeLoaderDeps) {
    this.#deps = deps
  }

  /** A promise only where waiting makes sense: until a scope was loaded once, whole. Never rejects. */
  ready(scope: Scope): Promise<void> | undefined {
    const { clock } = this.#deps
    const { loadedAt = -Infinity } = scope
    const due = clock.monotonic() - loadedAt >= REFRESH_MS
    if (due && !this.#closed) scope.loading ??= this.#load(scope)
    const first = scope.loadedUpTo === 0
    return first && scope.loading ? within(clock, FIRST_LOAD_MS, scope.loading) : undefined
  }

  close(): void {
    this.#closed = true
  }

  async #load(scope: Scope): Promise<void> {
    const { clock, logger, maxEntries, entriesInScope } = this.#deps
    const startedAt = clock.now()
    try {
      const { entries, complete } = await entriesInScope(scope.id, scope.loadedUpTo, maxEntries)
      await this.#addAll(scope, entries)
      // What a level that was away holds may be older than all that was found elsewhere.
      if (complete) scope.loadedUpTo = startedAt - OVERLAP_MS
    } catch (error) {
      logger.warn({ kind: errorKind(error) }, 'stored vectors could not be loaded')
    } finally {
      scope.loadedAt = clock.monotonic()
      scope.loading = undefined
    }
  }

  /** Newest last, so that they are the ones that stay. */
  async #addAll(scope: Scope, stored: readonly KeyedEntry[]): Promise<void> {
    const { scopes } = this.#deps
    const unknown = stored.filter(({ key }) => !scope.has(key)).toReversed()
    for (const [index, { key, entry }] of unknown.entries()) {
      if (index % SLICE === SLICE - 1) await new Promise<void>((resolve) => setImmediate(resolve))
      if (this.#closed) return
      if (entry.semantic) scopes.add(scope, key, entry.semantic)
    }
  }
}
