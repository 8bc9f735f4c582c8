/** The code in the pages compiles and runs, and the reference names everything there is. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../src/errors.js'
import { ROOT, codeBlocks, pageAt } from './markdown.js'
import { createSnippetProgram, membersOf, snippetErrors } from './snippet-program.js'

const program = createSnippetProgram()

test('every TypeScript block of the pages type-checks against the source', () => {
  expect(codeBlocks.length).toBeGreaterThan(40)
  expect(snippetErrors(program)).toEqual([])
}, 120_000)

describe('the reference names every', () => {
  const named = (page: string, name: string): boolean =>
    new RegExp(`\`${name}\\b`).test(pageAt(page).text)
  const missing = (page: string, names: readonly string[]): readonly string[] => {
    expect(names.length).toBeGreaterThan(0)
    return names.filter((name) => !named(page, name))
  }

  test.each([
    ['request field', 'InferenceRequest', 'docs/2.reference/request.md'],
    ['cache option of a request', 'CacheRequestOptions', 'docs/2.reference/request.md'],
    ['response field', 'InferenceResponse', 'docs/2.reference/response.md'],
    ['metadata field', 'ResponseMetadata', 'docs/2.reference/response.md'],
    ['field of an attempt', 'AttemptInfo', 'docs/2.reference/response.md'],
    ['client option', 'InferenceClientOptions', 'docs/2.reference/options.md'],
    ['cache option of the client', 'CacheClientOptions', 'docs/2.reference/options.md'],
    ['option of semantic matching', 'SemanticOptions', 'docs/2.reference/options.md'],
    ['warming option', 'WarmingOptions', 'docs/2.reference/options.md'],
    ['field of a level’s health', 'TierHealth', 'docs/2.reference/client.md'],
    ['field of semantic statistics', 'SemanticStats', 'docs/2.reference/client.md'],
    ['field of `cache`', 'CacheInfo', 'docs/2.reference/response.md'],
    ['member of an embedder', 'Embedder', 'docs/3.extend/embedder.md'],
    ['call option', 'BatchCallOptions', 'docs/2.reference/client.md'],
    ['method', 'InferenceClient', 'docs/2.reference/client.md'],
    ['event', 'ClientEvents', 'docs/2.reference/events.md'],
    ['field of a batch', 'BatchRequest', 'docs/1.guide/batching.md'],
    ['fact of a provider error', 'ProviderErrorFacts', 'docs/3.extend/provider.md'],
    ['member of a cache tier', 'CacheTier', 'docs/3.extend/cache-tier.md'],
  ])('%s', (_, type, page) => {
    expect(missing(page, membersOf(program, type))).toEqual([])
  })

  test('error code', () => {
    expect(missing('docs/2.reference/errors.md', ERROR_CODES)).toEqual([])
  })
})

describe('the blocks that assert something hold:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'raptorflow-docs-'))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const source = (path: string): string => `'${pathToFileURL(join(ROOT, 'src', path)).href}'`
  const againstSource = (code: string): string =>
    code
      .replaceAll("'raptorflow'", source('index.ts'))
      .replaceAll("'raptorflow/testing'", source('testing/index.ts'))
      .replaceAll(/'raptorflow\/(providers\/[a-z-]+)'/g, (_, path: string) =>
        source(`features/${path}.ts`),
      )

  const run = (file: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let output = ''
      const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: ROOT })
      child.stdout.on('data', (data: Buffer) => (output += data.toString()))
      child.stderr.on('data', (data: Buffer) => (output += data.toString()))
      child.on('error', reject)
      child.on('close', (code) => {
        resolve(code === 0 ? 'ok' : `exit ${String(code)}\n${output}`)
      })
    })

  const asserting = codeBlocks.filter(({ code }) => code.includes("from 'node:assert/strict'"))
  test.each(asserting.map((block) => [`${block.path}:${String(block.line)}`, block.code]))(
    '%s',
    async (name, code) => {
      const file = join(folder, `${name.replaceAll(/[^a-z0-9]/gi, '-')}.mts`)
      writeFileSync(file, againstSource(code))
      expect(await run(file)).toBe('ok')
    },
    60_000,
  )
})
