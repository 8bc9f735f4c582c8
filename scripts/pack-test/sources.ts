/** What the pack test makes of the README and of package.json's exports. */

/** The first TypeScript block of a Markdown text. */
export function firstBlock(markdown: string): string {
  const block = /^```ts\n([\s\S]*?)^```$/m.exec(markdown)?.[1]
  if (block === undefined) throw new Error('Expected the README to have a ```ts block, got none')
  return block
}

/** `import { a } from 'b'` becomes `const { a } = require('b')`; nothing else changes. */
export function toCommonJs(source: string): { readonly requires: string; readonly body: string } {
  const requires: string[] = []
  const body = source.replace(
    /^import (\{[^}]*\}) from ('[^']+')$/gm,
    (_, names: string, from: string) => {
      requires.push(`const ${names.replace(/ as /g, ': ')} = require(${from})`)
      return ''
    },
  )
  if (/^import /m.test(body)) throw new Error('Expected only `import { … } from`, got another form')
  return { requires: requires.join('\n'), body: body.trim() }
}

/** The import paths of all code entries. */
export function subpathsOf(exports: object): readonly string[] {
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => `raptorflow${path.slice(1)}`)
}
