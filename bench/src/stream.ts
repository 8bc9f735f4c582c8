/** A streamed answer of 1,000 chunks: CPU time per chunk beside the openai SDK's own stream. */
import type OpenAI from 'openai'
import { openaiClient, raptorflowClient } from './clients.js'
import { shortPrompt } from './prompts.js'
import { linesOf, ratioOf, type Report } from './report.js'
import { planFor, type Settings } from './settings.js'
import type { InferenceClient } from './subject.js'
import { measure, type Rounds } from './timing.js'
import { MODEL, startUpstream, STREAM_CHUNKS } from './upstream.js'

export async function measureStreams(settings: Settings): Promise<Report[]> {
  const upstream = await startUpstream()
  const client = raptorflowClient(upstream.baseURL)
  const sdk = openaiClient(upstream.baseURL)
  try {
    const contenders = [
      { name: 'raptorflow', run: (index: number) => readRaptorflow(client, shortPrompt(index)) },
      { name: 'openai', run: (index: number) => readOpenAI(sdk, shortPrompt(index)) },
    ]
    const plan = planFor(settings, { rounds: 24, blocks: 20, operations: 1 })
    const rounds = perChunk(await measure(contenders, plan))
    const pair = ['raptorflow', 'openai'] as const
    const goal = { metric: 'stream of 1,000 chunks: CPU per chunk / openai', target: 1.3 }
    return [
      {
        title: 'stream of 1,000 chunks, per chunk',
        lines: linesOf(rounds),
        findings: [ratioOf(rounds, pair, 'cpu', goal)],
      },
    ]
  } finally {
    await client.close()
    upstream.stop()
  }
}

async function readRaptorflow(client: InferenceClient, prompt: string): Promise<void> {
  let chunks = 0
  for await (const chunk of client.stream({ prompt, model_name: MODEL })) {
    if (chunk.type === 'data') chunks += 1
  }
  assertAll(chunks)
}

async function readOpenAI(sdk: OpenAI, prompt: string): Promise<void> {
  let chunks = 0
  const stream = await sdk.chat.completions.create({
    model: MODEL,
    messages: [{ role: 'user', content: prompt }],
    stream: true,
    stream_options: { include_usage: true },
  })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) chunks += 1
  assertAll(chunks)
}

function assertAll(chunks: number): void {
  if (chunks !== STREAM_CHUNKS) throw new Error(`Expected ${STREAM_CHUNKS} chunks, got ${chunks}`)
}

function perChunk(rounds: Rounds): Rounds {
  const divided = [...rounds].map(([name, measured]) => {
    const shares = measured.map(({ p10, median, cpu }) => ({
      p10: p10 / STREAM_CHUNKS,
      median: median / STREAM_CHUNKS,
      cpu: cpu / STREAM_CHUNKS,
    }))
    return [name, shares] as const
  })
  return new Map(divided)
}
