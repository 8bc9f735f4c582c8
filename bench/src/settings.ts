/** The command line. */
import { parseArgs } from 'node:util'
import type { Plan } from './timing.js'

export interface Settings {
  /** Fewer rounds: minutes become seconds, and noise counts for more. */
  readonly quick: boolean
  /** The one group to measure; undefined: all. */
  readonly only: string | undefined
}

export function readSettings(): Settings {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  return { quick: values.quick, only: values.only }
}

/** The same stretches, but a third of the rounds when in a hurry. */
export function planFor({ quick }: Settings, plan: Plan): Plan {
  return quick ? { ...plan, rounds: Math.max(3, Math.round(plan.rounds / 3)) } : plan
}
