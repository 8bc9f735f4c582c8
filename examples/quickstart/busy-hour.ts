/** Two stops under load: traffic during which a provider dies, and a batch. */
import { RaptorflowError, type InferenceResponse } from '../../src/index.js' // published: 'raptorflow'
import { count, ms, percent, progressOf, say, type Progress } from './print.js'
import { concurrencyOf, requestFor, type Tour } from './tour.js'

/** Callers ask one question after the other; half-way the first provider is taken down. */
export async function trafficWithOutage(tour: Tour, asked: readonly string[]): Promise<void> {
  const progress = progressOf(asked.length)
  const answers: InferenceResponse[] = []
  try {
    const queue = asked.entries()
    await Promise.all(
      Array.from({ length: concurrencyOf(tour.upstream) }, async () => {
        for (const [index, question] of queue) {
          if (index === Math.floor(asked.length / 2)) await outage(tour, progress)
          const answer = await ask(tour, question)
          if (answer) answers.push(answer)
          progress.update(answers.length)
        }
      }),
    )
  } finally {
    progress.end()
    await tour.upstream.bringBack()
  }
  tour.answers.push(...answers)
  reportFailover(tour, answers)
}

async function ask(tour: Tour, question: string): Promise<InferenceResponse | undefined> {
  try {
    return await tour.client.infer(requestFor(question))
  } catch (error) {
    if (!RaptorflowError.isInstance(error)) throw error
    tour.failures.push(error)
    return undefined
  }
}

async function outage({ upstream }: Tour, progress: Progress): Promise<void> {
  const [first, second] = upstream.providers
  if (!first || !second) {
    progress.note('no outage: with one provider there is nobody to take over')
    return
  }
  await upstream.takeDown()
  progress.note(`${first.name} is down`)
}

/** Who took over, from the attempts each answer lists. */
function reportFailover({ failures }: Tour, answers: readonly InferenceResponse[]): void {
  const rescued = answers.filter(({ attempts }) =>
    attempts.some(({ outcome }) => outcome === 'failed'),
  )
  say()
  const [first] = rescued
  if (!first) {
    say('Failover: none was needed.')
    return
  }
  const lost = new Set(
    rescued
      .flatMap(({ attempts }) => attempts.filter(({ outcome }) => outcome === 'failed'))
      .map(({ provider }) => provider),
  )
  const takers = new Set(
    rescued.map(({ model_used, provider_used }) => `${provider_used} (${model_used})`),
  )
  say(
    `Failover: ${[...lost].join(', ')} was down for ${rescued.length} calls, and ` +
      `${[...takers].join(', ')} took over; ${count(failures.length)} of ` +
      `${count(answers.length + failures.length)} requests failed.`,
  )
  const trace = first.attempts.map(
    ({ provider, kind, duration_ms }) =>
      `${provider} ${kind ?? 'answered'} after ${ms(duration_ms)}`,
  )
  say(`The first of them: ${trace.join(', then ')}.`)
}

/** The same kind of traffic handed over as one list. */
export async function batchWithProgress(tour: Tour, asked: readonly string[]): Promise<void> {
  const progress = progressOf(asked.length)
  const before = tour.upstream.calls()
  const batch = await tour.client
    .batch(
      {
        requests: asked.map((question) => requestFor(question)),
        max_batch_size: concurrencyOf(tour.upstream),
      },
      {
        onProgress: ({ completed }) => {
          progress.update(completed)
        },
      },
    )
    .finally(() => {
      progress.end()
    })
  tour.answers.push(...batch.responses)
  tour.failures.push(...batch.errors.map(({ error }) => error))
  say()
  say(
    `${count(batch.successful_requests)} of ${count(batch.total_requests)} answered in ` +
      `${ms(batch.wall_time * 1_000)} with ${count(tour.upstream.calls() - before)} calls; ` +
      `duplicates in the batch: ${count(batch.duplicate_requests)}; ` +
      `from the cache: ${percent(batch.cache_hits, batch.total_requests)}.`,
  )
}
