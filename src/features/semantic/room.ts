/** Matching by meaning, loaded when somebody asks for it: its tables cost nothing until then. */
import type { ParsedRequest } from '../../contracts/request.js'
import type { FeedbackVerdict } from '../../contracts/response.js'
import type { Near, SemanticMatcher, SemanticOutcome } from './matcher.js'
import type { SemanticStats } from '../../contracts/semantic-stats.js'

export interface SemanticRoom {
  /** Whether this request asks for it, or the client does and the request does not refuse. */
  wants(request: ParsedRequest): boolean
  load(): Promise<SemanticMatcher>
  /** After a fresh answer: learns from what was near, and indexes it by the key it is stored under. */
  learn(key: string | undefined, outcome: SemanticOutcome, answer: string): void
  /** Remembers a hit for later feedback. */
  served(request_id: string, near: Near): void
  feedback(request_id: string, verdict: FeedbackVerdict): void
  forget(keys: readonly string[]): void
  /** Undefined as long as nobody asked for it. */
  stats(): SemanticStats | undefined
  close(): Promise<void>
}

/**
 * @param mode `always`: every request asks for it that does not say `semantic: false`. Undefined: none may.
 * @param load called at most once, unless it fails
 */
export function createSemanticRoom(
  mode: { readonly always: boolean } | undefined,
  load: () => Promise<SemanticMatcher>,
): SemanticRoom {
  let loading: Promise<SemanticMatcher> | undefined
  let matcher: SemanticMatcher | undefined
  return {
    wants: ({ cache }) => mode !== undefined && (cache?.semantic ?? mode.always) !== false,
    load: () =>
      (loading ??= load().then(
        (loaded) => {
          matcher = loaded
          return loaded
        },
        (error: unknown) => {
          loading = undefined
          throw error
        },
      )),
    learn: (key, outcome, answer) => {
      if (matcher === undefined) return
      if (key !== undefined && outcome.record) matcher.add(key, outcome.record)
      matcher.learn(outcome, answer)
    },
    served: (request_id, near) => matcher?.served(request_id, near),
    feedback: (request_id, verdict) => void matcher?.feedback(request_id, verdict),
    forget: (keys) => matcher?.forget(keys),
    stats: () => matcher?.stats(),
    close: async () => {
      const loaded = await loading?.catch(() => undefined)
      await loaded?.close()
    },
  }
}
