/** A cached answer read as a stream: the time from the call to `complete`. */
import { shortPrompt } from './prompts.js'
import { answerOf, LOCAL_MODEL, localProvider } from './local-provider.js'
import { linesOf, valueOf, type Report } from './report.js'
import { planFor, type Settings } from './settings.js'
import { core, type InferenceClient } from './subject.js'
import { measure } from './timing.js'

const PROMPTS = 64
const NAME = 'raptorflow'

async function* noStream(): AsyncGenerator<never> {
  // Every answer is in the cache before the first stream.
}

export async function measureReplay(settings: Settings): Promise<Report[]> {
  const provider = localProvider(() => answerOf('x'.repeat(1_024)), noStream)
  const client = new core.InferenceClient({ providers: [provider], defaultModel: LOCAL_MODEL })
  const prompts = Array.from({ length: PROMPTS }, (_, index) => shortPrompt(index))
  for (const prompt of prompts) await client.infer({ prompt })
  const run = (index: number): Promise<void> => readAll(client, prompts[index % PROMPTS] ?? '')
  const plan = planFor(settings, { rounds: 15, blocks: 100, operations: 32 })
  const rounds = await measure([{ name: NAME, run }], plan)
  await client.close()
  const goal = { metric: 'cached stream, call to `complete`: median', target: 50 }
  return [
    {
      title: 'cached answer as a stream, from the call to `complete`',
      lines: linesOf(rounds),
      findings: [valueOf(rounds, NAME, 'median', goal)],
    },
  ]
}

async function readAll(client: InferenceClient, prompt: string): Promise<void> {
  let completed = false
  for await (const chunk of client.stream({ prompt })) completed = chunk.type === 'complete'
  if (!completed) throw new Error('Expected `complete` as the last chunk')
}
