/** What the forecast adds to a request: `npx tsx bench/src/warming-observe.ts`. */
import { parseRequest } from '../../src/features/request/parse.js'
import { createDemandForecast } from '../../src/jobs/warming/demand-forecast.js'
import { createWarmer } from '../../src/jobs/warming/warmer.js'
import { resolveWarmingOptions } from '../../src/jobs/warming/warming-options.js'
import { systemClock } from '../../src/util/clock.js'
import { createWorld } from '../../test/jobs/warming/simulated-world.js'
import { shortPrompt } from './prompts.js'

const OBSERVATIONS = 200_000
const ROUNDS = 15

/** Microseconds an observation takes: the median over the rounds. */
function measure(distinct: number): number {
  const clock = systemClock
  const forecast = createDemandForecast({ clock })
  // A trial listens, as in a client.
  createWarmer(resolveWarmingOptions(), { ...createWorld().deps, clock, forecast })
  const requests = Array.from({ length: distinct }, (_, index) => {
    const key = `${String(index).padStart(6, '0')}${'k'.repeat(37)}`
    return { key, request: parseRequest({ prompt: shortPrompt(index) }) }
  })
  const readings: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = clock.now()
    const begun = performance.now()
    for (let index = 0; index < OBSERVATIONS; index += 1) {
      const { key, request } = requests[index % distinct]!
      forecast.observe({ key, request, at, hit: true })
    }
    readings.push(((performance.now() - begun) * 1_000) / OBSERVATIONS)
  }
  return readings.sort((a, b) => a - b)[ROUNDS >> 1]!
}

console.log(
  `observe(), ${ROUNDS} rounds of ${OBSERVATIONS} each, 1,000 keys tracked, median in microseconds`,
)
for (const [name, distinct] of [
  ['64 keys in turn, all tracked', 64],
  ['1,000 keys in turn, all tracked', 1_000],
  ['50,000 keys in turn, each displaces one', 50_000],
] as const) {
  console.log(`  ${name.padEnd(42)}${measure(distinct).toFixed(3)}`)
}
