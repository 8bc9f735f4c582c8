/** What every stop of the tour shares: the client, the way questions are asked, what came back. */
import {
  InferenceClient,
  type RaptorflowError,
  type InferenceRequest,
  type InferenceResponse,
} from '../../src/index.js' // published: 'raptorflow'
import type { Traffic } from './traffic.js'
import type { Upstream } from './upstream.js'

/** Longest answer, in tokens. */
export const MAX_TOKENS = 150

/** USD one request may cost at most, all its attempts together: the client refuses to go beyond. */
export const BUDGET_LIMIT = 0.005

export interface Tour {
  readonly client: InferenceClient
  readonly upstream: Upstream
  readonly traffic: Traffic
  /** Every answer of the run, in the order they came. */
  readonly answers: InferenceResponse[]
  readonly failures: RaptorflowError[]
}

export function startTour(upstream: Upstream, traffic: Traffic): Tour {
  const [defaultModel, ...fallback] = upstream.models
  const client = new InferenceClient({ providers: upstream.providers, defaultModel, fallback })
  return { client, upstream, traffic, answers: [], failures: [] }
}

/** How many answers are waited for at the same time. */
export function concurrencyOf({ live }: Upstream): number {
  return live ? 4 : 20
}

/** @param model @default the client's default model */
export function requestFor(question: string, model?: string): InferenceRequest {
  return {
    prompt: question,
    system: 'You answer the customers of a bank app in at most two short sentences.',
    model_name: model,
    max_tokens: MAX_TOKENS,
    budget_limit: BUDGET_LIMIT,
  }
}

/** Another provider than the default one where there is more than one. */
export function modelAt(upstream: Upstream, index: number): string {
  return upstream.models[index % upstream.models.length]!
}
