/** `npm run check`: every check in turn, each with its name, time and verdict. */
import { spawnSync } from 'node:child_process'

const CHECKS = [
  ['format', 'check:format'],
  ['lint', 'check:lint'],
  ['types', 'check:types'],
  ['layers', 'check:layers'],
  ['unused code', 'check:unused'],
  ['tests', 'test'],
  ['build', 'build'],
  ['package', 'check:package'],
  ['packed package', 'check:pack'],
] as const

const withoutTests = process.argv.includes('--without-tests')
const failed: string[] = []

for (const [name, script] of CHECKS) {
  if (withoutTests && script === 'test') continue
  console.log(`\n== ${name} (npm run ${script})`)
  const started = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  console.log(`== ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${seconds} s`)
  if (status !== 0) failed.push(name)
}

console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
