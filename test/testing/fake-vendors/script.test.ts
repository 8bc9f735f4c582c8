import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock, fakeVendors } from '../../../src/testing/index.js'
import {
  anthropicDriver,
  codesOf,
  failureOf,
  googleDriver,
  openaiDriver,
  stateAfter,
} from './sdk-drivers.js'
import type { FakeVendors, FakeVendorsOptions, VendorRule } from '../../../src/testing/index.js'

let vendors: FakeVendors

beforeAll(async () => {
  vendors = await fakeVendors()
})
beforeEach(() => vendors.reset())
afterAll(() => vendors.close())

describe('rules', () => {
  it('are used up in the order they came', async () => {
    const openai = openaiDriver(vendors)
    vendors.script(
      { fault: { kind: 'status', status: 429 }, times: 2 },
      { answer: 'third', times: 1 },
    )
    expect(await failureOf(openai.unary())).toMatchObject({ status: 429 })
    expect(await failureOf(openai.unary())).toMatchObject({ status: 429 })
    expect((await openai.unary()).text).toBe('third')
    expect((await openai.unary()).text).toContain('Reference')
    expect(vendors.hits('openai')).toBe(4)
  })

  it('concern one vendor, one model or the requests they name', async () => {
    const openai = openaiDriver(vendors)
    const google = googleDriver(vendors)
    vendors.script(
      { vendor: 'google', answer: 'for google' },
      { model: 'gpt-4', answer: 'for gpt-4' },
      { model: /^gpt-5/, answer: 'for the fives' },
      { when: ({ prompt }) => prompt === 'ping', answer: 'pong' },
    )
    expect((await google.unary()).text).toBe('for google')
    expect((await openai.unary({ model: 'gpt-4' })).text).toBe('for gpt-4')
    expect((await openai.unary({ model: 'gpt-5-mini' })).text).toBe('for the fives')
    expect((await openai.unary({ prompt: 'ping' })).text).toBe('pong')
    expect((await openai.unary({ model: 'gpt-4o' })).text).toContain('Reference')
  })

  it.each([
    ['an unknown field', { vendr: 'openai' }, 'vendr'],
    ['an unknown fault', { fault: { kind: 'timeout' } }, 'fault.kind'],
  ])('with %s are refused', (_what, rule, field) => {
    expect(() => {
      vendors.script(rule as VendorRule)
    }).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: expect.objectContaining({ field, reason: 'configuration' }) as object,
      }) as Error,
    )
  })

  it('strike with their probability, the same way for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const own = await fakeVendors({ seed })
      try {
        own.script({ probability: 0.3, fault: { kind: 'status', status: 500 } })
        const openai = openaiDriver(own)
        const outcomes: string[] = []
        for (let call = 0; call < 60; call++) {
          outcomes.push(
            await openai.unary().then(
              () => '.',
              () => 'x',
            ),
          )
        }
        return outcomes.join('')
      } finally {
        await own.close()
      }
    }
    const first = await run(7)
    expect(await run(7)).toBe(first)
    expect(await run(8)).not.toBe(first)
    const struck = first.replaceAll('.', '').length
    expect(struck).toBeGreaterThan(8)
    expect(struck).toBeLessThan(30)
  })

  it('may break an answer of their own', async () => {
    vendors.script({
      answer: { chunks: ['a', 'b', 'c'] },
      fault: { kind: 'truncated', afterChunks: 2 },
    })
    expect((await anthropicDriver(vendors).stream()).text).toBe('ab')
  })

  it.each([{ times: 0 }, { times: 1.5 }, { probability: 2 }, { probability: Number.NaN }])(
    'are refused when they make no sense: %j',
    (rule) => {
      expect(() => {
        vendors.script(rule)
      }).toThrow(/Expected the option/)
    },
  )

  it('are forgotten by reset, with the requests', async () => {
    vendors.script({ fault: { kind: 'status', status: 500 } })
    await failureOf(openaiDriver(vendors).unary())
    await vendors.down('openai')
    await vendors.reset()
    expect(vendors.requests).toEqual([])
    expect((await openaiDriver(vendors).unary()).text).not.toBe('')
  })
})

