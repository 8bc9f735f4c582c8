/** What a vendor writes, what a caller asks and the key stay where they are. */
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { InferenceClient, RaptorflowError } from '../../src/index.js'
import { ADAPTERS, KEY, type Adapter } from './support/adapters.js'
import { canaryServer, cannedAnswers } from './support/canary-server.js'
import { isBlind } from './support/expectations.js'
import { PROMPT, expectClean } from './support/leaks.js'

/** The addresses differ in what the SDKs append to them. */
const baseURLOf = ({ vendor }: Adapter, url: string): string =>
  vendor === 'openai' ? `${url}/v1` : url

function observed(adapter: Adapter, url: string): { client: InferenceClient; said: unknown[] } {
  const said: unknown[] = []
  const log = (...words: readonly unknown[]): void => void said.push(words)
  const client = new InferenceClient({
    providers: [adapter.create({ apiKey: KEY, baseURL: baseURLOf(adapter, url) })],
    defaultModel: adapter.model,
    logger: { debug: log, info: log, warn: log, error: log },
    random: () => 0,
  })
  client.on('attempt:failed', log)
  client.on('request:start', log)
  client.on('request:error', log)
  return { client, said }
}

async function failures(client: InferenceClient): Promise<readonly unknown[]> {
  const caught = async (run: () => Promise<unknown>): Promise<unknown> => {
    try {
      await run()
    } catch (error) {
      return error
    }
    throw new Error('expected the call to fail')
  }
  const request = { prompt: PROMPT, system: PROMPT, metadata: { note: PROMPT } }
  return Promise.all([
    caught(() => client.infer(request)),
    caught(async () => {
      // Another prompt: it would share the other's call.
      const other = { ...request, prompt: `${PROMPT} again` }
      for await (const chunk of client.stream(other)) expectClean(chunk)
    }),
  ])
}

const PRINTERS = ['log', 'info', 'warn', 'error', 'debug'] as const

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(ADAPTERS)('$id', (adapter) => {
  it.each(cannedAnswers(adapter.vendor))(
    'that gets %s leaks nothing of it',
    async (_name, answer) => {
      const printed = PRINTERS.map((name) => vi.spyOn(console, name))
      await using server = await canaryServer()
      server.answer = answer
      const { client, said } = observed(adapter, server.url)
      for (const error of await failures(client)) {
        expect(RaptorflowError.isInstance(error)).toBe(true)
        expectClean(error)
      }
      expect(server.paths.length).toBeGreaterThanOrEqual(2)
      expect(said.length).toBeGreaterThan(0)
      expectClean(said)
      expectClean([await client.stats(), await client.analytics(), await client.providers()])
      expectClean(inspect(client, { depth: 9, showHidden: true }))
      expect(printed.flatMap((spy) => spy.mock.calls)).toEqual([])
      await client.close()
    },
  )
})

// @google/generative-ai follows them: it takes no fetch of ours and no option that would forbid it.
describe.each(ADAPTERS.filter((adapter) => !isBlind(adapter)))('$id', (adapter) => {
  it('does not follow a redirect with the prompt and the key', async () => {
    await using elsewhere = await canaryServer()
    await using server = await canaryServer()
    const location = `${elsewhere.url}/elsewhere`
    server.answer = { status: 307, type: 'text/plain', headers: { location }, body: '' }
    const { client } = observed(adapter, server.url)
    for (const error of await failures(client)) expect(RaptorflowError.isInstance(error)).toBe(true)
    expect(elsewhere.paths).toEqual([])
    await client.close()
  })
})
