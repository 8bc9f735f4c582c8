/** A process that writes to a SQLite cache and prints what it wrote: `tsx sqlite-writer.ts <path> <name> [count]`. */
import { setTimeout as wait } from 'node:timers/promises'
import { createEntry } from '../../src/features/cache/entry.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { answerText } from './sqlite-answer.js'

const [path = '', name = '', count = 'Infinity'] = process.argv.slice(2)
const tier = sqlite({ path })

for (let number = 0; number < Number(count); number += 1) {
  const key = `${name}-${number}`
  await tier.set(
    key,
    createEntry(
      {
        text: answerText(key),
        reasoning: undefined,
        tool_calls: [],
        finish_reason: 'stop',
        usage: { input: 1, cache_read: 0, cache_write: 0, output: 1, reasoning: 0 },
        model_used: 'model',
        provider_used: 'provider',
        requested_model: 'model',
        substitution: 'none',
        substitution_reason: undefined,
        cost: 1,
      },
      { ttl_seconds: 3_600, graceSeconds: 3_600, now: Date.now(), random: () => 0.5 },
    ),
  )
  // A pipe is written to before the call returns, so the line is out when the process is killed.
  process.stdout.write(`${key} ${Date.now()}\n`)
  if (number % 5 === 4) await wait(5)
}
await tier.close?.()
