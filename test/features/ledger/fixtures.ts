/** Rows that the ledger tests share. */
import type { AttemptRow, RequestRow } from '../../../src/contracts/ledger.js'

/** 2026-01-01T00:00:00Z, a fake clock's start. */
export const START = Date.UTC(2026, 0, 1)
export const DAY = 86_400_000

/** An answered request that a model was called for: 15 + 8 tokens. */
export const request = (over: Partial<RequestRow> = {}): RequestRow => ({
  request_id: 'req_1',
  workspace_id: 'default',
  user_id: undefined,
  key_id: undefined,
  at: START,
  mode: 'unary',
  outcome: 'answered',
  error: undefined,
  provider: 'openai',
  model: 'gpt-3.5-turbo',
  cache: null,
  semantic_level: undefined,
  cache_lookup: true,
  served_key: undefined,
  coalesced: false,
  input_tokens: 15,
  output_tokens: 8,
  cost_saved: 0,
  duration_ms: 1_234,
  metadata: undefined,
  ...over,
})

/** A good call of 115,000 nano-USD. */
export const attempt = (over: Partial<AttemptRow> = {}): AttemptRow => ({
  attempt_id: 'att_1',
  request_id: 'req_1',
  workspace_id: 'default',
  user_id: undefined,
  key_id: undefined,
  at: START,
  provider: 'openai',
  model: 'gpt-3.5-turbo',
  outcome: 'ok',
  kind: undefined,
  counts_for_health: true,
  usage: { input: 15, cache_read: 0, cache_write: 0, output: 8, reasoning: 0 },
  cost: 115_000,
  cost_estimated: false,
  duration_ms: 1_200,
  first_content_ms: undefined,
  ...over,
})

export const failure = (over: Partial<AttemptRow> = {}): AttemptRow =>
  attempt({ outcome: 'failed', kind: 'server_error', usage: undefined, cost: 0, ...over })
