/** What a run with real keys will cost at most, said before the first call. */
import { setTimeout as sleep } from 'node:timers/promises'
import { say, usd } from './print.js'
import { BUDGET_LIMIT, MAX_TOKENS, requestFor, type Tour } from './tour.js'

const SECONDS_TO_STOP = 3

/**
 * Counted input tokens of every different question and the longest answer, at the list price of the
 * dearest model in use: what one successful call for each of them costs at most.
 */
export async function announceCost({ client, upstream, traffic }: Tour): Promise<void> {
  const questions = [...new Set([...traffic.fresh, ...traffic.asked])]
  const { providers } = await client.providers()
  let highest = 0
  for (const question of questions) {
    const costs = upstream.models.map(async (model) => {
      const { input_tokens } = await client.countTokens(requestFor(question, model))
      const pricing = providers.find((entry) => entry.model === model)?.pricing
      const input = pricing?.input_token_price
      const output = pricing?.output_token_price
      // An unknown price is no price of 0; the client, too, refuses to call under a budget then.
      if (input == null || output == null) throw new Error(`No price is known for ${model}`)
      return (input_tokens * input + MAX_TOKENS * output) / 1_000
    })
    highest += Math.max(...(await Promise.all(costs)))
  }
  // One fresh question is asked twice; the equal ones share one call.
  const limit = (traffic.asked.length + traffic.fresh.length + 1) * BUDGET_LIMIT
  say()
  say(
    `Cost: ${questions.length} different questions, one call each: at most ${usd(highest)} ` +
      '(input counted, output at its limit, list price of the dearest model). The client refuses ' +
      `to spend more than ${usd(BUDGET_LIMIT)} on a request (budget_limit): never above ` +
      `${usd(limit)} in all. Fewer or more requests: npm start -- 50`,
  )
  // Somebody watches: time to think again.
  if (process.stdout.isTTY) {
    say(`It begins in ${SECONDS_TO_STOP} seconds. Ctrl+C stops it.`)
    await sleep(SECONDS_TO_STOP * 1_000)
  }
}
