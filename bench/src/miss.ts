/** A call that no cache can answer: what raptorflow adds to the openai SDK it calls. */
import { askOpenAI, askRaptorflow, openaiClient, raptorflowClient } from './clients.js'
import { shortPrompt } from './prompts.js'
import { linesOf, ratioOf, type Report } from './report.js'
import { planFor, type Settings } from './settings.js'
import { measure } from './timing.js'
import { startUpstream } from './upstream.js'

export async function measureMisses(settings: Settings): Promise<Report[]> {
  const upstream = await startUpstream()
  const client = raptorflowClient(upstream.baseURL)
  try {
    const raptorflow = askRaptorflow(client)
    const sdk = askOpenAI(openaiClient(upstream.baseURL))
    const contenders = [
      { name: 'raptorflow', run: (index: number) => raptorflow(shortPrompt(index)) },
      { name: 'openai', run: (index: number) => sdk(shortPrompt(index)) },
    ]
    const plan = planFor(settings, { rounds: 30, blocks: 200, operations: 1 })
    const rounds = await measure(contenders, plan)
    const pair = ['raptorflow', 'openai'] as const
    return [
      {
        title: 'uncached call, upstream answers at once, one after the other',
        lines: linesOf(rounds),
        findings: [
          ratioOf(rounds, pair, 'p10', { metric: 'uncached call: p10 / openai', target: 1.1 }),
          ratioOf(rounds, pair, 'cpu', { metric: 'uncached call: CPU / openai', target: 1.15 }),
        ],
      },
    ]
  } finally {
    await client.close()
    upstream.stop()
  }
}
