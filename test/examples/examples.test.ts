import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runExample } from './run-example.js'

const TIMEOUT_MS = 60_000

/** What each example must print at least. */
const KEY_LINES: Readonly<Record<string, readonly RegExp[]>> = {
  '02-stream.ts': [
    /\(Reference [0-9a-f]{8}\)$/m,
    /^complete, from the cache: true$/m,
    /^stopped after ".+"$/m,
  ],
  '03-failover-and-fallback.ts': [
    /^failover: openai \(network\) -> anthropic$/m,
    /^asked for gpt-5\.4-mini, got claude-haiku-4-5$/m,
    /^PROVIDER_UNAVAILABLE, worth another try: true$/m,
  ],
  '04-batch.ts': [
    /^5 of 5 done, 1 failed$/m,
    /^item 3: \S/m,
    /^4 of 5 answered, 1 duplicate, \$0\.0\d+$/m,
  ],
  '05-custom-provider.ts': [
    /^handbook: The first card is free; .* \(\$0\)$/m,
    /^model: Let me find out for you\. \(\$0\.0\d+\)$/m,
  ],
  '06-openai-compatible.ts': [/^local\/llama3\.2: \S/m, /^\d+ \+ \d+ tokens, \$0$/m],
  '07-structured-output.ts': [/^\[card\] URGENT Card stolen, payments seen\.$/m],
  '08-tools.ts': [
    /^exchange_rate\(\{"from":"EUR","to":"USD"\}\) = .*1\.09\}$/m,
    /^One euro is 1\.09 US dollars at the moment\.$/m,
  ],
  '09-unit-test-with-mock.ts': [/pass 3$/m, /fail 0$/m],
  '10-cache-levels.ts': [
    /^From nine to five\. \(asked the model, \$0\.0\d+\)$/m,
    /^restarted\nFrom nine to five\. \(l[23], \$0\)\nFrom nine to five\. \(l1, \$0\)$/m,
    /^the model was called 1 time$/m,
  ],
  '11-tags-and-feedback.ts': [
    /^asked again: 19 EUR\ninvalidated: true l1, l2, l3\nasked again: 17 EUR$/m,
    /^evicted: {5}true\nasked again: 17 EUR, shipping included$/m,
  ],
  '12-semantic-shadow.ts': [
    /^ {2}would have matched: 0\.\d\d >= 0\.\d\d$/m,
    /^How can I change my PIN\? -> answer 1 \(matched, 0\.\d\d\)$/m,
    /^How do I change my address\? -> answer \d \(asked\)$/m,
    /^Can I change my PIN after May 3\? -> answer \d \(asked\)$/m,
  ],
  '13-warming.ts': [
    /^planned: 3 calls, about \$0\.0\d+\ncalled so far: 0$/m,
    /^warmed: 3 for \$0\.0\d+\nagain: fresh, fresh, fresh$/m,
    /^Answer 2\. \(l1\)$/m,
  ],
}

describe('the examples', () => {
  it('are all run here, but for the quickstart, which has its own test', () => {
    const files = readdirSync('examples').filter((name) => name.endsWith('.ts'))
    expect(files.sort()).toEqual([...Object.keys(KEY_LINES), 'quickstart.ts'].sort())
  })

  it.each(Object.entries(KEY_LINES))(
    '%s runs without a key, ends by itself and prints what it shows',
    async (file, lines) => {
      const { code, output, errors } = await runExample(file)
      expect(errors).toBe('')
      expect(code).toBe(0)
      for (const line of lines) expect(output).toMatch(line)
    },
    TIMEOUT_MS,
  )
})
