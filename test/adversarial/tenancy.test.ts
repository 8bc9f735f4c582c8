import { describe, expect, it } from 'vitest'
import type { InferenceResponse, ProviderCall } from '../../src/index.js'
import { ANSWER, USAGE, rawProvider, seeded, worldOf } from './support.js'

/** Ids that look like parts of a key. */
const IDS = [
  undefined,
  'default',
  'a',
  '1:a',
  '1',
  '11',
  ':',
  '~',
  'u1:a',
  'w',
  'default1:a',
] as const

const counting = () => {
  let calls = 0
  return rawProvider('raw', {
    call: () => {
      calls += 1
      return Promise.resolve({ ...ANSWER, text: `answer ${calls}` })
    },
  })
}

describe('tenants', () => {
  it('get an answer of their own, whatever their ids look like', async () => {
    const { client } = worldOf([counting()])
    const owners = new Map<string, string>()
    for (const workspace_id of IDS) {
      for (const user_id of IDS) {
        for (const scope of ['workspace', 'user'] as const) {
          if (scope === 'user' && user_id === undefined) continue
          const { response } = await client.infer('q', { workspace_id, user_id, cache: { scope } })
          const owner = JSON.stringify([
            workspace_id ?? 'default',
            scope,
            scope === 'user' ? user_id : null,
          ])
          expect(owners.get(response) ?? owner).toBe(owner)
          owners.set(response, owner)
        }
      }
    }
    // Omitted and `default` are the same workspace: one less than the ids there are.
    const workspaces = IDS.length - 1
    expect(owners.size).toBe(workspaces + workspaces * (IDS.length - 1))
  })

  it('never join the call of another one', async () => {
    const { client, clock } = worldOf([counting()])
    const asked = ['a', 'b', 'a', 'b'].map((workspace_id) => client.infer('q', { workspace_id }))
    await clock.advance(1)
    const [a, b, a2, b2] = (await Promise.all(asked)).map(({ response }) => response)
    expect([a2, b2]).toEqual([a, b])
    expect(a).not.toBe(b)
  })

  it('get the answer to their own text, however texts and fields are cut', async () => {
    const seen = new Map<string, string>()
    const { client } = worldOf([
      rawProvider('raw', {
        call: ({ system, messages, stop }: ProviderCall) =>
          Promise.resolve({
            ...ANSWER,
            text: JSON.stringify([system ?? null, messages, stop ?? null]),
          }),
      }),
    ])
    const chance = seeded(31)
    const bits = ['a', '1:a', ':', '~', 'p1:a', '2', ';', '']
    const some = (): string => bits[Math.floor(chance() * bits.length)] ?? ''
    for (let round = 0; round < 2_000; round += 1) {
      const content = `${some()}${some()}x`
      const input =
        chance() < 0.5
          ? { prompt: content }
          : {
              messages: [
                { role: 'user' as const, content },
                { role: 'user' as const, content: some() },
              ],
            }
      const stop = chance() < 0.5 ? [`${some()}!`, `${some()}!`] : `${some()}!`
      const request = { ...input, system: some(), stop }
      const { response } = await client.infer(request)
      const asked = JSON.stringify([
        request.system,
        'prompt' in request ? [{ role: 'user', content: request.prompt }] : request.messages,
        [stop].flat(),
      ])
      expect(response).toBe(asked)
      seen.set(asked, response)
    }
    expect(seen.size).toBeGreaterThan(500)
  })
})

/** Overwrites whatever of a value lets itself be overwritten. */
function vandalise(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const held = value as Record<string, unknown>
  for (const key of Object.keys(held)) {
    vandalise(held[key])
    try {
      held[key] = 'vandalised'
    } catch {
      // Frozen.
    }
  }
  try {
    held['added'] = 'vandalised'
    if (Array.isArray(value)) value.push('vandalised')
  } catch {
    // Frozen.
  }
}

describe('an answer that one caller spoils', () => {
  const call = () =>
    Promise.resolve({
      ...ANSWER,
      text: '{"city":{"name":"Paris"}}',
      reasoning: 'because',
      tool_calls: [{ id: 'a', name: 'look_up', arguments: '{"q":1}' }],
      usage: { ...USAGE },
    })
  const request = {
    prompt: 'q',
    response_format: { type: 'json_object' },
    metadata: { trace: { id: 1 } },
  } as const

  /** What every caller of the same answer should see. */
  const essence = (response: InferenceResponse): unknown => {
    const { text, ...rest } = {
      text: response.response,
      parsed: response.parsed,
      reasoning: response.reasoning,
      tool_calls: response.tool_calls,
      usage: response.usage,
      model: response.model_used,
      routing: response.metadata.routing?.candidates.map(({ model }) => model) ?? ['m'],
      strategy: response.metadata.strategy,
    }
    return structuredClone({ text, ...rest })
  }

  it('stays whole for those who shared the call, hit the cache or read its stream', async () => {
    const { client, clock } = worldOf([rawProvider('raw', { call })])
    const together = [client.infer(request), client.infer(request), client.infer(request)]
    const streams = [client.stream(request), client.stream(request)]
    const streamed = streams.map((stream) => stream.response())
    await clock.advance(1)
    const shared = await Promise.all([...together, ...streamed])
    const good = essence(shared[0] as InferenceResponse)
    for (const response of shared) {
      expect(essence(response)).toEqual(good)
      vandalise(response)
    }
    for (let turn = 0; turn < 3; turn += 1) {
      const hit = await client.infer(request)
      expect([hit.cache_hit, essence(hit), hit.attempts]).toEqual([true, good, []])
      vandalise(hit)
      const read = await client.stream(request).response()
      expect(essence(read)).toEqual(good)
      vandalise(read)
    }
  })

  it('stays whole for the other items of its batch, and for later batches', async () => {
    const { client } = worldOf([rawProvider('raw', { call })])
    const requests = Array.from({ length: 4 }, () => request)
    const { responses } = await client.batch({ requests })
    const good = essence(responses[0] as InferenceResponse)
    for (const response of responses) {
      expect(essence(response)).toEqual(good)
      expect([response.cache.stale, response.cache.level]).toEqual([false, null])
      vandalise(response)
    }
    const again = await client.batch({ requests })
    for (const response of again.responses) expect(essence(response)).toEqual(good)
  })

  it('takes no chunk of the others with it', async () => {
    const { client } = worldOf([
      rawProvider('raw', {
        stream: async function* () {
          yield { type: 'reasoning', text: 'because' }
          yield { type: 'tool_call', index: 0, id: 'a', name: 'b', arguments: '{}' }
          yield { type: 'text', text: 'hello' }
          yield { type: 'finish', finish_reason: 'stop', usage: USAGE }
        },
      }),
    ])
    const stream = client.stream('q')
    const read = async () => {
      const chunks: unknown[] = []
      for await (const chunk of stream) {
        if (chunk.type !== 'complete') chunks.push(structuredClone(chunk))
        vandalise(chunk)
      }
      return chunks
    }
    const first = await read()
    expect(first.length).toBeGreaterThan(3)
    expect(await read()).toEqual(first)
  })

  it('leaves the documents alone', async () => {
    const { client } = worldOf([rawProvider('raw', { call })])
    await client.infer(request)
    const documents = async () => [
      await client.stats(),
      await client.providers(),
      await client.analytics(),
    ]
    const before = structuredClone(await documents())
    vandalise(await documents())
    expect(await documents()).toEqual(before)
  })
})
