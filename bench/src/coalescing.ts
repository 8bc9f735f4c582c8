/** 1,000 equal calls at once, nothing cached: how many reach the provider, and how long all take. */
import {
  askBentocache,
  askCacheable,
  askRaptorflow,
  openaiClient,
  raptorflowClient,
  type Ask,
} from './clients.js'
import { lineOf, ratioOf, type Report } from './report.js'
import type { Settings } from './settings.js'
import { shuffled, type Round } from './timing.js'
import { DELAY_MODEL, DELAY_MS, startUpstream, type Upstream } from './upstream.js'

const CALLERS = 1_000

interface Stampede extends Round {
  readonly calls: number
}

export async function measureCoalescing({ quick }: Settings): Promise<Report[]> {
  const upstream = await startUpstream()
  const client = raptorflowClient(upstream.baseURL)
  try {
    const sdk = openaiClient(upstream.baseURL)
    const asks: Readonly<Record<string, Ask>> = {
      raptorflow: askRaptorflow(client, DELAY_MODEL),
      'bentocache.getOrSet + openai': askBentocache(sdk, DELAY_MODEL),
      'cacheable.getOrSet + openai': askCacheable(sdk, DELAY_MODEL),
    }
    const rounds = new Map<string, Stampede[]>(Object.keys(asks).map((name) => [name, []]))
    for (let round = -3; round < (quick ? 5 : 15); round += 1) {
      for (const [name, ask] of shuffled(Object.entries(asks))) {
        const stampede = await stampedeOf(ask, `Round ${round}`, upstream)
        if (round >= 0) rounds.get(name)?.push(stampede)
      }
    }
    return [reportOf(rounds)]
  } finally {
    await client.close()
    upstream.stop()
  }
}

async function stampedeOf(ask: Ask, prompt: string, upstream: Upstream): Promise<Stampede> {
  const callsBefore = await upstream.calls()
  const cpuBefore = process.cpuUsage()
  const before = process.hrtime.bigint()
  await Promise.all(Array.from({ length: CALLERS }, () => ask(prompt)))
  const wall = Number(process.hrtime.bigint() - before) / 1_000
  const { user, system } = process.cpuUsage(cpuBefore)
  const calls = (await upstream.calls()) - callsBefore
  return { p10: wall, median: wall, cpu: user + system, calls }
}

function reportOf(rounds: ReadonlyMap<string, readonly Stampede[]>): Report {
  const most = (name: string): number =>
    Math.max(...(rounds.get(name) ?? []).map(({ calls }) => calls))
  const pair = ['raptorflow', 'bentocache.getOrSet + openai'] as const
  return {
    title: `${CALLERS} equal calls at once, upstream answers after ${DELAY_MS} ms`,
    lines: [...rounds].map(([name, measured]) =>
      lineOf(
        name,
        measured.map(({ median }) => median),
        measured.map(({ cpu }) => cpu),
      ),
    ),
    findings: [
      {
        metric: '1,000 equal calls at once: upstream calls',
        measured: most('raptorflow'),
        unit: 'calls',
        target: 1,
      },
      ratioOf(rounds, pair, 'median', {
        metric: '1,000 equal calls at once: wall / bentocache',
        target: 1.5,
      }),
    ],
    notes: [...rounds.keys()].map((name) => `${name}: at most ${most(name)} upstream calls`),
  }
}
