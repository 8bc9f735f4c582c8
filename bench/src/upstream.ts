/** Starts the fake provider and asks it how often it was called. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MODEL = 'gpt-4o-mini'
/** Answers after `DELAY_MS`. */
export const DELAY_MODEL = 'gpt-4o'
export const DELAY_MS = 50
export const ANSWER_BYTES = 1_024
/** Events with text in one streamed answer. */
export const STREAM_CHUNKS = 1_000

export interface Upstream {
  readonly baseURL: string
  /** Chat completions asked for since the start. */
  calls(): Promise<number>
  stop(): void
}

export async function startUpstream(): Promise<Upstream> {
  const child = fork(fileURLToPath(new URL('upstream-process.ts', import.meta.url)))
  const [port] = (await once(child, 'message')) as [number]
  const baseURL = `http://127.0.0.1:${port}/v1`
  return {
    baseURL,
    calls: async () => Number(await (await fetch(baseURL)).text()),
    stop: () => {
      child.kill()
    },
  }
}
