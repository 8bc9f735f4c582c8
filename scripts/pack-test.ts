/**
 * `npm run check:pack`, after a build: installs the packed tarball into an empty project and uses it
 * there as a reader of the README would, from ESM, CommonJS and Jest, under two kinds of resolution.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as testing from '../src/testing/index.js'
import manifest from '../package.json' with { type: 'json' }
import { firstBlock, subpathsOf, toCommonJs } from './pack-test/sources.js'

const ROOT = join(import.meta.dirname, '..')
const STEP_MS = 110_000
const ANSWER = 'Paris, says the fake vendor.'

type Testing = typeof testing

const project = mkdtempSync(join(tmpdir(), 'raptorflow-pack-'))
const inProject = (...path: string[]): string => join(project, ...path)

interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** What a command printed. @throws Error with it when the command fails or takes too long */
async function run(
  command: string,
  args: readonly string[],
  { cwd = project, env = {} }: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STEP_MS,
    shell: process.platform === 'win32',
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code === 0) return output
  throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}:\n${output}`)
}

const node = (file: string, env = {}): Promise<string> => run(process.execPath, [file], { env })
const binary = (path: string, args: readonly string[], env = {}): Promise<string> =>
  run(process.execPath, [inProject('node_modules', path), ...args], { env })

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    const result = await work()
    console.log(`ok      ${title} (${((performance.now() - started) / 1_000).toFixed(1)} s)`)
    return result
  } catch (error) {
    console.log(`FAILED  ${title}`)
    throw error
  }
}

function write(name: string, text: string): void {
  writeFileSync(inProject(name), text)
}

async function pack(): Promise<string> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const output = await run('npm', args, { cwd: ROOT })
  const name = /"filename":\s*"([^"]+)"/.exec(output)?.[1]
  if (name === undefined) throw new Error(`npm pack named no file:\n${output}`)
  return inProject(name)
}

async function install(tarball: string): Promise<void> {
  const { openai, typescript, '@types/node': types } = manifest.devDependencies
  write('package.json', JSON.stringify({ name: 'reader', private: true, type: 'module' }))
  const wanted = [`openai@${openai}`, `typescript@${typescript}`, `@types/node@${types}`, 'jest@30']
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']
  await run('npm', ['install', ...flags, tarball, ...wanted])
}

/** The README's first block, as it stands and mechanically turned into CommonJS. */
function writeReaderFiles(): void {
  const block = firstBlock(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  const { requires, body } = toCommonJs(block)
  write('readme.ts', block)
  write('readme.mjs', block)
  write('readme.cjs', `${requires}\n;(async () => {\n${body}\n})()\n`)
  write('readme.test.cjs', `${requires}\ntest('the README', async () => {\n${body}\n})\n`)
  write('jest.config.cjs', "module.exports = { testMatch: ['**/*.test.cjs'], injectGlobals: true }")
}

const SUBPATHS = subpathsOf(manifest.exports)

/** Every entry in both formats, their equal names, and one error class across them. */
const FORMATS = `
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
for (const path of ${JSON.stringify(SUBPATHS)}) {
  const names = (entry) => Object.keys(entry).filter((name) => name !== 'default').sort()
  const esm = names(await import(path))
  assert.ok(esm.length > 0, path)
  assert.deepEqual(names(require(path)), esm, path)
}
const esm = await import('raptorflow')
const cjs = require('raptorflow')
assert.notEqual(esm.RaptorflowError, cjs.RaptorflowError)
for (const [here, there] of [[esm, cjs], [cjs, esm]]) {
  let error
  try { new there.InferenceClient({}) } catch (thrown) { error = thrown }
  assert.ok(!(error instanceof here.RaptorflowError))
  assert.ok(here.RaptorflowError.isInstance(error))
  assert.equal(error.details.reason, 'configuration')
  assert.ok(here.ProviderError.isInstance(new there.ProviderError({ status: 500 })))
}
const { anthropic } = await import('raptorflow/providers/anthropic')
const client = new esm.InferenceClient({ providers: [anthropic({ apiKey: 'none' })], defaultModel: 'claude-haiku-4-5' })
const failed = await client.infer('Hello').then(() => undefined, (error) => error)
assert.equal(failed.code, 'PROVIDER_UNAVAILABLE')
assert.equal(failed.details.reason, 'package_missing')
await client.close()
`

/** Their declarations name types of a package that is not installed here. */
const NEED_VENDOR_TYPES = [
  'raptorflow/providers/anthropic',
  'raptorflow/providers/google',
  'raptorflow/cache/redis',
]

function importing(paths: readonly string[]): string {
  const names = paths.map((_, index) => `entry${String(index)}`)
  const imports = paths.map((path, index) => `import * as entry${String(index)} from '${path}'\n`)
  return `${imports.join('')}export const entries = [${names.join(', ')}]\n`
}

function writeTypeFiles(): void {
  const alone = SUBPATHS.filter((path) => !NEED_VENDOR_TYPES.includes(path))
  for (const extension of ['ts', 'cts']) {
    write(`entries.${extension}`, importing(SUBPATHS))
    write(`alone.${extension}`, importing(alone))
  }
  const shared = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: 'es2022' }
  const config = (name: string, files: readonly string[], options: object): void => {
    const compilerOptions = { ...shared, lib: ['es2022'], types: ['node'], ...options }
    write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions, files }))
  }
  const node16 = { module: 'node16', moduleResolution: 'node16' }
  const bundler = { module: 'esnext', moduleResolution: 'bundler' }
  const all = { skipLibCheck: true }
  config('node16', ['readme.ts', 'entries.ts', 'entries.cts'], { ...node16, ...all })
  config('bundler', ['readme.ts', 'entries.ts'], { ...bundler, ...all })
  config('declarations', ['alone.ts', 'alone.cts'], node16)
}

const tsc = (config: string): Promise<string> => binary('typescript/bin/tsc', ['-p', config])

async function main(): Promise<void> {
  console.log(`Packing, installing and using the package in ${project}`)
  const tarball = await step('npm pack', pack)
  await step('npm install: the tarball, openai, typescript, jest', () => install(tarball))
  writeReaderFiles()
  writeTypeFiles()
  await step('types under node16 resolution', () => tsc('tsconfig.node16.json'))
  await step('types under bundler resolution', () => tsc('tsconfig.bundler.json'))
  await step('the declarations themselves', () => tsc('tsconfig.declarations.json'))
  write('formats.mjs', FORMATS)
  await step(`${String(SUBPATHS.length)} entries from ESM and CommonJS, one error class`, () =>
    node('formats.mjs'),
  )
  const entry = inProject('node_modules/raptorflow/dist/testing/index.js')
  const { fakeVendors } = (await import(pathToFileURL(entry).href)) as Testing
  await using vendors = await fakeVendors({ answer: ANSWER })
  const env = { OPENAI_API_KEY: vendors.openai.apiKey, OPENAI_BASE_URL: vendors.openai.baseURL }
  const readme = async (title: string, work: () => Promise<string>): Promise<void> => {
    const before = vendors.hits('openai')
    await step(`the README's first block ${title}`, async () => {
      const output = await work()
      const priced = /\b0\.0+\d+/.test(output)
      if (output.includes(ANSWER) && priced && vendors.hits('openai') === before + 1) return
      throw new Error(`Expected one call, its answer and its cost in USD, got:\n${output}`)
    })
  }
  await readme('as ESM', () => node('readme.mjs', env))
  await readme('as CommonJS', () => node('readme.cjs', env))
  await readme('under Jest', () => binary('jest/bin/jest.js', ['--ci'], env))
}

try {
  await main()
  console.log('The packed package works.')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true, maxRetries: 3 })
}
