/**
 * A server that speaks OpenAI's format: Ollama, vLLM, Groq, DeepSeek, …
 * With Ollama: LOCAL_LLM_URL=http://localhost:11434/v1 LOCAL_LLM_MODEL=llama3.2 npx tsx examples/06-openai-compatible.ts
 */
import { InferenceClient } from '../src/index.js' // published: 'raptorflow'
import { openaiCompatible } from '../src/features/providers/openai-compatible.js' // 'raptorflow/providers/openai-compatible'
import { fakeVendors } from '../src/testing/index.js' // 'raptorflow/testing'

const url = process.env['LOCAL_LLM_URL']
const model = process.env['LOCAL_LLM_MODEL'] ?? 'llama3.2'
const standIn = url === undefined ? await fakeVendors() : undefined

const client = new InferenceClient({
  providers: [
    openaiCompatible({
      name: 'local',
      baseURL: url ?? standIn?.openai.baseURL ?? '',
      // The stand-in insists on a key; most local servers want none.
      apiKey: standIn?.openai.apiKey,
      // What runs at home has no price per token: 0 keeps the sums whole.
      models: [{ id: model, price: { input: 0, output: 0 }, contextWindow: 128_000 }],
    }),
  ],
  defaultModel: model,
})

const answer = await client.infer('My transfer is still pending. What can I do?', {
  max_tokens: 150,
})
console.log(`${answer.provider_used}/${answer.model_used}: ${answer.response}`)
console.log(
  `${answer.input_tokens} + ${answer.output_tokens} tokens, $${answer.actual_cost ?? 'unknown'}`,
)

await client.close()
await standIn?.close()
