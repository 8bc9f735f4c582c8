/** What a soak script measured against its targets: a line for each, and the exit code. */

/** Longer than a process may take to end once everything is closed. */
const LINGER_MS = 5_000

/** Made first, so that no rejection escapes it; `finish` comes last, after everything was closed. */
export class Verdicts {
  readonly #rejections: unknown[] = []
  #missed = 0

  constructor() {
    process.on('unhandledRejection', (reason) => this.#rejections.push(reason))
  }

  /** NaN, where nothing was measured, is a miss. */
  atMost(what: string, measured: number, limit: number, unit = ''): void {
    this.#say(
      measured <= limit,
      what,
      `${shown(measured)}${unit}`,
      `at most ${shown(limit)}${unit}`,
    )
  }

  atLeast(what: string, measured: number, limit: number): void {
    this.#say(measured >= limit, what, shown(measured), `at least ${shown(limit)}`)
  }

  equal(what: string, measured: number, wanted: number): void {
    this.#say(measured === wanted, what, shown(measured), `exactly ${shown(wanted)}`)
  }

  /** The process has to end by itself now; what keeps it alive is a miss. */
  finish(): void {
    const since = performance.now()
    const late = setTimeout(() => process.exit(), LINGER_MS)
    late.unref()
    process.once('exit', () => {
      this.equal('unhandled rejections', this.#rejections.length, 0)
      for (const reason of this.#rejections.slice(0, 5)) console.log(reason)
      this.atMost('the process ends by itself', performance.now() - since, LINGER_MS - 500, ' ms')
      console.log(this.#missed === 0 ? '\nAll targets met.' : `\nTargets missed: ${this.#missed}.`)
      process.exitCode = this.#missed === 0 ? 0 : 1
    })
  }

  #say(good: boolean, what: string, measured: string, target: string): void {
    if (!good) this.#missed += 1
    console.log(`${good ? 'PASS' : 'MISS'}  ${what}: ${measured} (${target})`)
  }
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(1)
}
