/** One TypeScript program over the source and all code blocks of the pages. */
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT, codeBlocks, type CodeBlock } from './markdown.js'

/** Blocks may leave out how a client is made. */
const GLOBALS = `
import type { InferenceClient } from 'raptorflow'
declare global { const client: InferenceClient }
`

/** Beside the source, so that packages resolve; nothing is written there. */
const FOLDER = join(ROOT, 'docs/__snippets__')

const files = new Map<string, CodeBlock>(
  codeBlocks.map((block, index) => [join(FOLDER, `${String(index)}.ts`), block]),
)
const virtual = new Map<string, string>([
  [join(FOLDER, 'globals.ts'), GLOBALS],
  ...[...files].map(([file, { code }]): [string, string] => [file, `${code}\nexport {}\n`]),
])

function options(): ts.CompilerOptions {
  const path = join(ROOT, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown }
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options
  return {
    ...parsed,
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: {
      raptorflow: [join(ROOT, 'src/index.ts')],
      'raptorflow/providers/*': [join(ROOT, 'src/features/providers/*.ts')],
      'raptorflow/cache/*': [join(ROOT, 'src/features/cache/*-tier.ts')],
      'raptorflow/embedders/openai': [join(ROOT, 'src/features/providers/openai-embedder.ts')],
      'raptorflow/embedders/local': [join(ROOT, 'src/features/semantic/local-embedder.ts')],
      'raptorflow/testing': [join(ROOT, 'src/testing/index.ts')],
    },
  }
}

export function createSnippetProgram(): ts.Program {
  const compilerOptions = options()
  const host = ts.createCompilerHost(compilerOptions)
  const onDisk = {
    fileExists: host.fileExists.bind(host),
    readFile: host.readFile.bind(host),
    getSourceFile: host.getSourceFile.bind(host),
  }
  host.fileExists = (file) => virtual.has(file) || onDisk.fileExists(file)
  host.readFile = (file) => virtual.get(file) ?? onDisk.readFile(file)
  host.getSourceFile = (file, target, ...rest) => {
    const text = virtual.get(file)
    if (text === undefined) return onDisk.getSourceFile(file, target, ...rest)
    return ts.createSourceFile(file, text, target, true)
  }
  return ts.createProgram([...virtual.keys(), join(ROOT, 'src/index.ts')], compilerOptions, host)
}

/** What the compiler has to say about the blocks, each as `page:line: message`. */
export function snippetErrors(program: ts.Program): string[] {
  return [...files].flatMap(([file, block]) => {
    const source = program.getSourceFile(file)
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    return found.map(({ start = 0, messageText }) => {
      const line = block.line + (source?.getLineAndCharacterOfPosition(start).line ?? 0)
      return `${block.path}:${String(line)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  })
}

/** The public property names of an exported interface, type or class of the package. */
export function membersOf(program: ts.Program, name: string): string[] {
  const checker = program.getTypeChecker()
  const entry = program.getSourceFile(join(ROOT, 'src/index.ts'))
  const module = entry && checker.getSymbolAtLocation(entry)
  const found = module && checker.getExportsOfModule(module).find((each) => each.name === name)
  if (!found) throw new Error(`Expected raptorflow to export ${name}, got nothing`)
  const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
  return checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .map((property) => property.name)
    .filter((property) => !/^(?:__|#)/.test(property))
}
