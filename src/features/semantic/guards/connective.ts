/** Guard: `A or B` is not `A and B`. */
import type { ConnectiveFeatures } from './text-features.js'
import type { Word } from './words.js'

export function readConnectives(words: readonly Word[]): ConnectiveFeatures {
  let ands = 0
  let ors = 0
  for (const { text } of words) {
    if (text === 'and') ands += 1
    else if (text === 'or' || text === 'nor') ors += 1
  }
  return { ands, ors }
}

/** A connective more or less is wording; one in the place of the other is another question. */
export const connectivesDiffer = (a: ConnectiveFeatures, b: ConnectiveFeatures): boolean =>
  (a.ors - b.ors) * (a.ands - b.ands) < 0
