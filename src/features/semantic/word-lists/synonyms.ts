/** Words of one meaning, by stem. */
import { once } from '../../../util/once.js'
import { SYNONYM_ROWS } from './synonym-rows.js'

/** Of every stem the groups it is in. */
export const synonymGroups = once(() => {
  const groups = new Map<string, (readonly string[])[]>()
  for (const row of SYNONYM_ROWS.split(';')) {
    const group = row.trim().split(' ')
    for (const word of group) {
      const known = groups.get(word)
      if (known === undefined) groups.set(word, [group])
      else known.push(group)
    }
  }
  return groups
})
