/** The documented stream chunks and the stream a caller holds. Types only. */
import type { InferenceResponse, ErrorBody } from './response.js'

/** Text that is not part of the answer's text. */
export type ProgressDelta =
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'tool_call'
      /** Position of the call in the answer's `tool_calls`. */
      readonly index: number
      readonly id?: string
      readonly name?: string
      /** The next piece of the arguments' JSON text. */
      readonly arguments?: string
    }

export interface ProgressData {
  readonly current: number
  readonly total: number
  /** 0-100, never falling. */
  readonly percentage: number
  readonly message: string
  /** Additive: a piece of reasoning or of a tool call. */
  readonly delta?: ProgressDelta
}

interface ChunkBase {
  /** `chunk_001`, `chunk_002`, … */
  readonly id: string
  readonly timestamp: string
  /** From 1, without gaps. */
  readonly sequence: number
}

export interface ProgressChunk extends ChunkBase {
  readonly type: 'progress'
  readonly data: ProgressData
}

/** The next piece of the answer's text. */
export interface DataChunk extends ChunkBase {
  readonly type: 'data'
  readonly data: string
}

/** The last chunk of a good stream: the whole response. */
export interface CompleteChunk<T = unknown> extends ChunkBase {
  readonly type: 'complete'
  readonly data: InferenceResponse<T>
}

/** The last chunk of a failed stream; in-process iteration throws after it. */
export interface ErrorChunk extends ChunkBase {
  readonly type: 'error'
  readonly data: ErrorBody
}

export type StreamChunk<T = unknown> = ProgressChunk | DataChunk | CompleteChunk<T> | ErrorChunk

/** Chunks that all readers of one running call share. */
export type SharedChunk = ProgressChunk | DataChunk

/**
 * A running answer. Nothing is sent before the first read. Each iteration starts at the first chunk.
 * Leaving every loop over it (`break`) aborts the call upstream, unless another caller waits for it.
 */
export interface InferenceStream<T = unknown> extends AsyncIterable<StreamChunk<T>> {
  readonly request_id: string
  /** The answer's text only, as it comes. */
  text(): AsyncIterable<string>
  /** The whole response; may be called before, during or after iteration. */
  response(): Promise<InferenceResponse<T>>
  /** The chunks as a Web stream; cancelling it leaves. */
  toReadableStream(): ReadableStream<StreamChunk<T>>
}
