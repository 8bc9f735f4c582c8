/** An answer that is in memory already: raptorflow beside two caches wrapped around the openai SDK. */
import {
  askBentocache,
  askCacheable,
  askRaptorflow,
  openaiClient,
  raptorflowClient,
  type Ask,
} from './clients.js'
import { longPrompt, shortPrompt } from './prompts.js'
import { linesOf, ratioOf, type Report } from './report.js'
import { planFor, type Settings } from './settings.js'
import { measure, type Contender, type Plan } from './timing.js'
import { startUpstream } from './upstream.js'

/** Prompts asked in turn, so that no engine can remember the last one only. */
const PROMPTS = 64

interface Case {
  readonly title: string
  readonly prompt: (index: number) => string
  readonly plan: Plan
  readonly target: number
}

const CASES: readonly Case[] = [
  {
    title: 'exact L1 hit, short prompt',
    prompt: shortPrompt,
    plan: { rounds: 15, blocks: 100, operations: 128 },
    target: 0.8,
  },
  {
    title: 'exact L1 hit, 16 KB prompt',
    prompt: longPrompt,
    plan: { rounds: 15, blocks: 50, operations: 64 },
    target: 0.45,
  },
]

export async function measureHits(settings: Settings): Promise<Report[]> {
  const upstream = await startUpstream()
  try {
    const raptorflow = raptorflowClient(upstream.baseURL)
    const sdk = openaiClient(upstream.baseURL)
    const contenders = {
      raptorflow: askRaptorflow(raptorflow),
      'cacheable.getOrSet + openai': askCacheable(sdk),
      'bentocache.getOrSet + openai': askBentocache(sdk),
    }
    const reports: Report[] = []
    for (const item of CASES) reports.push(await measureCase(item, contenders, settings))
    const expected = CASES.length * PROMPTS * Object.keys(contenders).length
    const calls = await upstream.calls()
    if (calls !== expected) throw new Error(`Expected ${expected} upstream calls, got ${calls}`)
    await raptorflow.close()
    return reports
  } finally {
    upstream.stop()
  }
}

async function measureCase(
  { title, prompt, plan, target }: Case,
  asks: Readonly<Record<string, Ask>>,
  settings: Settings,
): Promise<Report> {
  const prompts = Array.from({ length: PROMPTS }, (_, index) => prompt(index))
  for (const ask of Object.values(asks)) for (const text of prompts) await ask(text)
  const contenders = Object.entries(asks).map(([name, ask]): Contender => ({
    name,
    run: (index) => ask(prompts[index % PROMPTS] ?? ''),
  }))
  const rounds = await measure(contenders, planFor(settings, plan))
  const cacheable = ['raptorflow', 'cacheable.getOrSet + openai'] as const
  return {
    title,
    lines: linesOf(rounds),
    findings: [ratioOf(rounds, cacheable, 'p10', { metric: `${title}: p10 / cacheable`, target })],
  }
}
