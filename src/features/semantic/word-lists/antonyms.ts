/** Opposites among content words, by stem. */
import { once } from '../../../util/once.js'
import { ANTONYM_ROWS } from './antonym-rows.js'

/** Both directions of every pair. */
export const antonyms = once(() => {
  const pairs = new Map<string, Set<string>>()
  const add = (from: string, to: string): void => {
    const known = pairs.get(from)
    if (known === undefined) pairs.set(from, new Set([to]))
    else known.add(to)
  }
  for (const row of ANTONYM_ROWS.split(';')) {
    const [one = '', others = ''] = row.trim().split(':')
    for (const other of others.split(' ')) {
      add(one, other)
      add(other, one)
    }
  }
  return pairs
})
