/** The client's events and what each carries: ids and numbers, never prompts or answers. Types only. */
import type { RaptorflowErrorCode } from '../errors.js'
import type { TierState } from './cache-tier.js'
import type { CacheLevel } from './response.js'

export interface ClientEvents {
  'request:start': {
    readonly request_id: string
    readonly workspace_id: string
    readonly mode: 'unary' | 'stream'
  }
  'request:end': {
    readonly request_id: string
    readonly workspace_id: string
    readonly provider: string
    readonly model: string
    readonly cache: CacheLevel | null
    readonly coalesced: boolean
    readonly duration_ms: number
    /** USD; null when unknown. */
    readonly actual_cost: number | null
  }
  'request:error': {
    readonly request_id: string
    readonly code: RaptorflowErrorCode
    readonly reason: string | undefined
    readonly duration_ms: number
  }
  'cache:hit': {
    readonly request_id: string
    readonly level: CacheLevel
    readonly age_seconds: number
  }
  'cache:miss': { readonly request_id: string }
  'flight:join': { readonly request_id: string }
  'attempt:failed': {
    readonly request_id: string
    readonly provider: string
    readonly model: string
    readonly kind: string
    readonly status: number | undefined
    readonly duration_ms: number
  }
  'provider:failover': {
    readonly request_id: string
    readonly from: { readonly provider: string; readonly model: string }
    readonly to: { readonly provider: string; readonly model: string }
    readonly kind: string
  }
  'price:unknown': { readonly provider: string; readonly model: string }
  /** A cache level became ill or well. */
  'tier:state': {
    readonly level: 'l1' | 'l2' | 'l3'
    readonly state: TierState
    /** One word, for instance `timeout`. */
    readonly reason: string
  }
  /** What semantic matching would have served, had it not been in shadow mode. */
  'semantic:shadow': {
    readonly request_id: string
    readonly similarity: number
    readonly threshold: number
  }
  /** A run of automatic warming ended. Costs in USD. */
  'warming:run': {
    readonly planned: number
    readonly warmed: number
    readonly failed: number
    readonly cost: number
    readonly stopped: 'unused' | 'unprofitable' | null
  }
}

export type EventName = keyof ClientEvents

/** Tells listeners; what they throw or reject with is swallowed and logged. */
export interface Events {
  emit<Name extends EventName>(name: Name, payload: ClientEvents[Name]): void
  /** False when building a payload would be wasted. */
  has(name: EventName): boolean
}
