/** Runs an example as a user would: a process of its own, here without any key. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Finished {
  readonly code: number
  readonly output: string
  readonly errors: string
  /** Milliseconds. */
  readonly took: number
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LOCAL = /^(?!.*(_API_KEY|_BASE_URL)$)(?!LOCAL_LLM_)(?!RAPTORFLOW_)/

/** @param extra environment variables beside those that name no key and no address */
export function runExample(
  file: string,
  extra: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Finished> {
  const kept = Object.entries(process.env).filter(([name]) => LOCAL.test(name))
  const started = performance.now()
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', '--unhandled-rejections=strict', `examples/${file}`, ...args],
      { cwd: ROOT, env: { ...Object.fromEntries(kept), ...extra }, timeout: 50_000 },
      (_error, output, errors) => {
        const took = performance.now() - started
        // No code: killed after the time limit.
        resolve({ code: child.exitCode ?? -1, output, errors, took })
      },
    )
  })
}

/** The rows of the quickstart's table by their labels. */
export function tableOf(output: string): ReadonlyMap<string, readonly [string, string]> {
  const rows = output.matchAll(/^ {3}(\S.*?) {2,}(\S.*?) {2,}(\S.*)$/gm)
  return new Map(
    [...rows].map(([, label = '', here = '', direct = '']) => [label, [here, direct]] as const),
  )
}

/** `1,234`, `$0.12`, `12.3 %` and `4.5 ms` as a number. */
export function numberIn(text: string | undefined): number {
  return Number((text ?? 'missing').replace(/[$,]|( (%|ms))$/g, ''))
}
