/** What warming is worth, by simulation: `npx tsx bench/src/warming-simulation.ts [days]`. */
import { createWorld, drive, seeded } from '../../test/jobs/warming/simulated-world.js'

const LEARNED_DAYS = 1
const SEEDS = [7, 8, 9]
const PRICE = 0.01
const LATENCY_MS = 2_000

interface Outcome {
  readonly hitRate: number
  readonly spent: number
  readonly used: number
  readonly warmCalls: number
  readonly extraHits: number
  readonly latencySaved: number
}

async function simulate(
  threshold: number | undefined,
  setting: { readonly rate: number; readonly days: number; readonly seed: number },
): Promise<Outcome> {
  const random = seeded(setting.seed)
  // A stream of its own for jitter: the traffic is the same under every policy.
  const world = createWorld({
    price: PRICE,
    latencyMs: LATENCY_MS,
    random: seeded(setting.seed + 1_000),
    warming: {
      automatic: threshold !== undefined,
      maxCostPerHour: 1_000,
      ...(threshold !== undefined && { threshold }),
    },
  })
  world.deps.random = () => 0
  const before = { asked: 0, hits: 0, spent: 0 }
  await drive(world, {
    hours: (LEARNED_DAYS + setting.days) * 24,
    rate: setting.rate,
    intents: 3_000,
    exponent: 1,
    novel: 0.35,
    swing: 0.6,
    driftHours: 6,
    random,
    after: {
      hours: LEARNED_DAYS * 24,
      call: () => {
        Object.assign(before, world.seen)
        world.warmer.start()
        // It judges itself after a day; the table is to show the days after that, too.
        const again = (): void => {
          world.warmer.start()
          world.clock.schedule(60_000, again)
        }
        if (threshold !== undefined) again()
      },
    },
  })
  const { asked, hits, spent, warmSpent } = world.seen
  const report = world.report()
  world.warmer.stop()
  return {
    hitRate: (hits - before.hits) / (asked - before.asked),
    spent: spent - before.spent + warmSpent,
    used: report.used_before_expiry,
    warmCalls: report.warm_calls,
    extraHits: report.extra_hits,
    latencySaved: report.latency_saved,
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

async function table(rate: number, days: number): Promise<void> {
  console.log(
    `\nrate ${rate}/s, ${days} days after ${LEARNED_DAYS} of learning, mean of seeds ${SEEDS.join(', ')}`,
  )
  console.log(
    row(
      'policy',
      'hit rate',
      'points',
      'extra spend',
      'at half price',
      'used',
      'warm calls',
      'extra hits',
      '$/s to pay',
    ),
  )
  const off = await Promise.all(SEEDS.map((seed) => simulate(undefined, { rate, days, seed })))
  for (const threshold of [undefined, 0.5, 0.75, 0.9]) {
    const outcomes =
      threshold === undefined
        ? off
        : await Promise.all(SEEDS.map((seed) => simulate(threshold, { rate, days, seed })))
    const of = (name: keyof Outcome): number => mean(outcomes.map((outcome) => outcome[name]))
    const base = { hitRate: mean(off.map((o) => o.hitRate)), spent: mean(off.map((o) => o.spent)) }
    const extra = of('spent') - base.spent
    const atHalf = extra - (of('warmCalls') * PRICE) / 2
    console.log(
      row(
        threshold === undefined ? 'off' : `P >= ${threshold}`,
        `${(100 * of('hitRate')).toFixed(1)} %`,
        (100 * (of('hitRate') - base.hitRate)).toFixed(1),
        `${((100 * extra) / base.spent).toFixed(1)} %`,
        `${((100 * atHalf) / base.spent).toFixed(1)} %`,
        threshold === undefined ? '-' : of('used').toFixed(2),
        of('warmCalls').toFixed(0),
        of('extraHits').toFixed(0),
        threshold === undefined ? '-' : (extra / of('latencySaved')).toFixed(5),
      ),
    )
  }
}

function row(first: string, ...cells: readonly string[]): string {
  return `  ${first.padEnd(10)}${cells.map((cell) => cell.padStart(14)).join('')}`
}

const days = Number(process.argv[2] ?? 5)
console.log(
  'Method: the real forecast and warmer over a simulated cache (TTL 1 h +-10 %) and provider\n' +
    `(each call ${PRICE} USD, ${LATENCY_MS} ms); 3,000 intents, Zipf exponent 1, 35 % of requests never repeated,\n` +
    'Poisson arrivals swinging by 60 % over the day, every 6 h a tenth of the intents change places;\n' +
    '10 % of keys held out; no spend cap; kept going when it would have switched itself off.\n' +
    'Extra spend: all calls against those without warming. At half price: were a warming call at batch price.\n' +
    '$/s to pay: what a second of waiting has to be worth for the extra spend to be even.',
)
for (const rate of [0.25, 0.05]) await table(rate, days)
