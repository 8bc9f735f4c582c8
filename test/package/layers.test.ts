/** The layer check: it passes what the map of rooms allows and names every planted fault. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const CONFIG = join(ROOT, '.dependency-cruiser.cjs')
const CLI = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')

const PACKAGES = ['openai', '@anthropic-ai/sdk', '@google/genai', 'lru-cache', 'left-pad']

/** A small tree that keeps every rule; each entry is one file. */
const SOUND: Readonly<Record<string, string>> = {
  'src/index.ts': "export { client } from './client.js'",
  'src/client.ts': "export { compose as client } from './compose.js'",
  'src/compose.ts':
    "import './jobs/batch.js'\nimport './features/cache/tier.js'\nimport './features/providers/openai-client.js'\nexport const compose = 1",
  'src/jobs/batch.ts': "import '../pipeline/run.js'\nexport const batch = 1",
  'src/pipeline/run.ts': "import '../features/cache/stack.js'\nexport const run = 1",
  'src/features/cache/stack.ts':
    "import '../../util/id.js'\nimport './tier.js'\nexport const s = 1",
  'src/features/cache/tier.ts': "import 'lru-cache'\nexport const t = 1",
  'src/features/providers/openai-client.ts':
    "import type { T } from 'openai'\nexport const load = (): Promise<T> => import('openai')",
  'src/util/id.ts': "import type { Id } from '../contracts/id.js'\nexport const id: Id = 1",
  'src/util/egg.ts': "import './id.js'\nexport const egg = 1",
  'src/util/hen.ts': "import './egg.js'\nexport const hen = 1",
  'src/contracts/id.ts': "import type { E } from '../errors.js'\nexport type Id = number | E",
  'src/errors.ts': 'export type E = 1',
  'src/testing/clock.ts': "import '../util/id.js'\nexport const clock = 1",
}

/** What goes wrong, the file it is planted in, and the rule that must name it. */
const FAULTS: readonly (readonly [fault: string, file: string, source: string, rule: string])[] = [
  [
    'a feature that imports the pipeline',
    'src/features/cache/up.ts',
    "import '../../pipeline/run.js'",
    'features-imports-upwards',
  ],
  [
    'a type taken from a higher room',
    'src/util/up.ts',
    "import type { run } from '../pipeline/run.js'\nexport type R = typeof run",
    'util-imports-upwards',
  ],
  [
    'a feature that imports another feature',
    'src/features/budget/bridge.ts',
    "import '../cache/stack.js'",
    'features-are-islands',
  ],
  ['two files that import each other', 'src/util/egg.ts', "import './hen.js'", 'no-cycles'],
  [
    'a vendor package loaded elsewhere',
    'src/pipeline/vendor.ts',
    "export const load = () => import('@anthropic-ai/sdk')",
    'one-home-for-anthropic-ai-sdk',
  ],
  [
    "another provider's vendor package",
    'src/features/providers/anthropic.ts',
    "export const load = () => import('@google/genai')",
    'one-home-for-google-genai',
  ],
  [
    "a vendor's types outside its adapter",
    'src/pipeline/types.ts',
    "import type { T } from 'openai'\nexport type U = T",
    'types-of-openai-stay-home',
  ],
  [
    'a vendor package loaded at import',
    'src/features/providers/openai-client.ts',
    "import 'openai'",
    'loaded-on-first-use-only',
  ],
  [
    'a package nobody gave a home',
    'src/util/pad.ts',
    "import 'left-pad'",
    'no-package-without-a-home',
  ],
  [
    'a contract with run-time code behind it',
    'src/contracts/eager.ts',
    "import '../errors.js'",
    'contracts-hold-types-only',
  ],
  [
    'test helpers in the client',
    'src/compose.ts',
    "import './testing/clock.js'",
    'testing-stays-apart',
  ],
  [
    'a room that is not on the map',
    'src/helpers/misc.ts',
    "import '../util/id.js'",
    'no-file-outside-the-rooms',
  ],
  ['an import of nothing', 'src/util/lost.ts', "import './gone.js'", 'no-unresolvable-import'],
  ['a file nobody imports', 'src/util/alone.ts', 'export const alone = 1', 'no-orphans'],
]

interface Violation {
  readonly from: string
  readonly rule: { readonly name: string }
}

const project = mkdtempSync(join(tmpdir(), 'raptorflow-layers-'))

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
}

function violations(): readonly Violation[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, 'src', '--config', CONFIG, '--output-type', 'json'],
    { cwd: project, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 },
  )
  if (stdout === '') throw new Error(`dependency-cruiser said nothing: ${stderr}`)
  const report = JSON.parse(stdout) as { summary: { violations: readonly Violation[] } }
  return report.summary.violations
}

beforeAll(() => {
  const manifest = (name: string): string => JSON.stringify({ name, main: 'index.js' })
  write({
    'tsconfig.json':
      '{ "compilerOptions": { "module": "NodeNext", "moduleResolution": "NodeNext" } }',
    'package.json': JSON.stringify({
      type: 'module',
      dependencies: Object.fromEntries(PACKAGES.map((name) => [name, '*'])),
    }),
  })
  for (const name of PACKAGES) {
    write({
      [`node_modules/${name}/package.json`]: manifest(name),
      [`node_modules/${name}/index.js`]: 'module.exports = {}',
      [`node_modules/${name}/index.d.ts`]: 'export type T = 1',
    })
  }
  write(SOUND)
})

afterAll(() => {
  rmSync(project, { recursive: true, force: true })
})

test('a tree that keeps the rules passes, and every planted fault is named by its rule', () => {
  expect(violations()).toEqual([])

  for (const [, file, source] of FAULTS) {
    write({ [file]: SOUND[file] === undefined ? source : `${SOUND[file]}\n${source}` })
  }
  const found = violations().map(({ from, rule }) => `${from}: ${rule.name}`)
  const expected = FAULTS.map(([, file, , rule]) => `${file}: ${rule}`)
  expect(expected.filter((violation) => !found.includes(violation))).toEqual([])
}, 60_000)
