/** How shared stream chunks are made: documented ids, frozen objects. */
import type { DataChunk, ProgressChunk, ProgressDelta } from '../../contracts/stream.js'

/** `chunk_001`, `chunk_002`, … `chunk_1000`. @param sequence from 1 */
export function chunkId(sequence: number): string {
  return `chunk_${String(sequence).padStart(3, '0')}`
}

/** One piece of the answer's text, frozen: all readers get this object. */
export function dataChunk(sequence: number, timestamp: string, text: string): DataChunk {
  return Object.freeze({
    id: chunkId(sequence),
    type: 'data' as const,
    data: text,
    timestamp,
    sequence,
  })
}

/** Progress on a scale of 0-100, frozen with everything in it. */
export function progressChunk(
  sequence: number,
  timestamp: string,
  data: { readonly percentage: number; readonly message: string; readonly delta?: ProgressDelta },
): ProgressChunk {
  const { percentage, message, delta } = data
  return Object.freeze({
    id: chunkId(sequence),
    type: 'progress' as const,
    data: Object.freeze({
      current: percentage,
      total: 100,
      percentage,
      message,
      ...(delta && { delta: Object.freeze(delta) }),
    }),
    timestamp,
    sequence,
  })
}
