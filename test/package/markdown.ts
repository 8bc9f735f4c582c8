/** The repository's Markdown pages and what is in them. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Page {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly text: string
}

export interface CodeBlock {
  readonly path: string
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly code: string
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
}

export const pages: readonly Page[] = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...markdownIn('docs'),
  ...markdownIn('examples'),
].map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

export function pageAt(path: string): Page {
  const page = pages.find((each) => each.path === path)
  if (!page) throw new Error(`Expected a page ${path}, got none`)
  return page
}

/** The ```ts blocks of all pages. */
export const codeBlocks: readonly CodeBlock[] = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    path,
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1] ?? '',
  })),
)

/** Without code, in which brackets are no links. */
export function prose({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '`code`')
}

/** The anchors of its headings, as GitHub makes them. */
export function anchors({ text }: Page): ReadonlySet<string> {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
