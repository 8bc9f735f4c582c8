/** The table at the end: this run beside the same requests without raptorflow. */
import { count, ms, percent, say, usd } from './print.js'
import type { Tour } from './tour.js'

/** What the answers would have cost, each called for: their reported tokens at the list prices. */
async function directCost({ client, answers }: Tour): Promise<number> {
  const { providers } = await client.providers()
  const prices = new Map(
    providers.map(({ provider, model, pricing }) => [`${provider}/${model}`, pricing]),
  )
  return answers.reduce((sum, answer) => {
    const price = prices.get(`${answer.provider_used}/${answer.model_used}`)
    const input = answer.input_tokens * (price?.input_token_price ?? NaN)
    const output = answer.output_tokens * (price?.output_token_price ?? NaN)
    return sum + (input + output) / 1_000
  }, 0)
}

/** Nearest rank. @param share 0-1 */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

type Row = readonly [label: string, here: string, direct: string]

export async function printSummary(tour: Tour): Promise<void> {
  const { client, upstream, answers, failures } = tour
  const status = await client.stats()
  const requests = answers.length + failures.length
  const hits = answers.filter(({ cache_hit }) => cache_hit).length
  // A duplicate inside a batch shares its twin's cache hit: counted once, as a hit.
  const coalesced = answers.filter((answer) => answer.coalesced && !answer.cache_hit).length
  const attempts = answers.flatMap((answer) => answer.attempts)
  const survived = attempts.filter(({ outcome }) => outcome !== 'ok').length
  const cost = status.cost_stats.total_cost
  const without = await directCost(tour)
  const waited = answers.map(({ processing_time }) => processing_time * 1_000)
  const called = attempts.filter(({ outcome }) => outcome === 'ok').map((one) => one.duration_ms)

  printTable([
    ['', 'this run', 'direct calls'],
    ['Requests', count(requests), count(requests)],
    ['Upstream calls', count(upstream.calls()), count(requests)],
    ['Answered from the cache', count(hits), '-'],
    ['Hit rate', percent(hits, requests), '-'],
    ['Coalesced with an equal request', count(coalesced), '-'],
    ['Cost', usd(cost), usd(without)],
    ['Cost saved', percent(without - cost, without), '-'],
    ['Latency p50', ms(percentile(waited, 0.5)), ms(percentile(called, 0.5))],
    ['Latency p95', ms(percentile(waited, 0.95)), ms(percentile(called, 0.95))],
    ['Failures survived', count(survived), '-'],
    ['Requests failed', count(failures.length), '-'],
  ])
  say()
  say(
    'How it is counted. This run: answers as the client returned them, upstream calls as they ' +
      `${upstream.live ? 'left for the providers' : 'arrived at the local servers'}, cost from ` +
      'client.stats(). Direct calls: one call for each request; the tokens each answer reported at ' +
      "its model's list price; the latency of the calls that succeeded in this run.",
  )
}

function printTable(rows: readonly Row[]): void {
  for (const [label, here, direct] of rows) {
    console.log(`   ${label.padEnd(34)}${here.padStart(14)}${direct.padStart(16)}`)
  }
}
