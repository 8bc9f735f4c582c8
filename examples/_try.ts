import { InferenceClient } from '../src/index.js'
import { openai } from '../src/features/providers/openai.js'
import { anthropic } from '../src/features/providers/anthropic.js'
import { google } from '../src/features/providers/google.js'
import { fakeVendors } from '../src/testing/index.js'
const v = await fakeVendors({latencyMs: 200})
const client = new InferenceClient({ providers: [openai({...v.openai, models:['gpt-5.4-mini']}), anthropic({...v.anthropic, models:['claude-haiku-4-5']}), google({...v.google, models:['gemini-3.5-flash-lite']})], defaultModel:'gpt-5.4-mini', fallback:['claude-haiku-4-5','gemini-3.5-flash-lite']})
client.on('provider:failover', (e)=>{console.log(e)})
const t=Date.now()
for (const m of [undefined,'claude-haiku-4-5','gemini-3.5-flash-lite']) { const r = await client.infer({prompt:'Where is my card?', model_name:m, max_tokens:150, budget_limit:0.005}); console.log(JSON.stringify(r)) }
const p = client.infer({prompt:'Where is my card 2?', max_tokens:150, budget_limit: 0.005})
setTimeout(()=>{void v.down('openai')},80)
console.log((await p).attempts)
for await (const c of client.stream({prompt:'hello my 3'})) console.log(c.type, c.data)
const b = await client.batch({requests:[{prompt:'a'},{prompt:'a'},{prompt:'b'}]})
console.log(b.duplicate_requests, b.cache_hits, b.responses.map(r=>[r.coalesced,r.cost_saved, r.actual_cost]))
console.log(JSON.stringify(await client.stats(),null,1))
console.log(JSON.stringify((await client.providers()).providers[0]))
console.log(await client.countTokens({prompt:'Where is my card?'}))
console.log(v.requests.length, Date.now()-t)
await client.close(); await v.close()
