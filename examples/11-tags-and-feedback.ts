/** Answers that are taken back: by tag when their source changes, by feedback when they are bad. */
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const prices = ['19 EUR', '17 EUR', '17 EUR, shipping included']
const provider = mockProvider({ reply: (_, { index }) => prices[index] ?? 'sold out' })
const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })

const ask = () =>
  client.infer({
    prompt: 'What does the red teapot cost?',
    cache: { tags: ['product:red-teapot', 'prices'] },
  })

console.log('asked:      ', (await ask()).response)
console.log('asked again:', (await ask()).response)

// The price changes: whatever was said about it is out of date, in every process and every level.
const { success, levels } = await client.invalidateTags(['product:red-teapot'])
console.log(`invalidated: ${success}`, Object.keys(levels).join(', '))
const answer = await ask()
console.log('asked again:', answer.response)

// A user marks the answer as bad: it is not served again.
const { evicted } = await client.feedback(answer.request_id, 'bad')
console.log(`evicted:     ${evicted}`)
console.log('asked again:', (await ask()).response)

await client.close()
