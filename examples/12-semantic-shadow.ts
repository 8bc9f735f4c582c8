/** Matching by meaning: first in shadow mode, which only reports; then for real. */
import { InferenceClient, type InferenceClientOptions } from '../src/index.js' // published: 'raptorflow'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const questions = [
  'How do I change my PIN?',
  'How can I change my PIN?',
  'How do I change my address?',
  'How can I change my PIN, please?',
  'Can I change my PIN before May 3?',
  'Can I change my PIN after May 3?',
]

type Semantic = NonNullable<InferenceClientOptions['cache']>['semantic']

async function run(semantic: Semantic): Promise<void> {
  const client = new InferenceClient({
    providers: [mockProvider({ reply: (_, { index }) => `answer ${index + 1}` })],
    defaultModel: 'mock-model',
    cache: { semantic },
  })
  client.on('semantic:shadow', ({ similarity, threshold }) => {
    console.log(`  would have matched: ${similarity.toFixed(2)} >= ${threshold.toFixed(2)}`)
  })
  for (const prompt of questions) {
    const { response, cache } = await client.infer(prompt)
    const how =
      cache.level === 'semantic' ? `matched, ${cache.similarity?.toFixed(2) ?? ''}` : 'asked'
    console.log(`${prompt} -> ${response} (${how})`)
  }
  const { semantic: stats } = (await client.stats()).cache_stats
  console.log(`${stats?.lookups ?? 0} looked up, ${stats?.hits ?? 0} served`, stats?.objections)
  await client.close()
}

console.log('In shadow mode:')
await run({ shadow: true })
console.log('\nServing:')
// `checkRate: 0`: no match is answered freshly to learn from it. Leave it out in production.
await run({ checkRate: 0 })
