/** Everything that can be made to go wrong between a client and a vendor. Types only. */
import type { VendorErrorStatus } from './errors.js'
import type { FilterForm, Vendor, VendorAnswer, VendorRequest } from './types.js'

/** How an error says when to come back. */
export type RetryAfter =
  /** `Retry-After: 2` */
  | { readonly as: 'seconds'; readonly ms: number }
  /** `Retry-After: Thu, 01 Jan 2026 00:00:02 GMT` */
  | { readonly as: 'http_date'; readonly ms: number }
  /** `retry-after-ms: 2000` */
  | { readonly as: 'milliseconds'; readonly ms: number }
  /**
   * The vendor's own way: OpenAI `x-ratelimit-reset-requests: 2s`, Anthropic
   * `anthropic-ratelimit-requests-reset: <RFC 3339>`, Google `RetryInfo` in the body.
   */
  | { readonly as: 'rate_limit_reset'; readonly ms: number }
  /** `Retry-After: soon`, `-5` and `99999999999`. */
  | { readonly as: 'garbage' | 'negative' | 'huge' }

/**
 * One fault. `afterChunks` counts pieces of the answer that are still delivered; of a unary answer,
 * which comes in one piece, the first half is.
 */
export type VendorFault =
  /** An HTTP error with the vendor's own body (502, and OpenAI's 504, are HTML as from their edge). */
  | {
      readonly kind: 'status'
      readonly status: VendorErrorStatus
      readonly retryAfter?: RetryAfter | undefined
    }
  /**
   * Used up, as opposed to too fast: OpenAI 429 `insufficient_quota`, Anthropic 400 "usage limits",
   * Google 429 RESOURCE_EXHAUSTED per day.
   */
  | { readonly kind: 'quota' }
  /**
   * The money limit: OpenAI 400 `billing_hard_limit_reached`, Anthropic 429
   * `enforced_spend_limit_reached`, Google 429 spending cap.
   */
  | { readonly kind: 'spend_limit' }
  /** The input is longer than the model's context window: 400. */
  | { readonly kind: 'context_length' }
  /** Status 200 with such a body instead of an answer. */
  | { readonly kind: 'body'; readonly body: 'html' | '{}' | 'null' | '' }
  /** A well-formed answer without any content. */
  | { readonly kind: 'empty' }
  /** Refused content. @default finish: `content_filter`, `refusal`, `SAFETY` */
  | { readonly kind: 'content_filter'; readonly form?: FilterForm | undefined }
  /** The connection is reset before any answer (RST, ECONNRESET). */
  | { readonly kind: 'reset' }
  /** The connection is closed in good order before any answer (FIN). */
  | { readonly kind: 'closed' }
  /** Silence: before the headers, or in the body. `afterChunks` 1 by default. */
  | {
      readonly kind: 'stall'
      readonly at: 'headers' | 'body'
      readonly afterChunks?: number | undefined
    }
  /** Nothing at all for `ms`, then the answer. */
  | { readonly kind: 'slow_first_byte'; readonly ms: number }
  /** The socket breaks in the middle of the body. */
  | { readonly kind: 'cut'; readonly afterChunks?: number | undefined }
  /** The body ends in good order, but without the vendor's terminal marker. */
  | { readonly kind: 'truncated'; readonly afterChunks?: number | undefined }
  /**
   * `json`: an event whose data is not JSON (a unary body that is none).
   * `line`: a piece of the answer in a line without `data:`, which readers skip.
   */
  | {
      readonly kind: 'malformed'
      readonly what: 'json' | 'line'
      readonly afterChunks?: number | undefined
    }
  /** Keep-alives for ever and no content: comments, Anthropic's pings, blanks in a unary body. */
  | { readonly kind: 'keep_alive'; readonly everyMs?: number | undefined }
  /** An error event in the stream after the 200; a unary call gets it as an HTTP error. */
  | { readonly kind: 'stream_error'; readonly afterChunks?: number | undefined }

/** Which requests, how often, and what they get. The first rule that fits and is not used up wins. */
export interface VendorRule {
  /** @default every vendor */
  readonly vendor?: Vendor | undefined
  /** @default every model */
  readonly model?: string | RegExp | undefined
  /** @default every request */
  readonly when?: ((request: VendorRequest) => boolean) | undefined
  /** Requests it serves before it is used up, an integer >= 1. @default Infinity */
  readonly times?: number | undefined
  /** 0-1, drawn from the seed. @default 1 */
  readonly probability?: number | undefined
  readonly fault?: VendorFault | undefined
  /** @default the server's `answer` */
  readonly answer?: VendorAnswer | undefined
}

/**
 * `refused`: nobody listens (ECONNREFUSED); `closed`: connections are closed as soon as they open;
 * `hang`: requests are read and never answered.
 */
export type DownMode = 'refused' | 'closed' | 'hang'
