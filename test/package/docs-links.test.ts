/** Links between the pages, and to files of the repository. */
import { existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, anchors, pages, prose } from './markdown.js'

interface Link {
  readonly from: string
  readonly target: string
}

const links: readonly Link[] = pages.flatMap((page) =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({
    from: page.path,
    target,
  })),
)

function problemOf({ from, target }: Link): string | undefined {
  if (/^https:\/\//.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : posix.join(dirname(from), path)
  if (!existsSync(join(ROOT, file))) return `${from} links to ${target}, which does not exist`
  const page = pages.find((each) => each.path === file)
  if (anchor === undefined || (page && anchors(page).has(anchor))) return undefined
  return `${from} links to ${target}, but ${file} has no such heading`
}

test('every link of the pages leads to a file or a heading that exists', () => {
  expect(links.length).toBeGreaterThan(40)
  expect(links.flatMap((link) => problemOf(link) ?? [])).toEqual([])
})

test('every page of docs/, or its folder, is linked from another page', () => {
  const linked = new Set(
    links.map(({ from, target }) => posix.join(dirname(from), target.split('#')[0] ?? '')),
  )
  const unlinked = pages.filter(
    ({ path }) => path.startsWith('docs/') && !linked.has(path) && !linked.has(`${dirname(path)}/`),
  )
  expect(unlinked.map(({ path }) => path)).toEqual([])
})
