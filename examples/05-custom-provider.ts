/** Any function as a provider: here a look-up table that needs no model, in front of one. */
import { InferenceClient, ProviderError, defineProvider } from '../src/index.js' // published: 'raptorflow'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const FACTS: Readonly<Record<string, string>> = {
  'opening hours': 'Our support answers from 8 to 20 h, seven days a week.',
  'card fee': 'The first card is free; a replacement costs 5 euros.',
}

const handbook = defineProvider({
  name: 'handbook',
  // A price of 0 is a price; without one, costs would be reported as null.
  models: [{ id: 'faq', price: { input: 0, output: 0 }, qualityScore: 0.99 }],
  call: ({ messages }) => {
    const question = JSON.stringify(messages.at(-1)?.content).toLowerCase()
    const topic = Object.keys(FACTS).find((name) => question.includes(name))
    // Facts, not words: the client decides that somebody else should try.
    if (topic === undefined) throw new ProviderError({ status: 503 })
    return { text: FACTS[topic]!, usage: { input: 0, output: 0 } }
  },
})

const client = new InferenceClient({
  // Stands for a real model, for instance openai({ apiKey }).
  providers: [handbook, mockProvider({ name: 'model', reply: 'Let me find out for you.' })],
  defaultModel: 'handbook/faq',
  fallback: ['model/mock-model'],
})

for (const prompt of ['What is the card fee?', 'Why is the sky blue?']) {
  const answer = await client.infer(prompt)
  console.log(`${answer.provider_used}: ${answer.response} ($${answer.actual_cost ?? 'unknown'})`)
}

await client.close()
