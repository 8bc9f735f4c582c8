/** What `import` costs: CPU time of fresh processes that do nothing else. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { lineOf, ratioOf, type Report } from './report.js'
import type { Settings } from './settings.js'
import { builtFile } from './subject.js'
import { shuffled, type Round } from './timing.js'

const run = promisify(execFile)

const SUBJECTS: Readonly<Record<string, string>> = {
  "import 'raptorflow'": `await import('${builtFile('index')}')`,
  "import 'raptorflow/providers/openai'": `await import('${builtFile('providers/openai')}')`,
  "require('raptorflow')": requiring(builtFile('index', 'cjs')),
  "import 'openai'": `await import('${import.meta.resolve('openai')}')`,
}

function requiring(url: string): string {
  return `import { createRequire } from 'node:module'; createRequire('${url}')('${new URL(url).pathname}')`
}

export async function measureImports({ quick }: Settings): Promise<Report[]> {
  const rounds = new Map<string, Round[]>(Object.keys(SUBJECTS).map((name) => [name, []]))
  for (let round = 0; round < (quick ? 7 : 21); round += 1) {
    for (const [name, code] of shuffled(Object.entries(SUBJECTS))) {
      rounds.get(name)?.push(await importOnce(code))
    }
  }
  const pair = ["import 'raptorflow'", "import 'openai'"] as const
  return [
    {
      title: 'import in a fresh process',
      lines: [...rounds].map(([name, measured]) =>
        lineOf(
          name,
          measured.map(({ median }) => median),
          measured.map(({ cpu }) => cpu),
        ),
      ),
      findings: [
        ratioOf(rounds, pair, 'cpu', { metric: 'import: CPU / importing openai', target: 0.5 }),
      ],
    },
  ]
}

/** Less what starting Node costs: only the import lies between the two readings. */
async function importOnce(code: string): Promise<Round> {
  const script = `const cpu = process.cpuUsage(); const wall = performance.now()
    ${code}
    const { user, system } = process.cpuUsage(cpu)
    console.log(JSON.stringify([user + system, performance.now() - wall]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
  const [cpu = NaN, ms = NaN] = JSON.parse(stdout) as number[]
  return { p10: ms * 1_000, median: ms * 1_000, cpu }
}
