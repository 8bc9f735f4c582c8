import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const PROGRAM = `
import { InferenceClient } from './src/index.js'
import { mockProvider } from './src/testing/index.js'
const down = { fault: { kind: 'status', status: 503 } }
const client = new InferenceClient({
  providers: [mockProvider({ reply: ['the-secret-answer', down, down] })],
  defaultModel: 'mock-model',
})
await client.infer('the-secret-prompt')
await client.infer('the-secret-prompt')
await client.infer('another-secret-prompt').catch(() => undefined)
await client.close()
`

const run = (debug: string) =>
  spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM], {
    env: { ...process.env, RAPTORFLOW_DEBUG: debug },
    encoding: 'utf8',
  })

describe('RAPTORFLOW_DEBUG', () => {
  it('=1 prints the stages of a request to stderr, never a prompt or an answer', () => {
    const { status, stderr } = run('1')
    const stages = ['not in the cache', 'calling a provider', 'an attempt failed', 'answered']
    for (const stage of stages) expect(stderr).toContain(stage)
    expect(stderr).not.toMatch(/secret/)
    // The wait before the last resort must not let the process end early (13: unsettled await).
    expect(status).toBe(0)
  })

  it('unset prints nothing', () => {
    expect(run('')).toMatchObject({ status: 0, stderr: '', stdout: '' })
  })
})
