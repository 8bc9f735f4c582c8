/** One running call with 1,000 readers: CPU time to hand one chunk to one of them. */
import { setImmediate } from 'node:timers/promises'
import { answerOf, LOCAL_MODEL, localProvider } from './local-provider.js'
import { lineOf, middle, type Report } from './report.js'
import type { Settings } from './settings.js'
import { core, type Delta } from './subject.js'

const READERS = 1_000
const CHUNKS = 200
const USAGE = { input: 20, cache_read: 0, cache_write: 0, output: CHUNKS, reasoning: 0 }

interface Burst {
  /** Microseconds of CPU per reader and chunk. */
  readonly cpu: number
  readonly wall: number
}

export async function measureReaders({ quick }: Settings): Promise<Report[]> {
  const bursts: Burst[] = []
  for (let round = -3; round < (quick ? 5 : 15); round += 1) {
    const burst = await oneBurst()
    if (round >= 0) bursts.push(burst)
  }
  const cpu = bursts.map((burst) => burst.cpu)
  const wall = bursts.map((burst) => burst.wall)
  return [
    {
      title: `${CHUNKS} chunks to each of ${READERS} readers of one call, per reader and chunk`,
      lines: [lineOf('raptorflow', wall, cpu)],
      findings: [
        {
          metric: 'a chunk to each of 1,000 readers: CPU',
          ...middle(cpu),
          unit: 'us',
          target: 0.4,
        },
      ],
    },
  ]
}

async function oneBurst(): Promise<Burst> {
  const timer = { cpu: process.cpuUsage(), wall: 0n, burst: { cpu: NaN, wall: NaN } }
  const provider = localProvider(
    () => answerOf(''),
    () => timed(timer),
  )
  const client = new core.InferenceClient({ providers: [provider], defaultModel: LOCAL_MODEL })
  let received = 0
  const read = async (): Promise<void> => {
    for await (const chunk of client.stream({ prompt: 'The same for all' })) {
      if (chunk.type === 'data') received += 1
    }
  }
  await Promise.all(Array.from({ length: READERS }, read))
  await client.close()
  if (received !== READERS * CHUNKS) throw new Error(`Expected every chunk, got ${received}`)
  return timer.burst
}

/** Measures from its first chunk, when all readers wait, to the moment all have read the last one. */
async function* timed(timer: {
  cpu: NodeJS.CpuUsage
  wall: bigint
  burst: Burst
}): AsyncGenerator<Delta> {
  for (let turn = 0; turn < 10; turn += 1) await setImmediate()
  timer.cpu = process.cpuUsage()
  timer.wall = process.hrtime.bigint()
  for (let sent = 0; sent < CHUNKS; sent += 1) {
    yield { type: 'text', text: ' word' }
    await setImmediate()
  }
  const { user, system } = process.cpuUsage(timer.cpu)
  const reads = READERS * CHUNKS
  const wall = Number(process.hrtime.bigint() - timer.wall) / 1_000
  timer.burst = { cpu: (user + system) / reads, wall: wall / reads }
  yield { type: 'finish', finish_reason: 'stop', usage: USAGE }
}
