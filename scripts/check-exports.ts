/**
 * Part of `npm run check:package`, after a build: package.json, tsup.config.ts and dist/ name the same
 * entries, nothing is loaded before it is needed, and every bundled package's licence is given.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { builtinModules, createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import tsupConfig from '../tsup.config.js'
import manifest from '../package.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const NOTICES = 'THIRD-PARTY-NOTICES.md'

type Conditions = Readonly<Record<'import' | 'require', Readonly<Record<string, string>>>>

const problems: string[] = []
const problem = (text: string): void => void problems.push(text)
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

function builtFiles(pattern: RegExp): readonly string[] {
  const all = existsSync(DIST) ? readdirSync(DIST, { recursive: true, encoding: 'utf8' }) : []
  return all.filter((file) => pattern.test(file))
}

/** `index` -> `.`, `testing/index` -> `./testing`, `providers/openai` -> `./providers/openai`. */
function subpathOf(entry: string): string {
  return entry === 'index' ? '.' : `./${entry.replace(/\/index$/, '')}`
}

function filesOf(entry: string): Conditions {
  const file = (extension: string): string => `./dist/${entry}${extension}`
  return {
    import: { types: file('.d.ts'), default: file('.js') },
    require: { types: file('.d.cts'), default: file('.cjs') },
  }
}

/** The modules a file loads as soon as it is loaded itself. */
function eagerImports(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  return source.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) {
      const specifier = statement.moduleSpecifier
      return specifier && ts.isStringLiteral(specifier) ? [specifier.text] : []
    }
    return requiresIn(statement)
  })
}

/** `require('…')` outside of any function. */
function requiresIn(node: ts.Node): string[] {
  if (ts.isFunctionLike(node)) return []
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const [argument] = node.arguments
    if (node.expression.text === 'require' && argument && ts.isStringLiteral(argument)) {
      return [argument.text]
    }
  }
  const found: string[] = []
  ts.forEachChild(node, (child) => {
    found.push(...requiresIn(child))
  })
  return found
}

/** The packages that `file` loads eagerly, through whatever chunks. */
function eagerPackages(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>()
  if (seen.has(file)) return packages
  seen.add(file)
  for (const specifier of eagerImports(file)) {
    if (specifier.startsWith('.')) {
      for (const name of eagerPackages(besides(file, specifier), seen)) packages.add(name)
    } else if (!builtinModules.includes(specifier.replace(/^node:/, ''))) {
      packages.add(packageOf(specifier))
    }
  }
  return packages
}

/** Declarations name each other by the files they declare. */
function besides(file: string, specifier: string): string {
  const path = join(dirname(file), specifier)
  return /\.d\.c?ts$/.test(file) ? path.replace(/\.(c?)js$/, '.d.$1ts') : path
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function checkEntries(): readonly string[] {
  const configs = [tsupConfig].flat() as readonly { entry?: Readonly<Record<string, string>> }[]
  const entries = configs[0]?.entry ?? {}
  if (configs.some(({ entry }) => JSON.stringify(entry) !== JSON.stringify(entries))) {
    problem('tsup.config.ts: the formats are built from different entries')
  }
  const declared: Readonly<Record<string, unknown>> = manifest.exports
  const expected = new Map(Object.keys(entries).map((entry) => [subpathOf(entry), filesOf(entry)]))
  for (const subpath of Object.keys(declared)) {
    if (!expected.has(subpath) && subpath !== './package.json') {
      problem(`package.json exports ${subpath}, which tsup.config.ts does not build`)
    }
  }
  for (const [subpath, files] of expected) {
    if (JSON.stringify(declared[subpath]) !== JSON.stringify(files)) {
      problem(`package.json: expected exports["${subpath}"] to be ${JSON.stringify(files)}`)
    }
    for (const file of [files.import, files.require].flatMap((each) => Object.values(each))) {
      if (!existsSync(join(ROOT, file))) problem(`${file} is not built. Run: npm run build`)
    }
  }
  return Object.keys(entries)
}

/** ESM loads declared dependencies at most; CJS only those that can be required everywhere. */
function checkEagerImports(entries: readonly string[]): void {
  const dependencies = Object.keys(manifest.dependencies)
  const require = createRequire(join(DIST, 'index.cjs'))
  const lazy = [
    ...Object.keys(manifest.peerDependencies),
    'gpt-tokenizer',
    '@pydantic/genai-prices',
  ]
  for (const entry of entries) {
    for (const extension of ['.js', '.cjs']) {
      const file = join(DIST, `${entry}${extension}`)
      if (!existsSync(file)) continue
      for (const name of eagerPackages(file)) {
        const where = `${relative(ROOT, file)} loads ${name} at once`
        if (lazy.includes(name)) problem(`${where}: it must wait for its first use`)
        else if (!dependencies.includes(name)) problem(`${where}, which is not a dependency`)
        else if (extension === '.cjs' && require.resolve(name).endsWith('.mjs')) {
          problem(`${where}, which cannot be required`)
        } else if (extension === '.cjs' && isModule(require.resolve(name))) {
          problem(`${where}, which is ESM only: Jest cannot require it. Bundle it`)
        }
      }
    }
  }
}

function isModule(file: string): boolean {
  return file.endsWith('.js') && /^\s*(import|export)\s/m.test(readFileSync(file, 'utf8'))
}

/** The core's types stand alone: whoever has no vendor package installed can still compile. */
function checkTypes(): void {
  for (const file of builtFiles(/^(index|testing.index)\.d\.c?ts$/)) {
    for (const name of eagerPackages(join(DIST, file))) {
      problem(`dist/${file} names types of ${name}`)
    }
  }
}

/** What is copied into dist/ keeps its licence. */
function checkNotices(): void {
  const notices = existsSync(join(ROOT, NOTICES)) ? read(NOTICES) : ''
  const bundled = new Set<string>()
  for (const file of builtFiles(/\.map$/)) {
    const { sources } = JSON.parse(read(`dist/${file}`)) as { sources: readonly string[] }
    for (const source of sources) {
      const inside = source.split('node_modules/').at(-1)
      if (inside !== undefined && inside !== source) bundled.add(packageOf(inside))
    }
  }
  for (const name of bundled) {
    if (!notices.includes(`## ${name}\n`))
      problem(`${NOTICES} does not give the licence of ${name}`)
  }
}

checkTypes()
const entries = checkEntries()
checkEagerImports(entries)
checkNotices()
for (const text of problems) console.error(`- ${text}`)
console.log(
  problems.length === 0 ? `exports: ${entries.length} entries, all true` : 'exports: FAILED',
)
process.exitCode = problems.length === 0 ? 0 : 1
