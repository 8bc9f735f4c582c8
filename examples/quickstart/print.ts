/** Plain output that reads well at 80 columns, on a terminal and in a log file. */
import { SingleBar } from 'cli-progress'

const WIDTH = 78
const INDENT = '   '

export function heading(title: string): void {
  console.log(`\n${title}\n${'-'.repeat(title.length)}`)
}

/** One or more lines, wrapped at words. */
export function say(text = ''): void {
  const writer = wordWrapper()
  writer.write(text)
  writer.end()
}

interface Wrapper {
  /** A piece of text, of any size: words may be cut anywhere. */
  write(piece: string): void
  end(): void
}

/** Writes text as it arrives; only the last word of a piece waits for the rest of it. */
export function wordWrapper(): Wrapper {
  let column = 0
  let pending = ''
  const put = (word: string): void => {
    if (word === '') return
    if (column > 0 && column + 1 + word.length > WIDTH) {
      process.stdout.write('\n')
      column = 0
    }
    const lead = column === 0 ? INDENT : ' '
    process.stdout.write(lead + word)
    column += lead.length + word.length
  }
  return {
    write(piece) {
      const words = (pending + piece).split(/\s+/)
      pending = words.pop() ?? ''
      words.forEach(put)
    },
    end() {
      put(pending)
      process.stdout.write('\n')
    },
  }
}

export interface Progress {
  update(done: number): void
  /** Something that happened on the way. */
  note(text: string): void
  end(): void
}

/** A bar on a terminal; elsewhere a line at each quarter. */
export function progressOf(total: number): Progress {
  return process.stdout.isTTY ? barOf(total) : linesOf(total)
}

function barOf(total: number): Progress {
  const bar = new SingleBar({
    stream: process.stdout,
    format: `${INDENT}[{bar}] {value} of {total}  {note}`,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    barsize: 32,
    hideCursor: true,
    gracefulExit: true,
  })
  bar.start(total, 0, { note: '' })
  return {
    update: (done) => {
      bar.update(done)
    },
    note: (note) => {
      bar.update({ note })
    },
    end: () => {
      bar.stop()
    },
  }
}

function linesOf(total: number): Progress {
  let quarters = 0
  return {
    update: (done) => {
      const reached = Math.floor((done / total) * 4)
      if (reached <= quarters) return
      quarters = reached
      say(`${count(done)} of ${count(total)} answered`)
    },
    note: say,
    end: () => undefined,
  }
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** @param value null where the price is unknown */
export function usd(value: number | null): string {
  if (value === null) return 'unknown'
  return `$${value < 0.01 ? Number(value.toFixed(6)) : value.toFixed(4)}`
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`
}

export function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)} %`
}
