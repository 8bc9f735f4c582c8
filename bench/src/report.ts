/** What a group of measurements reports, and how it is printed. */
import { median, quantile, type Round, type Rounds } from './timing.js'

type Column = keyof Round

/** Microseconds per operation: the medians over the rounds. */
interface Line extends Round {
  readonly name: string
}

/** One number that has a target. */
export interface Finding {
  readonly metric: string
  readonly measured: number
  /** The middle half of the rounds; undefined for what is counted, not timed. */
  readonly spread?: readonly [number, number] | undefined
  /** For instance `x`, `us`. */
  readonly unit: string
  /** Passed when the measured number is not larger. */
  readonly target: number
}

export interface Report {
  readonly title: string
  readonly lines: readonly Line[]
  readonly findings: readonly Finding[]
  readonly notes?: readonly string[] | undefined
}

export function linesOf(rounds: Rounds): Line[] {
  return [...rounds].map(([name, measured]) => ({
    name,
    p10: median(measured.map(({ p10 }) => p10)),
    median: median(measured.map((round) => round.median)),
    cpu: median(measured.map(({ cpu }) => cpu)),
  }))
}

/** A line of single readings, one a round. */
export function lineOf(name: string, wall: readonly number[], cpu: readonly number[]): Line {
  return { name, p10: quantile(wall, 0.1), median: median(wall), cpu: median(cpu) }
}

/** Each round compares its own two numbers, so that a busy moment of the machine hits both. */
export function ratioOf(
  rounds: Rounds,
  [ours, theirs]: readonly [string, string],
  column: Column,
  finding: { readonly metric: string; readonly target: number },
): Finding {
  const other = rounds.get(theirs) ?? []
  const ratios = (rounds.get(ours) ?? []).map(
    (round, index) => round[column] / (other[index]?.[column] ?? NaN),
  )
  return { ...finding, ...middle(ratios), unit: 'x' }
}

export function valueOf(
  rounds: Rounds,
  name: string,
  column: Column,
  finding: { readonly metric: string; readonly target: number },
): Finding {
  const values = (rounds.get(name) ?? []).map((round) => round[column])
  return { ...finding, ...middle(values), unit: 'us' }
}

export function middle(values: readonly number[]): Pick<Finding, 'measured' | 'spread'> {
  return { measured: median(values), spread: [quantile(values, 0.25), quantile(values, 0.75)] }
}

export function printReport({ title, lines, findings, notes = [] }: Report): void {
  console.log(`\n${title}`)
  if (lines.length > 0) console.log(row('', 'p10 us', 'median us', 'CPU us'))
  for (const { name, p10, median: mid, cpu } of lines) {
    console.log(row(name, digits(p10), digits(mid), digits(cpu)))
  }
  for (const note of notes) console.log(`  ${note}`)
  printFindings(findings)
}

export function printFindings(findings: readonly Finding[]): void {
  for (const { metric, measured, spread, unit, target } of findings) {
    const verdict = measured <= target ? 'PASS' : 'MISS'
    const range = spread ? `(${digits(spread[0])} to ${digits(spread[1])})` : ''
    const got = `${digits(measured)} ${unit} ${range}`.padEnd(28)
    console.log(`  ${verdict}  ${metric.padEnd(58)} ${got} target <= ${target} ${unit}`)
  }
}

function row(name: string, ...cells: string[]): string {
  return `  ${name.padEnd(40)}${cells.map((cell) => cell.padStart(12)).join('')}`
}

function digits(value: number): string {
  return Number.isInteger(value) || value >= 1_000 ? value.toFixed(0) : value.toPrecision(3)
}
