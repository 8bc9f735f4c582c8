/** The failures a mock provider can be told to have, and the facts each one states. */
import { ProviderError } from '../../errors.js'
import type { ProviderErrorFacts } from '../../errors.js'
import type { Usage } from '../../contracts/provider.js'

export type MockFault =
  /** An HTTP error. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfterMs?: number | undefined
      /** The vendor's error type or code, for instance `insufficient_quota`. */
      readonly type?: string | undefined
    }
  /** `network`: the connection was refused; `connection_reset`: it broke before an answer. */
  | { readonly kind: 'network' | 'connection_reset' }
  /** `bad_response`: 200 with a body of another shape; `empty`: an answer without content. */
  | { readonly kind: 'bad_response' | 'empty' }
  /** The provider refused the content, or the input exceeds the model's context window. */
  | { readonly kind: 'content_filter' | 'context_length' }
  /** Never answers; ends only when the call is aborted. */
  | { readonly kind: 'stall' }
  /** A stream that goes silent after so many chunks; a unary call never answers. */
  | { readonly kind: 'stall_after'; readonly chunks: number }
  /** A stream that ends after so many chunks without its terminal marker. */
  | { readonly kind: 'truncated'; readonly chunks: number }

export type MockMode = 'unary' | 'stream'

function factsOf(
  fault: Exclude<MockFault, { kind: 'stall' | 'stall_after' }>,
  mode: MockMode,
  usage: Usage | undefined,
): ProviderErrorFacts {
  switch (fault.kind) {
    case 'status':
      return { status: fault.status, type: fault.type, retryAfterMs: fault.retryAfterMs }
    case 'network':
      return { reason: 'network', causeCode: 'ECONNREFUSED' }
    case 'connection_reset':
      return { reason: 'connection_reset', causeCode: 'ECONNRESET' }
    case 'context_length':
      return { status: 400, type: 'context_length_exceeded' }
    case 'truncated':
      // Half a JSON document cannot be read at all; half a stream can.
      return { reason: mode === 'stream' ? 'stream_truncated' : 'bad_response' }
    case 'content_filter':
    case 'empty':
      // The model ran, so the vendor bills it.
      return { reason: fault.kind, usage }
    case 'bad_response':
      return { reason: 'bad_response' }
  }
}

/** The error of a fault that fails; undefined for one that stalls. */
export function mockError(
  fault: MockFault,
  mode: MockMode,
  usage: Usage | null,
): ProviderError | undefined {
  if (fault.kind === 'stall' || fault.kind === 'stall_after') return undefined
  return new ProviderError(factsOf(fault, mode, usage ?? undefined))
}

/** Chunks a stream delivers before the fault strikes. */
export function chunksBefore(fault: MockFault | undefined): number {
  if (!fault) return Infinity
  return fault.kind === 'stall_after' || fault.kind === 'truncated' ? fault.chunks : 0
}
