/**
 * Several processes over one Redis ask the same questions at once: one call for each, also when the
 * process that makes it is killed; and a Redis that is frozen holds nobody up for longer than its guard.
 *
 *   npx tsx test/soak/processes.ts           4 processes
 *   npx tsx test/soak/processes.ts --short   3 processes
 *
 * Calls are counted at a local server that speaks OpenAI's format.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { fakeVendors } from '../../src/testing/index.js'
import { startRedis } from '../support/redis-server.js'
import type { Order, ProcessOptions, Report } from './asking-process.js'
import { Verdicts } from './verdicts.js'

const short = process.argv.includes('--short')
const PROCESSES = short ? 3 : 4
const QUESTIONS = 50
/** Long enough for all processes to have asked. */
const CALL_MS = 1_000
/** A lease lasts 10 s; who waits for its end looks at least once a second. */
const LEASE_MS = 10_000
const LOOK_MS = 1_000
/** Redis' guard: 100 ms for the read, 250 ms for the lease; then it is left alone. */
const GUARD_MS = 100 + 250
/** Three processes on two busy cores: what a call may take longer. The full form allows for less. */
const NOISE_MS = short ? 1_000 : 100

const SCRIPT = fileURLToPath(new URL('asking-process.ts', import.meta.url))

class Asking {
  readonly #child: ChildProcess

  constructor(options: ProcessOptions) {
    this.#child = fork(SCRIPT, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] })
  }

  async report(): Promise<Report> {
    const [report] = (await once(this.#child, 'message')) as [Report]
    return report
  }

  ask(order: Order): Promise<Report> {
    this.#child.send(order)
    return this.report()
  }

  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  /** Resolves with its exit code: it has to end by itself. */
  async end(): Promise<unknown> {
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    const [code] = (await exit) as [unknown]
    return code
  }
}

const verdicts = new Verdicts()
const server = await startRedis()
const vendors = await fakeVendors({ latencyMs: CALL_MS })
const options = { redisUrl: server.url, ...vendors.openai }
const processes = Array.from({ length: PROCESSES }, () => new Asking(options))
await Promise.all(processes.map((one) => one.report()))
const prompts = (about: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `What about ${about} ${index}?`)
/** Calls made since the last time. */
let seen = 0
const calls = (): number => {
  const made = vendors.hits() - seen
  seen += made
  return made
}
calls()

const failures = (reports: readonly Report[]): number =>
  reports.flatMap((report) => report.failures).length
const slowest = (reports: readonly Report[]): number => Math.max(...reports.map(({ ms }) => ms))

const together = await Promise.all(
  processes.map((one) => one.ask({ prompts: prompts('everybody', QUESTIONS) })),
)
verdicts.equal(`calls for ${QUESTIONS} questions of ${PROCESSES} processes`, calls(), QUESTIONS)
verdicts.equal('failed', failures(together), 0)
const texts = new Set(together.map(({ answers }) => JSON.stringify(answers)))
verdicts.equal('different answers to a question', texts.size, 1)

const [owner, ...others] = processes as [Asking, ...Asking[]]
void owner.ask({ prompts: ['Who is killed?'] }).catch(() => undefined)
while (vendors.hits() === seen) await new Promise((resolve) => setTimeout(resolve, 10))
const waiting = others.map((one) => one.ask({ prompts: ['Who is killed?'] }))
await new Promise((resolve) => setTimeout(resolve, CALL_MS / 4))
await owner.kill()
const replaced = await Promise.all(waiting)
verdicts.equal('calls for a question whose first caller is killed', calls(), 2)
verdicts.equal('failed', failures(replaced), 0)
verdicts.atMost('answered after', slowest(replaced), LEASE_MS + LOOK_MS + CALL_MS + NOISE_MS, ' ms')

const plain = await Promise.all(
  others.map((one) => one.ask({ prompts: prompts('a plain call', 10), plain: true })),
)
server.stop()
const frozen = await Promise.all(
  others.map((one, index) => one.ask({ prompts: prompts(`a frozen Redis ${index}`, 10) })),
)
const known = await Promise.all(
  others.map((one, index) => one.ask({ prompts: prompts(`a Redis known to be ill ${index}`, 10) })),
)
server.cont()
verdicts.equal('failed', failures([...plain, ...frozen, ...known]), 0)
const over = (reports: readonly Report[]): number => slowest(reports) - slowest(plain)
verdicts.atMost('frozen: over a plain call', over(frozen), GUARD_MS + NOISE_MS, ' ms')
verdicts.atMost('known to be frozen: over a plain call', over(known), 5 + NOISE_MS, ' ms')

const codes = await Promise.all(others.map((one) => one.end()))
verdicts.equal(
  'processes that end by themselves',
  codes.filter((code) => code === 0).length,
  PROCESSES - 1,
)
await vendors.close()
await server.close()
verdicts.finish()