describe('a vendor that is down', () => {
  it('refuses connections while the others answer, and comes back on the same port', async () => {
    const openai = openaiDriver(vendors)
    await openai.unary()
    const { baseURL } = vendors.openai
    await vendors.down('openai')
    expect(codesOf(await failureOf(openai.unary()))).toContain('ECONNREFUSED')
    expect((await anthropicDriver(vendors).unary()).text).not.toBe('')
    expect(vendors.hits('openai')).toBe(1)
    await vendors.up('openai')
    expect(vendors.openai.baseURL).toBe(baseURL)
    expect((await openai.unary()).text).not.toBe('')
  })

  it('breaks the answers that are on their way', async () => {
    vendors.script({ answer: { text: 'one two', betweenChunksMs: 60_000 } })
    let begun = (): void => undefined
    const first = new Promise<void>((resolve) => {
      begun = resolve
    })
    const asked = openaiDriver(vendors).stream({
      onText: () => {
        begun()
      },
    })
    const failure = failureOf(asked)
    await first
    await vendors.down('openai')
    expect(codesOf(await failure)).toContain('UND_ERR_SOCKET')
    expect(vendors.requests[0]?.closedByClient).toBe(false)
  })

  it('closes connections at once when told so', async () => {
    await vendors.down('anthropic', 'closed')
    const error = await failureOf(anthropicDriver(vendors).unary())
    expect(codesOf(error)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/)]),
    )
    expect(vendors.hits('anthropic')).toBe(0)
  })

  it('hangs when told so, until it is up again', async () => {
    await vendors.down('google', 'hang')
    const asked = googleDriver(vendors).unary()
    const failure = failureOf(asked)
    await expect.poll(() => vendors.hits('google')).toBe(1)
    expect(await stateAfter(asked, 60)).toBe('pending')
    await vendors.up('google')
    expect(codesOf(await failure)).toContain('UND_ERR_SOCKET')
    expect((await googleDriver(vendors).unary()).text).not.toBe('')
  })

  it('is closed at the shared address, too, while the others answer there', async () => {
    await vendors.down('openai')
    const body = JSON.stringify({
      model: 'm',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const headers = { authorization: 'Bearer k' }
    const openai = fetch(`${vendors.url}/v1/chat/completions`, { method: 'POST', headers, body })
    await expect(openai).rejects.toThrow('fetch failed')
    const other = await fetch(`${vendors.url}/v1/messages`, { method: 'POST', headers, body })
    expect(other.status).toBe(200)
  })
})

describe('time', () => {
  it('runs on a fake clock when one is given', async () => {
    const clock = new FakeClock()
    const own = await fakeVendors({ clock, latencyMs: 30_000 })
    try {
      const asked = openaiDriver(own).unary()
      await expect.poll(() => clock.pending).toBe(1)
      expect(await stateAfter(asked, 20)).toBe('pending')
      await clock.advance(30_000)
      expect((await asked).text).not.toBe('')
    } finally {
      await own.close()
    }
  })
})

it('an unknown option is refused', async () => {
  await expect(fakeVendors({ latencyMS: 5 } as FakeVendorsOptions)).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    message: expect.stringContaining('Did you mean `latencyMs`?') as string,
    details: { field: 'latencyMS', reason: 'configuration' },
  })
})

describe('the end', () => {
  it('close ends stalled answers, resolves, and frees the ports', async () => {
    const own = await fakeVendors()
    own.script({ fault: { kind: 'stall', at: 'headers' } })
    const failure = failureOf(openaiDriver(own).unary())
    await expect.poll(() => own.hits()).toBe(1)
    await own.close()
    expect(codesOf(await failure)).toContain('UND_ERR_SOCKET')
    expect(codesOf(await failureOf(openaiDriver(own).unary()))).toContain('ECONNREFUSED')
    await own.close()
  })

  it('a process exits although nobody closed the server', async () => {
    const entry = fileURLToPath(new URL('../../../src/testing/index.ts', import.meta.url))
    const program = `
      import { fakeVendors } from ${JSON.stringify(entry)}
      const vendors = await fakeVendors({ latencyMs: 20 })
      vendors.script({ fault: { kind: 'stall', at: 'headers' }, when: (r) => r.prompt === 'hang' })
      const ask = (content) => fetch(vendors.openai.baseURL + '/chat/completions', {
        method: 'POST',
        headers: { authorization: 'Bearer k' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
      })
      const answer = await ask('hello')
      await answer.text()
      console.log(answer.status)
    `
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: fileURLToPath(new URL('../../..', import.meta.url)) },
    )
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output += data.toString()))
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(15_000) })) as [number]
    expect(output.trim()).toBe('200')
    expect(code).toBe(0)
  })
})
