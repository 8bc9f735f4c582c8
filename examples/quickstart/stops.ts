/** The first three stops: one answer, one stream, many equal questions at once. */
import { ms, say, usd, wordWrapper } from './print.js'
import { modelAt, requestFor, type Tour } from './tour.js'

const EQUAL_CALLS = 50

export async function oneAnswer({ client, traffic, answers }: Tour): Promise<void> {
  const request = requestFor(traffic.fresh[0]!)
  const first = await client.infer(request)
  say(`Q: ${request.prompt ?? ''}`)
  say(`A: ${first.response}`)
  say()
  say(
    `${first.model_used} at ${first.provider_used}: ${first.input_tokens} tokens in, ` +
      `${first.output_tokens} out, ${usd(first.actual_cost)}, ` +
      ms(first.processing_time * 1_000),
  )
  const again = await client.infer(request)
  say(
    `Asked again: answered by ${again.cache_hit ? 'the cache' : 'another call'}, ` +
      `${usd(again.actual_cost)}, ${ms(again.processing_time * 1_000)}`,
  )
  answers.push(first, again)
}

export async function oneStream({ client, upstream, traffic, answers }: Tour): Promise<void> {
  const request = requestFor(traffic.fresh[1]!, modelAt(upstream, 1))
  say(`Q: ${request.prompt ?? ''}`)
  const started = performance.now()
  const stream = client.stream(request)
  const line = wordWrapper()
  line.write('A: ')
  let pieces = 0
  let firstMs = NaN
  for await (const text of stream.text()) {
    if (pieces === 0) firstMs = performance.now() - started
    pieces += 1
    line.write(text)
  }
  line.end()
  const lastMs = performance.now() - started
  const answer = await stream.response()
  say()
  say(
    `${answer.model_used} at ${answer.provider_used}: ${pieces} pieces, ` +
      `the first after ${ms(firstMs)}, the last after ${ms(lastMs)}`,
  )
  answers.push(answer)
}

export async function equalQuestions({ client, upstream, traffic, answers }: Tour): Promise<void> {
  const request = requestFor(traffic.fresh[2]!, modelAt(upstream, 2))
  const before = upstream.calls()
  const equal = await Promise.all(Array.from({ length: EQUAL_CALLS }, () => client.infer(request)))
  say(`Q: ${request.prompt ?? ''}`)
  say()
  say(
    `Asked ${EQUAL_CALLS} times at once: ${upstream.calls() - before} call to ` +
      `${equal[0]?.provider_used ?? ''}, ` +
      `${equal.filter(({ coalesced }) => coalesced).length} callers shared its answer`,
  )
  answers.push(...equal)
}
