/** A provider fails, another takes over; then all fail. Real with ANTHROPIC_API_KEY set. */
import { InferenceClient, RaptorflowError } from '../src/index.js' // published: 'raptorflow'
import { anthropic } from '../src/features/providers/anthropic.js' // 'raptorflow/providers/anthropic'
import { openai } from '../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { fakeVendors } from '../src/testing/index.js' // 'raptorflow/testing'

const local = await fakeVendors()
await local.down('openai')

const client = new InferenceClient({
  // OpenAI is always the local server: it has to fail.
  providers: [
    openai(local.openai),
    anthropic(process.env['ANTHROPIC_API_KEY'] ? {} : local.anthropic),
  ],
  defaultModel: 'gpt-5.4-mini',
  fallback: ['anthropic/claude-haiku-4-5'],
})
client.on('provider:failover', ({ from, to, kind }) => {
  console.log(`failover: ${from.provider} (${kind}) -> ${to.provider}`)
})

const answer = await client.infer({ prompt: 'How do I change my PIN?', max_tokens: 150 })
console.log(answer.response)
console.log(`asked for ${answer.metadata.requested_model ?? ''}, got ${answer.model_used}`)
for (const { provider, outcome, kind, status } of answer.attempts) {
  console.log(`  ${provider}: ${outcome}`, kind ?? '', status ?? '')
}

// A caller who wants that model and no other says so, and gets the error instead.
try {
  await client.infer({
    prompt: 'What are your fees?',
    model_name: 'gpt-5.4-mini',
    substitution: 'never',
  })
} catch (error) {
  if (!RaptorflowError.isInstance(error)) throw error
  console.log(`${error.code}, worth another try: ${error.retryable}`)
}

await client.close()
await local.close()
