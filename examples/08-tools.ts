/** The model calls a function of ours and answers with its result. Real with OPENAI_API_KEY set. */
import { InferenceClient, type Message, type Tool } from '../src/index.js' // published: 'raptorflow'
import { openai } from '../src/features/providers/openai.js' // 'raptorflow/providers/openai'
import { mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

const tools: readonly Tool[] = [
  {
    name: 'exchange_rate',
    description: 'The rate at which one unit of a currency is exchanged into another now.',
    parameters: {
      type: 'object',
      properties: { from: { type: 'string' }, to: { type: 'string' } },
      required: ['from', 'to'],
    },
  },
]
const rateOf = ({ from, to }: { from: string; to: string }): string =>
  JSON.stringify({ from, to, rate: 1.09 })

const provider = process.env['OPENAI_API_KEY']
  ? openai()
  : mockProvider({
      models: [{ id: 'gpt-5.4-mini' }],
      reply: [
        { tool_calls: [{ name: 'exchange_rate', arguments: { from: 'EUR', to: 'USD' } }] },
        'One euro is 1.09 US dollars at the moment.',
      ],
    })
const client = new InferenceClient({ providers: [provider], defaultModel: 'gpt-5.4-mini' })

const messages: Message[] = [{ role: 'user', content: 'How many dollars do I get for a euro?' }]
for (let turn = 0; turn < 5; turn += 1) {
  const answer = await client.infer({ messages, tools })
  if (answer.tool_calls.length === 0) {
    console.log(answer.response)
    break
  }
  messages.push({ role: 'assistant', content: answer.response, tool_calls: answer.tool_calls })
  for (const { id, name, arguments: json } of answer.tool_calls) {
    const result = rateOf(JSON.parse(json) as { from: string; to: string })
    console.log(`${name}(${json}) = ${result}`)
    messages.push({ role: 'tool', tool_call_id: id, content: result })
  }
}

await client.close()
