/** Answers before anybody asks: what it would cost, what it did cost, and what it was good for. */
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const provider = mockProvider({ reply: (_, { index }) => `Answer ${index + 1}.` })
const client = new InferenceClient({
  providers: [provider],
  defaultModel: 'mock-model',
  // With this, demand is observed; `automatic: true` would also refresh what is asked for often.
  warming: { maxCostPerHour: 0.05, threshold: 0.75 },
})

const prompts = ['What are your fees?', 'Where is my card?', 'How do I close my account?']

const plan = await client.warm({ prompts, maxCost: 0.01, dryRun: true })
const estimates = plan.items.map(({ estimated_cost }) => estimated_cost ?? 0)
const estimate = estimates.reduce((sum, cost) => sum + cost, 0)
console.log(`planned: ${plan.items.length} calls, about $${estimate.toFixed(6)}`)
console.log(`called so far: ${provider.calls.length}`)

const done = await client.warm({ prompts, maxCost: 0.01 })
console.log(`warmed: ${done.warmed} for $${done.total_cost.toFixed(6)}`)

const again = await client.warm({ prompts })
console.log(`again: ${again.items.map(({ outcome }) => outcome).join(', ')}`)

const { cache, response } = await client.infer('Where is my card?')
console.log(`${response} (${cache.level ?? 'asked the model'})`)
console.log('report:', again.report)

await client.close()
