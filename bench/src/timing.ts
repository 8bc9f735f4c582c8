/** Plain timing loops: wall and CPU time per operation, contenders in random order, several rounds. */

export interface Contender {
  readonly name: string
  /** One operation. @param index counts up, for operations that must differ */
  readonly run: (index: number) => Promise<unknown>
}

export interface Plan {
  readonly rounds: number
  /** Timed stretches of a contender in a round: what the percentiles are taken over. */
  readonly blocks: number
  /** Operations in a stretch, one after the other. */
  readonly operations: number
}

/** Microseconds per operation. */
export interface Round {
  readonly p10: number
  readonly median: number
  /** User and system time of the whole process, garbage collection included. */
  readonly cpu: number
}

export type Rounds = ReadonlyMap<string, readonly Round[]>

/** Rounds thrown away at the start: the engine compiles hot code only after some hundred calls. */
const WARM_UP_ROUNDS = 3

/** Garbage is left to the engine: a forced collection makes it forget compiled code as well. */
export async function measure(contenders: readonly Contender[], plan: Plan): Promise<Rounds> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
  let index = 0
  for (let round = -WARM_UP_ROUNDS; round < plan.rounds; round += 1) {
    for (const { name, run } of shuffled(contenders)) {
      const measured = await measureRound(run, plan, index)
      index += plan.blocks * plan.operations
      if (round >= 0) results.get(name)?.push(measured)
    }
  }
  return results
}

async function measureRound(run: Contender['run'], plan: Plan, first: number): Promise<Round> {
  const { blocks, operations } = plan
  const times: number[] = []
  const cpuBefore = process.cpuUsage()
  for (let block = 0; block < blocks; block += 1) {
    const start = first + block * operations
    const before = process.hrtime.bigint()
    for (let index = start; index < start + operations; index += 1) await run(index)
    times.push(Number(process.hrtime.bigint() - before) / 1_000 / operations)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    p10: quantile(times, 0.1),
    median: quantile(times, 0.5),
    cpu: (user + system) / (blocks * operations),
  }
}

/** @param share 0-1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value)
}
