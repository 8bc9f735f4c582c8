/** How code that uses the client is tested: a scripted provider and a clock that does not wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferenceClient, RaptorflowError } from '../src/index.js' // published: 'raptorflow'
import { FakeClock, mockProvider } from '../src/testing/index.js' // 'raptorflow/testing'

/** The code under test. */
async function summarise(client: InferenceClient, text: string): Promise<string> {
  try {
    const answer = await client.infer(text, { system: 'Summarise.', timeout_seconds: 10 })
    return answer.response
  } catch (error) {
    if (RaptorflowError.isInstance(error) && error.retryable) return 'Please try again later.'
    throw error
  }
}

void test('a summary is asked for once, with the instruction', async () => {
  const provider = mockProvider({ reply: 'Short.' })
  const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
  assert.equal(await summarise(client, 'A long text.'), 'Short.')
  assert.equal(await summarise(client, 'A long text.'), 'Short.')
  assert.equal(provider.calls.length, 1)
  assert.equal(provider.calls[0]?.system, 'Summarise.')
  await client.close()
})

void test('a provider that cannot be reached is an apology, not a crash', async () => {
  const provider = mockProvider({ reply: { fault: { kind: 'network' } } })
  const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model' })
  assert.equal(await summarise(client, 'A long text.'), 'Please try again later.')
  await client.close()
})

void test('a provider that never answers is given up after ten seconds', async () => {
  const clock = new FakeClock()
  const provider = mockProvider({ reply: { fault: { kind: 'stall' } }, clock })
  const client = new InferenceClient({ providers: [provider], defaultModel: 'mock-model', clock })
  const summary = summarise(client, 'A long text.')
  await clock.advance(10_000)
  assert.equal(await summary, 'Please try again later.')
  await client.close()
})
