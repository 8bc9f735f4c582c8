/**
 * `npm start`: what raptorflow does, on real questions, in a few seconds.
 * Without provider keys it needs no network. `npm start -- 500` asks 500 questions.
 */
import { batchWithProgress, trafficWithOutage } from './quickstart/busy-hour.js'
import { announceCost } from './quickstart/cost-notice.js'
import { count, heading, say } from './quickstart/print.js'
import { equalQuestions, oneAnswer, oneStream } from './quickstart/stops.js'
import { printSummary } from './quickstart/summary.js'
import { startTour } from './quickstart/tour.js'
import { SEED, ZIPF_EXPONENT, createTraffic, type Traffic } from './quickstart/traffic.js'
import { LOCAL_LATENCY, connect, type Upstream } from './quickstart/upstream.js'

const REQUESTS = { local: 2_000, live: 20 } as const
/** The rest is the batch. */
const TRAFFIC_SHARE = 0.75

function requestCount(live: boolean): number {
  const given = process.argv[2]
  const requests = given === undefined ? REQUESTS[live ? 'live' : 'local'] : Number(given)
  if (Number.isInteger(requests) && requests >= 4 && requests <= 100_000) return requests
  throw new Error(`Expected a number of requests from 4 to 100,000, got ${String(given)}`)
}

function introduce({ live, models }: Upstream, { asked, available }: Traffic): void {
  heading('raptorflow: a tour')
  if (live) {
    say(`Keys found: this run calls the real ${models.join(', ')}.`)
  } else {
    say(
      'No provider key is set (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY), so three local ' +
        'servers answer instead. They speak the wire formats of OpenAI, Anthropic and Gemini, and ' +
        "the vendors' own SDKs call them; the answers are canned, the delay is " +
        `${LOCAL_LATENCY.least}-${LOCAL_LATENCY.most} ms. Prices are the real models' list prices.`,
    )
  }
  say("A vendor's SDK is loaded at its first call, which takes longer for that reason.")
  say()
  say(
    `Input: ${count(available)} questions of bank customers (banking77, PolyAI, CC BY 4.0), asked ` +
      `${count(asked.length)} times as traffic repeats: Zipf, s = ${ZIPF_EXPONENT}, seed ${SEED}, ` +
      `${count(new Set(asked).size)} different ones.`,
  )
}

async function main(): Promise<void> {
  const upstream = await connect()
  try {
    const traffic = createTraffic(requestCount(upstream.live))
    const tour = startTour(upstream, traffic)
    introduce(upstream, traffic)
    if (upstream.live) await announceCost(tour)
    const split = Math.ceil(traffic.asked.length * TRAFFIC_SHARE)

    heading('1  One answer')
    await oneAnswer(tour)
    heading('2  One stream, as it arrives')
    await oneStream(tour)
    heading('3  Many equal questions at once')
    await equalQuestions(tour)
    heading(`4  Traffic of ${count(split)} requests, with an outage`)
    await trafficWithOutage(tour, traffic.asked.slice(0, split))
    heading(`5  A batch of ${count(traffic.asked.length - split)}`)
    await batchWithProgress(tour, traffic.asked.slice(split))
    heading('The whole run')
    await printSummary(tour)
    await tour.client.close()
  } finally {
    await upstream.close()
  }
}

try {
  await main()
} catch (error) {
  console.error(`\nThe tour ended early: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
