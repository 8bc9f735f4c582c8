/** A worker thread that embeds: started when needed, fed in batches, replaced after a crash. */
import { Worker } from 'node:worker_threads'
import { RaptorflowError } from '../../errors.js'

/** Files the thread loads. */
export interface ModelPaths {
  readonly embeddings: string
  readonly model: string
}

interface Job {
  readonly texts: readonly string[]
  readonly resolve: (vectors: readonly Float32Array[]) => void
  readonly reject: (error: RaptorflowError) => void
  /** Stops listening to the caller's signal. */
  readonly release: () => void
}

/** What the thread answers: vectors one after the other, undefined when it could not. */
type Answer = Float32Array | undefined

/** Texts of one round: more would keep the first of them waiting for the last. */
const BATCH = 8
const MOST_CHARACTERS = 2_000

/**
 * A string rather than a file: nothing for a bundler to lose, and the same from sources, ESM and CJS.
 * A text without a token has no shape the model accepts, hence the full stop.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const { initModel } = require(workerData.embeddings)
const { modelSource } = require(workerData.model)
const ready = initModel(modelSource)
parentPort.on('message', async (texts) => {
  let answer
  const model = await ready
  try {
    const rows = await model.embed(texts.map((text) => (text.trim() === '' ? '.' : text)))
    answer = new Float32Array(rows.length * workerData.dimensions)
    rows.forEach((row, index) => {
      const scale = 1 / Math.hypot(...row)
      answer.set(row.map((value) => value * scale), index * workerData.dimensions)
    })
  } catch {}
  parentPort.postMessage(answer)
})
`

export class EmbedderThread {
  readonly #paths: () => ModelPaths
  readonly #dimensions: number
  #worker: Worker | undefined
  #waiting: Job[] = []
  /** What the thread is at work on; jobs that were aborted meanwhile stay until it answers. */
  #running: readonly Job[] = []
  #closed = false

  constructor(paths: () => ModelPaths, dimensions: number) {
    this.#paths = paths
    this.#dimensions = dimensions
  }

  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw failure('closed', 'The local embedder is closed')
      if (signal?.aborted === true) throw aborted(signal)
      if (texts.length === 0) {
        resolve([])
        return
      }
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((held) => held !== job)
        reject(aborted(signal))
        this.#rest()
      }
      const job: Job = {
        texts: texts.map((text) => text.slice(0, MOST_CHARACTERS)),
        resolve,
        reject,
        release: () => signal?.removeEventListener('abort', leave),
      }
      this.#worker ??= this.#start()
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.push(job)
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#fail(failure('closed', 'The local embedder was closed'))
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, {
      eval: true,
      // Not the process's own flags: a TypeScript loader has nothing to do in there.
      execArgv: [],
      workerData: { ...this.#paths(), dimensions: this.#dimensions },
    })
    worker.on('message', (answer: Answer) => {
      if (worker === this.#worker) this.#finish(answer)
    })
    const end = (): void => {
      if (worker === this.#worker) this.#fail(failure('crashed', 'The local embedder crashed'))
    }
    worker.on('error', end)
    worker.on('exit', end)
    return worker
  }

  /** Hands the next batch to the thread, or lets the process end. */
  #next(): void {
    if (this.#running.length > 0) return
    const jobs: Job[] = []
    let count = 0
    for (const job of this.#waiting) {
      if (jobs.length > 0 && count + job.texts.length > BATCH) break
      jobs.push(job)
      count += job.texts.length
    }
    if (jobs.length === 0) return
    this.#waiting = this.#waiting.slice(jobs.length)
    this.#running = jobs
    this.#worker?.ref()
    this.#worker?.postMessage(jobs.flatMap(({ texts }) => texts))
  }

  #finish(answer: Answer): void {
    const jobs = this.#running
    this.#running = []
    let from = 0
    for (const { texts, resolve, reject, release } of jobs) {
      release()
      if (answer === undefined) reject(failure('bad_response', 'The local model failed'))
      else resolve(texts.map((_, index) => this.#vector(answer, from + index)))
      from += texts.length
    }
    this.#next()
    this.#rest()
  }

  /** A copy: a view would keep the vectors of the whole batch alive. */
  #vector(answer: Float32Array, index: number): Float32Array {
    return answer.slice(index * this.#dimensions, (index + 1) * this.#dimensions)
  }

  #fail(error: RaptorflowError): void {
    const jobs = [...this.#running, ...this.#waiting]
    this.#worker = undefined
    this.#running = []
    this.#waiting = []
    for (const { reject, release } of jobs) {
      release()
      reject(error)
    }
  }

  #rest(): void {
    if (this.#running.length === 0) this.#worker?.unref()
  }
}

function failure(reason: string, message: string): RaptorflowError {
  return new RaptorflowError('PROVIDER_UNAVAILABLE', message, {
    details: { reason },
    retryable: reason !== 'closed',
  })
}

function aborted(signal: AbortSignal | undefined): RaptorflowError {
  return new RaptorflowError('ABORTED', 'The embedding was aborted', { cause: signal?.reason })
}
