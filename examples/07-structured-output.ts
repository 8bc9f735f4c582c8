/** An answer as a typed value, by JSON Schema. Real with OPENAI_API_KEY set. */
import { InferenceClient, jsonSchema } from '../src/index.js' // published: 'raptorflow'
import { openai } from '../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { fakeVendors } from '../src/testing/index.js' // 'raptorflow/testing'

interface Ticket {
  readonly topic: 'card' | 'transfer' | 'fees' | 'other'
  readonly urgent: boolean
  readonly summary: string
}

const ticket = jsonSchema<Ticket>({
  type: 'object',
  properties: {
    topic: { type: 'string', enum: ['card', 'transfer', 'fees', 'other'] },
    urgent: { type: 'boolean' },
    summary: { type: 'string' },
  },
  required: ['topic', 'urgent', 'summary'],
  additionalProperties: false,
})

const canned: Ticket = { topic: 'card', urgent: true, summary: 'Card stolen, payments seen.' }
const local = process.env['OPENAI_API_KEY']
  ? undefined
  : await fakeVendors({ answer: JSON.stringify(canned) })
const client = new InferenceClient({
  providers: [openai(local?.openai)],
  defaultModel: 'gpt-5.4-mini',
})

const { parsed } = await client.infer({
  system: 'Turn the message into a support ticket.',
  prompt: 'Somebody stole my card and is paying with it right now!',
  response_format: { type: 'json_schema', name: 'ticket', schema: ticket },
})
// `parsed` is a Ticket.
if (parsed) console.log(`[${parsed.topic}]${parsed.urgent ? ' URGENT' : ''} ${parsed.summary}`)

await client.close()
await local?.close()
