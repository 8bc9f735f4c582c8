/** Streams an answer: its text, its chunks, and how to stop early. Real with OPENAI_API_KEY set. */
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { openai } from '../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { fakeVendors } from '../src/testing/index.js' // 'raptorflow/testing'

const local = process.env['OPENAI_API_KEY'] ? undefined : await fakeVendors({ chunkDelayMs: 40 })
const client = new InferenceClient({
  providers: [openai(local?.openai)],
  defaultModel: 'gpt-5.4-mini',
})

// The text alone, as it arrives.
const request = { prompt: 'My card was swallowed by an ATM. What now?', max_tokens: 150 }
for await (const text of client.stream(request).text()) process.stdout.write(text)
process.stdout.write('\n\n')

// The chunks: progress, data, then exactly one `complete` (or `error`). This one comes from the cache.
for await (const chunk of client.stream(request)) {
  if (chunk.type === 'progress') console.log(`${chunk.data.percentage} %`, chunk.data.message)
  if (chunk.type === 'data') console.log('data', chunk.data.length, 'characters')
  if (chunk.type === 'complete') console.log('complete, from the cache:', chunk.data.cache_hit)
}

// Leaving the loop ends the call upstream, unless somebody else waits for the same answer.
for await (const text of client.stream('Tell me about exchange rates').text()) {
  console.log(`stopped after ${JSON.stringify(text)}`)
  break
}

await client.close()
await local?.close()
