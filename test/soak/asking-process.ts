/** One process of those that ask the same questions over one Redis; processes.ts starts several. */
import { redis } from '../../src/features/cache/redis-tier.js'
import { openai } from '../../src/features/providers/openai.js'
import { InferenceClient } from '../../src/index.js'

/** What it is started with, on the command line, as JSON. */
export interface ProcessOptions {
  readonly redisUrl: string
  readonly apiKey: string
  readonly baseURL: string
}

/** What it is told to do: ask all of these at once. */
export interface Order {
  readonly prompts: readonly string[]
  /** As without a cache: a plain call. */
  readonly plain?: boolean | undefined
}

/** What came of it; before the first order: that it is connected. */
export interface Report {
  readonly answers: readonly string[]
  readonly failures: readonly string[]
  /** Of the slowest one. */
  readonly ms: number
}

const options = JSON.parse(process.argv[2] ?? '') as ProcessOptions
const client = new InferenceClient({
  providers: [openai({ apiKey: options.apiKey, baseURL: options.baseURL })],
  defaultModel: 'gpt-4o-mini',
  cache: { l2: redis({ url: options.redisUrl }) },
})

const send = (report: Report): void => void process.send?.(report)

async function carryOut({ prompts, plain }: Order): Promise<Report> {
  const started = performance.now()
  const settled = await Promise.allSettled(
    prompts.map((prompt) => client.infer(prompt, { use_cache: plain !== true })),
  )
  return {
    ms: performance.now() - started,
    answers: settled.flatMap((one) => (one.status === 'fulfilled' ? one.value.response : [])),
    failures: settled.flatMap((one) => (one.status === 'rejected' ? String(one.reason) : [])),
  }
}

// The vendor's package is loaded, and Redis reached, before anything is measured.
await carryOut({ prompts: ['Are you there?'], plain: true })
while (!(await client.clearCache('l2')).success) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
process.on('message', (order: Order) => void carryOut(order).then(send))
process.once('disconnect', () => void client.close())
send({ answers: [], failures: [], ms: 0 })
