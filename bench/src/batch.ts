/** A batch of 10,000 different requests: how much memory it needs beyond its results. */
import { answerOf, LOCAL_MODEL, localProvider } from './local-provider.js'
import { shortPrompt } from './prompts.js'
import type { Report } from './report.js'
import { core } from './subject.js'

const ITEMS = 10_000
/** Items between two collections of garbage. */
const SAMPLE_EVERY = 250
const MB = 1e6

async function* noStream(): AsyncGenerator<never> {
  // A batch streams nothing.
}

/** Lives beyond a full collection of garbage, in bytes. */
function liveBytes(): number {
  if (!globalThis.gc) throw new Error('Expected node to run with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

export async function measureBatch(): Promise<Report[]> {
  const { live, left, results, uncollected } = await runBatch()
  const inMB = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`
  return [
    {
      title: `batch of ${ITEMS} different items, 1 KB answers`,
      lines: [],
      findings: [
        {
          metric: 'batch of 10,000: live heap beyond its results',
          measured: (live - results) / MB,
          unit: 'MB',
          target: 50,
        },
      ],
      notes: [
        `its results: ${inMB(results)}; kept by the client afterwards (cache, ledger): ${inMB(left)}`,
        `highest reading with garbage in it, whenever node chose to collect: ${inMB(uncollected)}`,
      ],
    },
  ]
}

interface Memory {
  /** The most that was alive at once since before the batch, results included. */
  readonly live: number
  readonly left: number
  readonly results: number
  readonly uncollected: number
}

async function runBatch(): Promise<Memory> {
  let made = 0
  const provider = localProvider(() => answerOf(uniqueText(made++)), noStream)
  const client = new core.InferenceClient({ providers: [provider], defaultModel: LOCAL_MODEL })
  await client.infer('The first call loads what is loaded lazily')
  const requests = Array.from({ length: ITEMS }, (_, index) => ({ prompt: shortPrompt(index) }))
  const before = liveBytes()
  const { sampled } = { sampled: { live: before } }
  const holder: { answers: unknown } = { answers: undefined }
  holder.answers = await client.batch(
    { requests, max_batch_size: 100 },
    {
      onProgress: ({ completed }) => {
        if (completed % SAMPLE_EVERY !== 0) return
        sampled.live = Math.max(sampled.live, liveBytes())
      },
    },
  )
  const withResults = liveBytes()
  const successful = (holder.answers as { successful_requests: number }).successful_requests
  if (successful !== ITEMS) throw new Error(`Expected ${ITEMS} answers, got ${successful}`)
  holder.answers = undefined
  const withoutResults = liveBytes()
  const uncollected = await highestReading(client)
  await client.close()
  return {
    live: Math.max(sampled.live, withResults) - before,
    left: withoutResults - before,
    results: withResults - withoutResults,
    uncollected,
  }
}

/** The same again with other prompts, without collecting. */
async function highestReading(client: InstanceType<typeof core.InferenceClient>): Promise<number> {
  const requests = Array.from({ length: ITEMS }, (_, index) => ({
    prompt: shortPrompt(ITEMS + index),
  }))
  const before = liveBytes()
  let highest = before
  await client.batch(
    { requests, max_batch_size: 100 },
    {
      onProgress: ({ completed }) => {
        if (completed % SAMPLE_EVERY === 0) {
          highest = Math.max(highest, process.memoryUsage().heapUsed)
        }
      },
    },
  )
  return highest - before
}

/** A string of its own for each answer, as a wire format would give. */
function uniqueText(index: number): string {
  return Buffer.from(`${index} `.padEnd(1_024, 'x')).toString()
}
