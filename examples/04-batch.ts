/** A batch: order kept, duplicates answered once, a bad item reported. Real with OPENAI_API_KEY set. */
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { openai } from '../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { fakeVendors } from '../src/testing/index.js' // 'raptorflow/testing'

const local = process.env['OPENAI_API_KEY'] ? undefined : await fakeVendors()
const client = new InferenceClient({
  providers: [openai(local?.openai)],
  defaultModel: 'gpt-5.4-mini',
})

const prompts = [
  'Why was I charged a fee?',
  'Where is my refund?',
  'Why was I charged a fee?',
  '',
  'Can I top up in cash?',
]
const batch = await client.batch(
  {
    requests: prompts.map((prompt) => ({ prompt, max_tokens: 100 })),
    max_batch_size: 2,
    timeout_seconds: 60,
  },
  {
    onProgress: ({ completed, failed, total }) => {
      console.log(`${completed} of ${total} done, ${failed} failed`)
    },
  },
)

for (const { response, coalesced } of batch.responses) {
  console.log(coalesced ? '(duplicate)' : '-', response)
}
for (const { index, error } of batch.errors) console.log(`item ${index}: ${error.message}`)
console.log(
  `${batch.successful_requests} of ${batch.total_requests} answered,`,
  `${batch.duplicate_requests} duplicate, $${batch.total_actual_cost ?? 'unknown'}`,
)

await client.close()
await local?.close()
