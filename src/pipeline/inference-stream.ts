/** The stream a caller holds: nothing starts before the first read, every view reads the same call. */
import type { Clock } from '../contracts/clock.js'
import type { InferenceResponse } from '../contracts/response.js'
import type { InferenceStream, StreamChunk } from '../contracts/stream.js'
import { StreamCall, type OpenPassage } from './stream-call.js'
import { StreamReader } from './stream-reader.js'

export type { Passage } from './stream-call.js'

/**
 * A stream over the call that `open` starts, at the first read and only once.
 * When all who read it (loops, `response()` calls, Web streams) left before the end, the passage is
 * left with ABORTED.
 * @param open what it throws ends the stream like any failure of the call
 */
export function createInferenceStream<T>(
  request_id: string,
  open: OpenPassage<T>,
  clock: Clock,
): InferenceStream<T> {
  const call = new StreamCall(request_id, open)
  const read = (): StreamReader<T> => new StreamReader(call, clock)
  let response: Promise<InferenceResponse<T>> | undefined
  return {
    request_id,
    [Symbol.asyncIterator]: read,
    text: () => ({ [Symbol.asyncIterator]: () => textOf(read()) }),
    response: () => {
      if (!response) {
        response = call.response()
        // Whoever iterates, too, learns of the failure there and may look at this promise later.
        response.catch(() => undefined)
      }
      return response
    },
    toReadableStream: () => readableOf(read()),
  }
}

function textOf<T>(reader: StreamReader<T>): AsyncIterator<string, undefined> {
  return {
    next: async () => {
      for (;;) {
        const item = await reader.next()
        if (item.done === true) return item
        if (item.value.type === 'data') return { value: item.value.data, done: false }
      }
    },
    return: async () => {
      await reader.return()
      return { value: undefined, done: true }
    },
  }
}

/** Without a buffer of its own: a chunk is read when it is asked for, the first one included. */
function readableOf<T>(reader: StreamReader<T>): ReadableStream<StreamChunk<T>> {
  let cancelled = false
  return new ReadableStream<StreamChunk<T>>(
    {
      pull: async (controller) => {
        const item = await reader.next()
        if (cancelled) return
        if (item.done === true) controller.close()
        else controller.enqueue(item.value)
      },
      cancel: async () => {
        cancelled = true
        await reader.return()
      },
    },
    { highWaterMark: 0 },
  )
}
