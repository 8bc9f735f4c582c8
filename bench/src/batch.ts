/** A batch of 10,000 different requests: how much memory it needs beyond its results. */
import { answerOf, LOCAL_MODEL, localProvider } from './local-provider.js'
import { shortPrompt } from './prompts.js'
import type { Report } from './report.js'
import { core, type InferenceClient } from './subject.js'

const ITEMS = 10_000
/** Items between two readings. */
const SAMPLE_EVERY = 250
const MB = 1e6

async function* noStream(): AsyncGenerator<never> {
  // A batch streams nothing.
}

/** What survives a full collection of garbage, in bytes. */
function liveBytes(): number {
  if (!globalThis.gc) throw new Error('Expected node to run with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const usedBytes = (): number => process.memoryUsage().heapUsed
const inMB = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`

export async function measureBatch(): Promise<Report[]> {
  let made = 0
  const provider = localProvider(() => answerOf(uniqueText(made++)), noStream)
  const client = new core.InferenceClient({ providers: [provider], defaultModel: LOCAL_MODEL })
  await client.infer('The first call loads what is loaded lazily')
  const live = await runBatch(client, 0, liveBytes)
  const used = await runBatch(client, ITEMS, usedBytes)
  await client.close()
  return [
    {
      title: `batch of ${ITEMS} different items, 1 KB answers`,
      lines: [],
      findings: [
        {
          metric: 'batch of 10,000: live heap beyond its results',
          measured: (live.highest - live.results) / MB,
          unit: 'MB',
          target: 50,
        },
      ],
      notes: [
        `its results: ${inMB(live.results)}, of which answers still in the cache are not counted`,
        `kept by the client afterwards (5,000 cached answers, ledger): ${inMB(live.left)}`,
        `a second batch, garbage not collected for the reading: up to ${inMB(used.highest)} in all`,
      ],
    },
  ]
}

/** Bytes, each less what was alive before the batch. */
interface Memory {
  /** The largest reading, results included. */
  readonly highest: number
  /** What goes when the results go. */
  readonly results: number
  readonly left: number
}

async function runBatch(
  client: InferenceClient,
  first: number,
  read: () => number,
): Promise<Memory> {
  const requests = Array.from({ length: ITEMS }, (_, index) => ({
    prompt: shortPrompt(first + index),
  }))
  const before = liveBytes()
  const held: { results: unknown; highest: number } = { results: undefined, highest: before }
  await fill(client, requests, held, read)
  const withResults = liveBytes()
  held.results = undefined
  const left = liveBytes()
  return {
    highest: Math.max(held.highest, withResults) - before,
    results: withResults - left,
    left: left - before,
  }
}

/** A frame of its own: a suspended one would keep the results alive. */
async function fill(
  client: InferenceClient,
  requests: readonly { readonly prompt: string }[],
  held: { results: unknown; highest: number },
  read: () => number,
): Promise<void> {
  const onProgress = ({ completed }: { readonly completed: number }): void => {
    if (completed % SAMPLE_EVERY === 0) held.highest = Math.max(held.highest, read())
  }
  const batch = await client.batch({ requests, max_batch_size: 100 }, { onProgress })
  if (batch.successful_requests !== ITEMS) {
    throw new Error(`Expected ${ITEMS} answers, got ${batch.successful_requests}`)
  }
  held.results = batch
}

/** A string of its own for each answer, as a wire format would give. */
function uniqueText(index: number): string {
  return Buffer.from(`${index} `.padEnd(1_024, 'x')).toString()
}
